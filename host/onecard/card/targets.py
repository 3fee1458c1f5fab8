"""Cards behind readers of a desk, as firmware/occard wants them: `uid`, `is_iso_dep`, `exchange`.

nfcpy drives a PN532 on a serial port, pyscard any PC/SC reader; both are there only if installed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Protocol, TypeVar

from ..errors import OneCardError

T = TypeVar("T")
_GET_UID = [0xFF, 0xCA, 0x00, 0x00, 0x00]  # PC/SC part 3: the reader answers, not the card


class CardReadError(OneCardError):
    """No reader, no card, or the card went away."""


class Target(Protocol):
    """uid: the card's, or b"". reset_answer: ATS or ATR. close() lets go of the reader."""

    uid: bytes
    reset_answer: bytes
    is_iso_dep: bool

    async def exchange(self, command: bytes, expected: int = 0) -> bytes: ...
    def close(self) -> None: ...


def drive(work: Coroutine[Any, Any, T]) -> T:
    """Run what occard does with a target to its end."""
    return asyncio.run(work)


class SerialTarget:
    """A card on a PN532 at a serial port, through nfcpy."""

    def __init__(self, port: str) -> None:
        try:
            import nfc
            from nfc.clf import RemoteTarget, pn532, transport
            from nfc.tag import activate
            from nfc.tag.tt4 import Type4TagCommandError
        except ImportError:
            raise CardReadError(
                "reading through a serial reader needs nfcpy", "pip install 'onecard[read]'"
            ) from None
        try:
            self._device = pn532.init(transport.TTY(port))
        except OSError as error:
            raise CardReadError(
                f"no PN532 answers at {port}: {error}",
                "is it switched to HSU (both switches off), and does nothing else use the port?",
            ) from error
        self._device._path = port
        clf = nfc.ContactlessFrontend()
        clf.device = self._device
        found = self._device.sense_tta(RemoteTarget("106A"))
        if found is None:
            found = self._device.sense_ttb(RemoteTarget("106B"))
        if found is None:
            self.close()
            raise CardReadError("no card on the reader", "lay one on it and try again")
        clf.target = found
        tag = activate(clf, found)
        self.is_iso_dep = tag is not None and tag.type == "Type4Tag"
        self.uid = bytes(found.sdd_res or found.sensb_res[1:5])
        self.reset_answer = b""  # nfcpy keeps no ATS
        self._tag, self._error = tag, Type4TagCommandError

    async def exchange(self, command: bytes, expected: int = 0) -> bytes:
        """One APDU. Raises CardReadError if the card is gone."""
        try:
            return bytes(self._tag.transceive(bytes(command)))
        except self._error as error:
            raise CardReadError("the card left the reader", "hold it still") from error

    def close(self) -> None:
        """Field off, port closed."""
        self._device.close()


class PcscTarget:
    """A card in or on a PC/SC reader whose name has `name` in it."""

    def __init__(self, name: str) -> None:
        try:
            from smartcard.Exceptions import CardConnectionException, NoCardException
            from smartcard.pcsc.PCSCExceptions import BaseSCardException
            from smartcard.System import readers
        except ImportError:
            raise CardReadError(
                "a PC/SC reader needs pyscard",
                "apt-get install python3-pyscard pcscd, or pip install pyscard",
            ) from None
        try:
            found = [reader for reader in readers() if name.lower() in str(reader).lower()]
        except BaseSCardException as error:
            raise CardReadError(f"PC/SC does not answer: {error}", "is pcscd running?") from error
        if not found:
            raise CardReadError(f"no PC/SC reader has {name!r} in its name", "see pcsc_scan -r")
        self._gone: tuple[type[Exception], ...] = (CardConnectionException, BaseSCardException)
        self._connection = found[0].createConnection()
        try:
            self._connection.connect()
        except (NoCardException, *self._gone) as error:
            raise CardReadError(f"no card on {found[0]}", "lay one on it and try again") from error
        self.reset_answer = bytes(self._connection.getATR())
        self.is_iso_dep = True
        uid, sw1, _ = self._connection.transmit(_GET_UID)
        self.uid = bytes(uid) if sw1 == 0x90 else b""

    async def exchange(self, command: bytes, expected: int = 0) -> bytes:
        """One APDU. Raises CardReadError if the card is gone."""
        try:
            data, sw1, sw2 = self._connection.transmit(list(command))
        except self._gone as error:
            raise CardReadError("the card left the reader", "hold it still") from error
        return bytes([*data, sw1, sw2])

    def close(self) -> None:
        """Let go of the card."""
        self._connection.disconnect()


def open_target(reader: str | None, pcsc: str | None) -> Target:
    """The target of one of the two options. Raises CardReadError."""
    makers: list[tuple[str | None, Callable[[str], Target]]] = [
        (reader, SerialTarget),
        (pcsc, PcscTarget),
    ]
    chosen = [(name, make) for name, make in makers if name is not None]
    if len(chosen) != 1:
        raise CardReadError("one of --reader PORT and --pcsc NAME is needed")
    name, make = chosen[0]
    assert name is not None
    return make(name)

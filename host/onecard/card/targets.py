"""Cards behind readers of a desk, as firmware/occard wants them: `uid`, `is_iso_dep`, `exchange`.

nfcpy drives a PN532 on a serial port, pyscard any PC/SC reader; both are there only if installed.
"""

from __future__ import annotations

import asyncio
import contextlib
import struct
import termios
from collections.abc import Coroutine
from typing import Any, Protocol, TypeVar

from ..errors import OneCardError

T = TypeVar("T")
_GET_UID = bytes.fromhex("FFCA000000")  # PC/SC part 3: the reader answers, not the card
_STORAGE_RID = bytes.fromhex("A000000306")  # in the ATR that a reader makes for a memory tag


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


def full_ats(ats: bytes) -> bytes:
    """An answer to select with all its interface bytes, TA(1), TB(1) and TC(1).

    nfcpy takes them all to be there. What the card leaves out has the standard's own value
    (ISO/IEC 14443-4, 5.2): 32-byte frames, 106 kbit/s, FWI 4, a CID. Raises CardReadError.
    """
    if not ats or ats[0] != len(ats):
        raise _cut_short()
    t0 = ats[1] if len(ats) > 1 else 0x02
    present = [bool(t0 & bit) for bit in (0x10, 0x20, 0x40)]
    if len(ats) > 1 and len(ats) < 2 + sum(present):
        raise _cut_short()
    at, values = 2, []
    for is_there, value in zip(present, (0x00, 0x40, 0x02), strict=True):
        values.append(ats[at] if is_there else value)
        at += is_there
    body = bytes([0x70 | t0 & 0x0F, *values]) + ats[at:]
    return bytes([len(body) + 1]) + body


def _cut_short() -> CardReadError:
    return CardReadError("the card's answer to select is cut short", "lay it on again")


class SerialTarget:
    """A card on a PN532 at a serial port, through nfcpy."""

    def __init__(self, port: str) -> None:
        try:
            import nfc
            from nfc.clf import pn53x, pn532, transport
            from nfc.tag import TagCommandError, tt4
        except ImportError:
            raise CardReadError(
                "reading through a serial reader needs nfcpy", "pip install 'onecard[read]'"
            ) from None
        # nfcpy looks into answers before it looks at their size: hence the last three.
        self._faults: tuple[type[Exception], ...] = (
            OSError, termios.error, nfc.clf.Error, pn53x.Chipset.Error,
            IndexError, ValueError, struct.error,
        )  # fmt: skip
        self._gone: type[Exception] = TagCommandError
        self.uid = self.reset_answer = b""
        self._front, self._tag = nfc.ContactlessFrontend(), None
        try:
            self._tty = transport.TTY(port)
        except self._faults as error:
            raise _no_pn532(port, error) from error
        try:
            self._front.device = pn532.init(self._tty)
        except self._faults as error:
            self.close()
            raise _no_pn532(port, error) from error
        self._front.device._path = port
        try:
            self._find(nfc.clf.RemoteTarget, pn53x.Device.sense_ttb, tt4.activate)
        except self._faults as error:
            self.close()
            raise CardReadError(
                f"the card is not understood: {type(error).__name__}", "lay it on again"
            ) from error
        except CardReadError:
            self.close()
            raise

    def _find(self, remote: Any, sense_ttb: Any, activate: Any) -> None:
        """Find one card of type A or B and start ISO/IEC 14443-4 if it has that."""
        front = self._front
        found = front.device.sense_tta(remote("106A"))
        # nfcpy expects that the chip gave a type B card DID 1; one without DID is asked second.
        found = found or front.device.sense_ttb(remote("106B"))
        found = found or sense_ttb(front.device, remote("106B"))
        if found is None:
            raise CardReadError("no card on the reader", "lay one on it and try again")
        is_a = found.sens_res is not None
        self.uid = bytes(found.sdd_res if is_a else found.sensb_res[1:5])
        self.is_iso_dep = not is_a or bool(found.sel_res[0] & 0x20)
        front.target = found
        if not self.is_iso_dep:
            return
        exchange = front.exchange

        def keep_ats(frame: bytes, timeout: float) -> Any:
            answer = exchange(frame, timeout)
            if frame[0] != 0xE0:  # RATS
                return answer
            self.reset_answer = bytes(answer)
            return bytearray(full_ats(self.reset_answer))

        if is_a:
            front.exchange = keep_ats
        self._tag = activate(front, found)
        front.exchange = exchange

    async def exchange(self, command: bytes, expected: int = 0) -> bytes:
        """One APDU. Raises CardReadError if the card or the reader is gone."""
        if self._tag is None:
            raise CardReadError("this card takes no commands")
        try:
            return bytes(self._tag.transceive(bytes(command)))
        except self._gone as error:
            raise CardReadError("the card left the reader", "hold it still") from error
        except self._faults as error:
            raise CardReadError("the reader went away", "is its cable plugged in?") from error

    def close(self) -> None:
        """Field off, port closed; nothing is said of a reader that is not there any more."""
        with contextlib.suppress(*self._faults):
            self._front.close()
        with contextlib.suppress(*self._faults):
            self._tty.close()


def _no_pn532(port: str, error: Exception) -> CardReadError:
    why = f": {error}" if isinstance(error, OSError) else ", but something else does"
    return CardReadError(
        f"no PN532 answers at {port}{why}",
        "is it switched to HSU (both switches off), and does nothing else use the port?",
    )


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
        self.is_iso_dep = _STORAGE_RID not in self.reset_answer
        try:
            uid = self._transmit(_GET_UID)
        except CardReadError:
            self.close()
            raise
        self.uid = uid[:-2] if uid[-2:] == b"\x90\x00" else b""

    async def exchange(self, command: bytes, expected: int = 0) -> bytes:
        """One APDU. Raises CardReadError if the card is gone."""
        return self._transmit(command)

    def _transmit(self, command: bytes) -> bytes:
        try:
            data, sw1, sw2 = self._connection.transmit(list(command))
        except self._gone as error:
            raise CardReadError("the card left the reader", "hold it still") from error
        return bytes([*data, sw1, sw2])

    def close(self) -> None:
        """Let go of the card; nothing is said of one that is not there any more."""
        with contextlib.suppress(*self._gone):
            self._connection.disconnect()

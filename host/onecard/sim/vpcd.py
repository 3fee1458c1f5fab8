"""A virtual card in vsmartcard's virtual PC/SC reader (vpcd): any PC/SC program sees it.

vpcd listens on TCP 35963 of the machine that runs pcscd; each message is two bytes of size and a
body. Bodies of one byte are orders of the reader: 00 power off, 01 power on, 02 reset, 04 give the
ATR; everything else is an APDU.
"""

from __future__ import annotations

import socket
import threading

from onecard.sim.cards.base import Card

PORT = 35963
_ORDERS, _ATR = (0x00, 0x01, 0x02), 0x04


def atr_of(ats: bytes) -> bytes:
    """The ATR that a PC/SC reader makes of a contactless card's ATS (PC/SC part 3, 3.1.3.2.3)."""
    history = _historical(ats)
    body = bytes([0x80 | len(history), 0x80, 0x01]) + history
    check = 0
    for byte in body:
        check ^= byte
    return b"\x3b" + body + bytes([check])


def _historical(ats: bytes) -> bytes:
    if len(ats) < 2:
        return b""
    interface = sum(1 for bit in (0x10, 0x20, 0x40) if ats[1] & bit)
    return ats[2 + interface :][:15]


class VpcdCard:
    """A context: `card` lies in the reader at host:port while it lasts. commands: APDUs seen."""

    def __init__(self, card: Card, host: str = "127.0.0.1", port: int = PORT) -> None:
        self._card, self._address = card, (host, port)
        self.commands: list[bytes] = []

    def __enter__(self) -> VpcdCard:
        self._socket = socket.create_connection(self._address, timeout=10)
        self._socket.settimeout(None)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)
        self._socket.close()

    def _serve(self) -> None:
        while (body := self._receive()) is not None:
            if body == bytes([_ATR]):
                self._send(atr_of(self._card.ats))
            elif len(body) == 1 and body[0] in _ORDERS:
                self._card.power_off()
            else:
                self.commands.append(body)
                self._send(self._card.process(body))

    def _receive(self) -> bytes | None:
        head = self._take(2)
        return None if head is None else self._take(int.from_bytes(head, "big"))

    def _take(self, size: int) -> bytes | None:
        data = b""
        while len(data) < size:
            try:
                part = self._socket.recv(size - len(data))
            except ConnectionResetError:  # pcscd has ended
                return None
            if not part:
                return None
            data += part
        return data

    def _send(self, body: bytes) -> None:
        self._socket.sendall(len(body).to_bytes(2, "big") + body)

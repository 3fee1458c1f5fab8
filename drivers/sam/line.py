"""The I/O wire of contact cards (ISO/IEC 7816-3 clause 7) on a UART whose TX and RX are joined.

What is needed of the port: 8 data bits, even and odd parity, 2 stop bits, any whole rate. RP2040
(PL011) and ESP32 do it: UART(n, 9600, bits=8, parity=0, stop=2, txbuf=256, rxbuf=512). Neither
stock port tells a wrong parity bit: rp2's driver reads the PL011's error bits and drops them,
ESP-IDF keeps them in an event queue that MicroPython does not show. A board that has a way to
know gives the UART object a method take_errors(): how many characters came with a wrong parity or
stop bit since the last call. Without it a flipped bit in a card's data is found by what stands
above (check bytes, MACs). No such UART can pull the wire low to ask for a repetition (7.3), nor
repeat a character for a card that asks: either ends the session with an error.
"""

import asyncio
import time

from micropython import const

from .base import ParityError, ProtocolError, SamTimeout

TYPE_CHECKING = const(0)
if TYPE_CHECKING:
    from ..kinds import CardUart, Data, Room
    from .iso7816 import Iso7816Slot

_EVEN, _ODD = const(0), const(1)  # machine.UART's numbers
_TX_SIZE = const(256)
_QUICK_LOOKS = const(8)  # 1.5 ms on RP2040: most characters follow the last within that
_SLACK_MS = const(5)  # a loop that is late, and a tick that is not a whole one
# 7.2: in T=0 at least 16 etu from a card's leading edge to ours; we hear of it at 10.5 at best.
_TURN_ETU = const(6)
_CHARACTER_ETU = const(13)  # 12, and the UART's own time to report one


def _inverted() -> bytes:
    """The inverse convention: each bit inverted, most significant first (8.1)."""
    table = bytearray(256)
    for byte in range(256):
        for bit in range(8):
            if not byte >> bit & 1:
                table[byte] |= 0x80 >> bit
    return bytes(table)


_INVERTED = _inverted()


class CardLine:
    """uart: machine.UART or alike: any(), readinto(), write(), init(baudrate, bits, parity, stop).

    One line serves any number of `slots`, one at a time: `owner` is the one that is on, `lock` is
    held while it works. guard_etu: what the card wants beyond 12 etu between our characters.
    first: the first character since clear(), as the UART read it, or -1.
    """

    def __init__(self, uart: "CardUart"):
        self._uart = uart
        self._take_errors = getattr(uart, "take_errors", None)
        self._rx = bytearray(64)
        self._at = self._end = 0
        self.first = -1
        self._tx = bytearray(_TX_SIZE)
        self._tx_view = memoryview(self._tx)
        self._baud = self.guard_etu = 0
        self._etu_us = 0.0
        self.is_inverse = False
        self.lock = asyncio.Lock()
        self.owner: "Iso7816Slot | None" = None
        self.slots: "list[Iso7816Slot]" = []

    def set_speed(self, baud: int, is_inverse: bool) -> None:
        """baud: bit/s. is_inverse: the convention."""
        if baud != self._baud or is_inverse != self.is_inverse:
            # An inverse character's levels are all the other way round: an odd sum of nine bits.
            parity = _ODD if is_inverse else _EVEN
            self._uart.init(baudrate=baud, bits=8, parity=parity, stop=2)
        self._baud, self.is_inverse = baud, is_inverse
        self._etu_us = 1000000 / baud
        self.clear()

    def clear(self) -> None:
        """Forget what has been received."""
        while self._take():
            pass
        if self._take_errors is not None:
            self._take_errors()
        self._at = self._end = 0
        self.first = -1

    def has_more(self) -> bool:
        """True if a received character waits to be read."""
        return self._at < self._end or self._uart.any() > 0

    def _take(self) -> int:
        """What has been received, and no more: a port's readinto waits for a whole buffer."""
        count = min(self._uart.any(), len(self._rx))
        self._at = 0
        self._end = (self._uart.readinto(self._rx, count) or 0) if count else 0
        return self._end

    async def _fill(self, timeout_ms: int) -> None:
        """Have at least one received character; what a late loop finds after the time counts."""
        start, looks = time.ticks_ms(), 0
        while not self._take():
            if time.ticks_diff(time.ticks_ms(), start) > timeout_ms:
                raise SamTimeout("no character in %d ms" % timeout_ms)
            looks += 1
            await asyncio.sleep_ms(1 if looks > _QUICK_LOOKS else 0)
        if self.first < 0:
            self.first = self._rx[0]
        if self._take_errors is not None and self._take_errors():
            raise ParityError("wrong parity from the card")

    async def read(self, into: "Room", at: int, count: int, timeout_ms: int) -> None:
        """Put `count` characters at into[at]; each has timeout_ms.

        Raises SamTimeout, ParityError.
        """
        end = at + count
        while at < end:
            while self._at >= self._end:
                await self._fill(timeout_ms)
            byte = self._rx[self._at]
            into[at] = _INVERTED[byte] if self.is_inverse else byte
            self._at += 1
            at += 1

    async def send(self, data: "Data", at: int, count: int) -> None:
        """Send data[at : at + count] (at most 256) and take its echo off the wire.

        Raises ProtocolError if another echo comes than what was sent, or none: noise, a card that
        sends at the same time or objects to a parity bit, TX and RX that are not joined.
        """
        for i in range(count):
            byte = data[at + i]
            self._tx[i] = _INVERTED[byte] if self.is_inverse else byte
        time.sleep_us(int(_TURN_ETU * self._etu_us))
        if self.has_more():
            raise ProtocolError("the card sends when it should listen")
        step = 1 if self.guard_etu else count
        for start in range(0, count, step):
            await self._put(start, step)
            if self.guard_etu and start + 1 < count:
                await self._pause(int((self.guard_etu + 2) * self._etu_us))

    async def quiet(self) -> None:
        """Wait for a character's time; raises ProtocolError if one comes."""
        await self._pause(int(_CHARACTER_ETU * self._etu_us))
        if self.has_more():
            raise ProtocolError("the card sends more than announced")

    async def _pause(self, pause_us: int) -> None:
        if pause_us < 2000:
            time.sleep_us(pause_us)
        else:
            await asyncio.sleep_ms(pause_us // 1000 + 1)

    async def _put(self, start: int, count: int) -> None:
        if self._uart.write(self._tx_view[start : start + count]) != count:
            raise ProtocolError("the UART's buffer does not take %d characters" % count)
        timeout_ms = int(_CHARACTER_ETU * count * self._etu_us / 1000) + _SLACK_MS
        try:
            for i in range(start, start + count):
                while self._at >= self._end:
                    await self._fill(timeout_ms)
                self._at += 1
                if self._rx[self._at - 1] != self._tx[i]:
                    raise ProtocolError("another echo than sent: noise, or TX and RX not joined")
        except SamTimeout:
            raise ProtocolError("no echo: TX and RX must be joined on the card's I/O")
        except ParityError:
            raise ProtocolError("the card objects to a parity bit, or noise")

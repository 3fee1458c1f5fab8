"""The three host links of the PN532: HSU, I2C and SPI (UM0701-02 6.2.3 to 6.2.5, data sheet 8.3).

A link wakes the chip, sends a frame and waits for the next one; what is in it is PN532's affair.
"""

import asyncio
import time

from micropython import const

from .base import LinkError
from .pn532_frame import ABORT_OR_ACK, GARBLED, MAX_FRAME, PARTIAL, Incoming

TYPE_CHECKING = const(0)
if TYPE_CHECKING:
    from ..kinds import Data, I2CStream, Irq, Room, SpeedPort, SPIStream, Switch

_WAKE_UP = b"\x55\x55" + bytes(14)
_RESET_BAUD = const(115200)
_FAST_BAUD = const(921600)
FAST_BAUD_CODE = const(7)  # UM0701-02 7.2.7

_I2C_ADDRESS = const(0x24)
_I2C_TRIES = const(5)  # a chip that sleeps does not acknowledge the first time
_READ_SIZE = const(40)  # bytes of a frame read at first on I2C, where a frame is read in one go
_READY = const(0x01)

_SPI_WRITE = const(0x01)
_SPI_STATUS = const(0x02)
_SPI_READ = const(0x03)
_HEAD_SIZE = const(6)

_GAP_MS = const(60)  # within a frame; bridges to USB hold bytes back for up to 16 ms
_WAKE_MS = const(3)  # data sheet: 2 ms from NSS or the address to the first byte
_SPINS = const(2)  # looks at once before a look each millisecond
_IRQ_LOOK_MS = const(20)  # how long an interrupt line is trusted to be connected

TIMED_OUT = const(-2)


class Link:
    """tx: buffer of the frame to send. incoming: what came; see Incoming."""

    wakes: "tuple[int, ...]" = (0,)  # ways to wake the chip, tried in this order
    can_raise = False
    is_raised = False

    def __init__(self) -> None:
        self.tx = bytearray(MAX_FRAME)
        self._tx = memoryview(self.tx)
        self.incoming = Incoming()
        self._deadline = 0

    async def wake(self, way: int) -> None:
        """Make the chip listen, in this way."""

    def send(self, size: int) -> None:
        """Send tx[:size]. Raises LinkError if the bus fails."""
        self.write(self._tx[:size])

    def write(self, frame: "Data") -> None:
        """Send a frame. Raises LinkError if the bus fails."""
        raise LinkError("no link")

    async def raise_speed(self) -> None:
        """Follow the chip, which has agreed to a higher speed."""

    def lower_speed(self) -> None:
        """Back to the speed after reset."""

    async def receive(self, timeout_ms: int, size: int = 0) -> int:
        """What the next frame is (see Incoming.look), or TIMED_OUT. size: of it, if known."""
        raise LinkError("no link")

    def _left_ms(self) -> int:
        return time.ticks_diff(self._deadline, time.ticks_ms())


class HsuLink(Link):
    """port: write(buf), `await read_into(view, timeout_ms) -> count`, set_baud(rate), clear().

    is_fast: raise the line to 921600 baud after waking (24 ms less for each purchase).
    """

    def __init__(self, port: "SpeedPort", is_fast: bool = True):
        super().__init__()
        self._port = port
        self.can_raise = is_fast
        self.wakes = (_RESET_BAUD, _FAST_BAUD, _RESET_BAUD)  # a chip keeps its speed if not reset
        self.is_raised = False

    async def wake(self, way: int) -> None:
        """At this speed: five rising edges, and then the time to wake up (data sheet 8.3.1)."""
        self._set_baud(way)
        self._port.write(_WAKE_UP)

    def _set_baud(self, rate: int) -> None:
        self._port.set_baud(rate)
        self.is_raised = rate == _FAST_BAUD

    def write(self, frame: "Data") -> None:
        """See Link.write. What was received before is thrown away."""
        self._port.clear()
        self.incoming.clear()
        self._port.write(frame)

    async def receive(self, timeout_ms: int, size: int = 0) -> int:
        """See Link.receive.

        What has come by the end of the time is taken all the same, once: a loop that was late
        must not resend a command whose answer lies there.
        """
        self._deadline = time.ticks_add(time.ticks_ms(), timeout_ms)
        incoming, is_late = self.incoming, False
        while True:
            state = incoming.look()
            if state != PARTIAL:
                return state
            left = max(0, self._left_ms())
            if incoming.is_begun():
                left = min(left, _GAP_MS)
            if not left:
                if is_late:
                    return TIMED_OUT
                is_late = True
            incoming.make_room()
            got = await self._port.read_into(incoming.view[incoming.count :], left)
            incoming.count += got
            if not got and incoming.is_begun():
                incoming.clear()
                return GARBLED

    async def raise_speed(self) -> None:
        """See Link.raise_speed. To 921600 baud: both switch after the host's ACK."""
        self._port.write(ABORT_OR_ACK)
        await asyncio.sleep_ms(2)
        self._set_baud(_FAST_BAUD)

    def lower_speed(self) -> None:
        """See Link.lower_speed. This line or chip cannot do more."""
        self.can_raise = False
        self._set_baud(_RESET_BAUD)


class BusLink(Link):
    """A bus on which the chip is asked whether it has a frame ready.

    irq: `await wait(timeout_ms)`, true once P70_IRQ has gone low; None to look each millisecond.
    """

    def __init__(self, irq: "Irq | None" = None):
        super().__init__()
        self._irq = irq

    def _is_ready(self) -> bool:
        raise LinkError("no link")

    def _read(self, size: int) -> int:
        """Read the frame that is ready into incoming; returns what it is."""
        raise LinkError("no link")

    async def receive(self, timeout_ms: int, size: int = 0) -> int:
        """See Link.receive."""
        self._deadline = time.ticks_add(time.ticks_ms(), timeout_ms)
        if not await self._wait_ready():
            return TIMED_OUT
        self.incoming.clear()
        return self._read(size)

    async def _wait_ready(self) -> bool:
        spins = _SPINS
        while True:
            if self._irq is not None:
                left = self._left_ms()
                if await self._irq.wait(max(0, min(left, _IRQ_LOOK_MS))):
                    return True
                if self._is_ready():
                    self._irq = None  # not connected: look for oneself from now on
                    return True
            elif self._is_ready():
                return True
            elif spins:
                spins -= 1
                continue
            if self._left_ms() <= 0:
                return self._is_ready()
            if self._irq is None:
                await asyncio.sleep_ms(1)


class I2cLink(BusLink):
    """i2c: machine.I2C or alike (writeto, readfrom_into), 400 kHz at most, with stretching."""

    def __init__(self, i2c: "I2CStream", irq: "Irq | None" = None, address: int = _I2C_ADDRESS):
        super().__init__(irq)
        self._i2c = i2c
        self._address = address
        self._status = bytearray(1)
        self._rx = memoryview(bytearray(MAX_FRAME + 1))
        self._again = 0  # bytes of a frame that was read in part

    async def wake(self, way: int) -> None:
        """Address it: it wakes, and acknowledges at once, stretching the clock, or when it has."""
        for _ in range(_I2C_TRIES):
            is_acknowledged = True
            try:
                self._i2c.readfrom_into(self._address, self._status)
            except OSError:
                is_acknowledged = False
            await asyncio.sleep_ms(_WAKE_MS)
            if is_acknowledged:
                return

    def write(self, frame: "Data") -> None:
        """See Link.write."""
        try:
            self._i2c.writeto(self._address, frame)
        except OSError as error:
            raise LinkError("PN532 does not acknowledge on I2C: %s" % error)

    def _is_ready(self) -> bool:
        try:
            self._i2c.readfrom_into(self._address, self._status)
        except OSError as error:
            raise LinkError("PN532 does not acknowledge on I2C: %s" % error)
        return bool(self._status[0] & _READY)

    def _read(self, size: int) -> int:
        """One transaction: the status byte, then the frame from its beginning.

        A frame that turns out longer is asked for again with NACK, by GARBLED, in full length.
        """
        incoming, size = self.incoming, self._again or size or _READ_SIZE
        try:
            self._i2c.readfrom_into(self._address, self._rx[: size + 1])
        except OSError as error:
            raise LinkError("PN532 does not answer on I2C: %s" % error)
        incoming.view[:size] = self._rx[1 : size + 1]
        incoming.count = size
        state = incoming.look()
        self._again = min(incoming.need, MAX_FRAME) if state == PARTIAL else 0
        return GARBLED if state == PARTIAL else state


class SpiLink(BusLink):
    """spi: machine.SPI or alike in mode 0, at most 5 MHz; cs: pin, active low.

    The PN532 has the least significant bit first. is_lsb_first: spi does too (firstbit=SPI.LSB, on
    an ESP32); else, as on an RP2040, bytes are turned round by a table.
    """

    def __init__(
        self,
        spi: "SPIStream",
        cs: "Switch",
        irq: "Irq | None" = None,
        is_lsb_first: bool = False,
    ):
        super().__init__(irq)
        self._spi = spi
        self._cs = cs
        turned = bytes(_turn(byte) for byte in range(256))
        self._turned = bytes(range(256)) if is_lsb_first else turned
        self._is_lsb_first = is_lsb_first
        self._out = memoryview(bytearray(MAX_FRAME + 1))
        self._two = bytearray(2)
        self._status = bytes((self._turned[_SPI_STATUS], 0))
        cs(1)

    async def wake(self, way: int) -> None:
        """NSS low for 2 ms wakes the chip."""
        self._cs(0)
        await asyncio.sleep_ms(_WAKE_MS)
        self._cs(1)

    def write(self, frame: "Data") -> None:
        """See Link.write."""
        out, end = self._out, len(frame) + 1
        out[0] = self._turned[_SPI_WRITE]
        if self._is_lsb_first:
            out[1:end] = frame
        else:
            _translate(out[1:end], frame, self._turned)
        self._cs(0)
        self._spi.write(out[:end])
        self._cs(1)

    def _is_ready(self) -> bool:
        self._cs(0)
        self._spi.write_readinto(self._status, self._two)
        self._cs(1)
        return self._two[1] == self._turned[_READY]  # a line with no chip on it reads 00 or FF

    def _read(self, size: int) -> int:
        """Head first, then as much as it says, under one chip select."""
        incoming = self.incoming
        self._cs(0)
        try:
            self._two[0] = self._turned[_SPI_READ]
            self._spi.write(memoryview(self._two)[:1])
            self._take(_HEAD_SIZE)
            state = incoming.look()
            while state == PARTIAL and incoming.need <= MAX_FRAME:
                self._take(incoming.need - incoming.count)
                state = incoming.look()
        finally:
            self._cs(1)
        return GARBLED if state == PARTIAL else state

    def _take(self, size: int) -> None:
        incoming = self.incoming
        end = incoming.count + size
        part = incoming.view[incoming.count : end]
        self._spi.readinto(part)
        if not self._is_lsb_first:
            _translate(part, part, self._turned)
        incoming.count = end


def _translate(into: "Room", data: "Data", table: bytes) -> None:
    index = 0
    for byte in data:
        into[index] = table[byte]
        index += 1


def _turn(byte: int) -> int:
    """The byte with its bits in reverse order."""
    out = 0
    for _ in range(8):
        out = out << 1 | byte & 1
        byte >>= 1
    return out

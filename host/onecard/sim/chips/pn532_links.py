"""The PN532's three host interfaces (UM0701-02 6.2.3 to 6.2.5, data sheet 8.3).

Choices where the manual leaves room, each as strange drivers need it:
- I2C and SPI give a frame from its beginning at each reading and have given it when that ends;
  a host that read too little asks for it again by NACK. Behind the frame come zeros.
- P70_IRQ is low from when a frame is ready until it has been read.
"""

from __future__ import annotations

from collections.abc import Callable

from onecard.sim.buses import I2cPart, Line, SpiPart, UartPart
from onecard.sim.chips.pn532 import PN532Chip
from onecard.sim.field import Field
from onecard.sim.timers import ROUNDING_US, Timers

_TURNED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


class PN532OnUart(UartPart):
    """HSU: a stream. chip: the PN532 behind it."""

    def __init__(self, field: Field, timers: Timers) -> None:
        self.chip = PN532Chip(field, lambda data, us: self.send(data, us), timers.now_us)

    @property
    def baud_rate(self) -> int:  # type: ignore[override]
        """See UartPart."""
        return self.chip.baud_rate

    def power_on(self) -> None:
        """See UartPart."""
        self.chip.power_on()

    def receive(self, data: bytes) -> None:
        """See UartPart."""
        self.chip.feed(data)


class _Frames:
    """Frames that wait to be fetched, each from the instant it is ready."""

    def __init__(self, field: Field, timers: Timers, wake: int, irq: Line | None) -> None:
        self._timers, self._irq = timers, irq
        self._queue: list[tuple[float, bytes]] = []
        self.chip = PN532Chip(field, self._put, timers.now_us, wake)

    def power_on(self) -> None:
        self._queue.clear()
        self.chip.power_on()
        self._drive()

    def _put(self, data: bytes, after_us: float) -> Callable[[], bool]:
        item = (self._timers.now_us() + after_us, data)
        self._queue.append(item)
        self._timers.after(after_us, self._drive)

        def cancel() -> bool:
            is_waiting = item in self._queue
            if is_waiting:
                self._queue.remove(item)
                self._drive()
            return is_waiting

        return cancel

    def ready(self) -> bytes | None:
        """The frame that can be fetched now, if there is one."""
        if self._queue and self._queue[0][0] <= self._timers.now_us() + ROUNDING_US:
            return self._queue[0][1]
        return None

    def fetched(self) -> None:
        """The frame that was ready has been read."""
        del self._queue[:1]
        self._drive()
        if not self._queue:
            self.chip.answer_taken()
        if self._queue:
            wait_us = max(0.0, self._queue[0][0] - self._timers.now_us())
            self._timers.after(wait_us, self._drive)

    def _drive(self) -> None:
        if self._irq is not None:
            self._irq.drive(self.ready() is None, self)


class PN532OnI2c(I2cPart):
    """Address 24. Each reading begins with a status byte, bit 0 set when a frame follows."""

    address = 0x24

    def __init__(self, field: Field, timers: Timers, irq: Line | None = None) -> None:
        self._frames = _Frames(field, timers, 0x80, irq)
        self.chip = self._frames.chip
        self._reading: bytes | None = None
        self._at = 0
        self._stretch_us = 0.0

    def power_on(self) -> None:
        """See I2cPart."""
        self._frames.power_on()

    def start(self, is_read: bool) -> bool:
        """Asleep it wakes, acknowledges, and holds the clock until it has."""
        self.chip.wake()
        self._reading, self._at = (self._frames.ready(), 0) if is_read else (None, 0)
        # awake, its firmware serves the address interrupt first
        self._stretch_us = max(20.0, self.chip.wakes_in_us())
        return not self.chip.is_dead

    def stretch_us(self) -> float:
        """See I2cPart."""
        stretch_us, self._stretch_us = self._stretch_us, 0.0
        return stretch_us

    def write(self, byte: int) -> bool:
        """See I2cPart."""
        self.chip.feed(bytes([byte]))
        return True

    def read(self) -> int:
        """The status byte, then the frame."""
        at, self._at = self._at, self._at + 1
        if at == 0:
            return 0x00 if self._reading is None else 0x01
        if self._reading is None or at > len(self._reading):
            return 0x00
        return self._reading[at - 1]

    def stop(self) -> None:
        """See I2cPart."""
        if self._reading is not None and self._at > 1:
            self._frames.fetched()
        self._reading = None


class PN532OnSpi(SpiPart):
    """First byte under a chip select: 01 write, 02 status, 03 read; all LSB first."""

    def __init__(self, field: Field, timers: Timers, irq: Line | None = None) -> None:
        self._frames = _Frames(field, timers, 0x20, irq)
        self.chip = self._frames.chip
        self._operation = self._at = 0
        self._reading: bytes | None = None

    def power_on(self) -> None:
        """See SpiPart."""
        self._frames.power_on()

    def select(self, is_on: bool) -> None:
        """NSS: low wakes a sleeping chip; high ends what was being read."""
        if is_on:
            self.chip.wake()
        elif self._reading is not None and self._at:
            self._frames.fetched()
        self._operation, self._at, self._reading = 0, 0, None

    def byte(self, value: int) -> int:
        """See SpiPart."""
        return _TURNED[self._byte(_TURNED[value])]

    def _byte(self, value: int) -> int:
        if not self.chip.is_listening():
            return 0xFF
        if not self._operation:
            self._operation = value
            if value == 0x03:
                self._reading = self._frames.ready()
            elif value not in (0x01, 0x02):
                self.chip.faults.append(f"SPI operation {value:02X}")
            return 0x00
        if self._operation == 0x01:
            self.chip.feed(bytes([value]))
        elif self._operation == 0x02:
            return 0x00 if self._frames.ready() is None else 0x01
        elif self._operation == 0x03 and self._reading is not None:
            at, self._at = self._at, self._at + 1
            return self._reading[at] if at < len(self._reading) else 0x00
        return 0x00

"""An SSD1306's two usual ways to be wired, after its data sheet rev 1.1, 8.1.3 and 8.1.5."""

from __future__ import annotations

from onecard.sim.buses import I2cPart, Line, SpiPart
from onecard.sim.chips.ssd1306 import SSD1306Chip
from onecard.sim.timers import Timers

_RESET_US = 3.0  # 12, table 13-4: t RES


class SSD1306OnI2c(I2cPart):
    """At 3C or, with SA0 high, at 3D."""

    def __init__(self, address: int = 0x3C) -> None:
        self.address = address
        self.chip = SSD1306Chip()
        self._bytes = bytearray()
        self._is_read = False

    def power_on(self) -> None:
        """Power-up."""
        self.chip.power_on()
        self._bytes.clear()

    def start(self, is_read: bool) -> bool:
        """A transaction begins."""
        self._bytes.clear()
        self._is_read = is_read
        return True

    def write(self, byte: int) -> bool:
        """Collected until STOP."""
        self._bytes.append(byte)
        return True

    def read(self) -> int:
        """The status byte."""
        return self.chip.read()

    def stop(self) -> None:
        """The transaction is complete."""
        if self._bytes:
            data, self._bytes = bytes(self._bytes), bytearray()
            self.chip.write(data)


class SSD1306OnSpi(SpiPart):
    """4-wire SPI: dc is high for data. reset: its wire, or None if it is not connected."""

    def __init__(self, timers: Timers, dc: Line, reset: Line | None = None) -> None:
        self.chip = SSD1306Chip()
        self._timers, self._dc = timers, dc
        self._is_held = self._is_selected = False
        self._held_us = 0.0
        if reset is not None:
            reset.listen(self._reset_wire)

    def power_on(self) -> None:
        """Power-up."""
        self.chip.power_on()

    def _reset_wire(self, level: bool) -> None:
        now_us = self._timers.now_us()
        if self._is_held and level:
            if now_us - self._held_us < _RESET_US:
                self.chip.faults.append(f"reset pulse of {now_us - self._held_us:.1f} us")
            else:
                self.chip.reset()
        elif not level:
            self._held_us = now_us
        self._is_held = not level

    def select(self, is_on: bool) -> None:
        """CS#: the end of a selection is the end of a transaction."""
        was_selected, self._is_selected = self._is_selected, is_on
        if was_selected and not is_on:
            self.chip.settle()

    def byte(self, value: int) -> int:
        """D/C# is looked at with each byte; nothing can be read on this wiring."""
        if self._is_held:
            self.chip.faults.append("a byte while reset is low")
        elif self._dc.level:
            self.chip.take_data(value)
        else:
            self.chip.take_command(value)
        return 0xFF

"""The parts of a virtual terminal and how they are wired, the same on every virtual board.

Numbers of buses and pins are the Raspberry Pi Pico's (boards/rp2_pico/pins.csv, docs/hardware.md).
"""

from __future__ import annotations

from onecard.sim.buses import I2cPart, Line, Wiring
from onecard.sim.chips.mfrc522 import MFRC522Chip
from onecard.sim.chips.mfrc522_bus import MFRC522OnSpi
from onecard.sim.chips.pn532 import PN532Chip
from onecard.sim.chips.pn532_links import PN532OnI2c, PN532OnSpi, PN532OnUart
from onecard.sim.chips.ssd1306 import SSD1306Chip
from onecard.sim.field import Field
from onecard.sim.timers import Timers

READERS = ("pn532-hsu", "pn532-i2c", "pn532-spi", "mfrc522-spi")
READER_UART, READER_SPI, READER_CS, READER_RESET, READER_IRQ = 1, 0, 17, 20, 21
I2C, DISPLAY_ADDRESS, BUZZER_PIN = 0, 0x3C, 15


class DisplayOnI2c(I2cPart):
    """An SSD1306 at an I2C address."""

    def __init__(self, address: int = DISPLAY_ADDRESS) -> None:
        self.address, self.chip = address, SSD1306Chip()
        self._bytes = bytearray()

    def power_on(self) -> None:
        """See I2cPart."""
        self.chip.power_on()
        self._bytes.clear()

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


class TerminalParts:
    """wiring: all parts on their buses. reader: the chip, one of READERS, or None for none.

    display: the SSD1306. buzzer: its wire.
    """

    def __init__(self, kind: str | None, field: Field, timers: Timers) -> None:
        self.kind, self.wiring = kind, Wiring()
        self.display_part = DisplayOnI2c()
        self.display = self.display_part.chip
        self.wiring.i2c[I2C] = [self.display_part]
        self.buzzer = self.wiring.lines[BUZZER_PIN] = Line(rest=False)
        self.reader = self._fit_reader(kind, field, timers)

    def _fit_reader(
        self, kind: str | None, field: Field, timers: Timers
    ) -> PN532Chip | MFRC522Chip | None:
        reset, irq = self.wiring.line(READER_RESET), self.wiring.line(READER_IRQ)
        self.wiring.line(READER_CS)
        chip: PN532Chip | MFRC522Chip
        if kind == "pn532-hsu":
            uart = self.wiring.uart[READER_UART] = PN532OnUart(field, timers)
            chip = uart.chip
        elif kind == "pn532-i2c":
            i2c = PN532OnI2c(field, timers, irq)
            self.wiring.i2c[I2C].append(i2c)
            chip = i2c.chip
        elif kind == "pn532-spi":
            spi = PN532OnSpi(field, timers, irq)
            self.wiring.add_spi(READER_SPI, READER_CS, spi)
            chip = spi.chip
        elif kind == "mfrc522-spi":
            chip = MFRC522Chip(field, timers, irq=irq)
            self.wiring.add_spi(READER_SPI, READER_CS, MFRC522OnSpi(chip))
        elif kind is None:
            return None
        else:
            raise ValueError(f"no reader {kind!r}; there are {', '.join(READERS)}")
        reset.listen(chip.reset_pin)
        return chip

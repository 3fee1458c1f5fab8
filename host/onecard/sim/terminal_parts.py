"""The parts of a virtual terminal and how they are wired, the same on every virtual board.

Numbers of buses and pins are the Raspberry Pi Pico's (boards/rp2_pico/pins.csv, docs/hardware.md).
"""

from __future__ import annotations

from onecard.sim.buses import Line, Wiring
from onecard.sim.chips.escpos import EscPosPrinter
from onecard.sim.chips.gm65 import GM65Chip
from onecard.sim.chips.keypad import KeyMatrix
from onecard.sim.chips.mfrc522 import MFRC522Chip
from onecard.sim.chips.mfrc522_bus import MFRC522OnSpi
from onecard.sim.chips.pn532 import PN532Chip
from onecard.sim.chips.pn532_links import PN532OnI2c, PN532OnSpi, PN532OnUart
from onecard.sim.chips.ssd1306 import SSD1306Chip
from onecard.sim.chips.ssd1306_wires import SSD1306OnI2c
from onecard.sim.chips.st7789 import ST7789Chip
from onecard.sim.field import Field
from onecard.sim.picture import Picture
from onecard.sim.timers import Timers

READERS = ("pn532-hsu", "pn532-i2c", "pn532-spi", "mfrc522-spi")
DISPLAYS = ("ssd1306", "st7789")
DISPLAY_SPI, DISPLAY_RESET, DISPLAY_DC, DISPLAY_CS = 1, 3, 6, 7  # of the ST7789
READER_UART, READER_SPI, READER_CS, READER_RESET, READER_IRQ = 1, 0, 17, 20, 21
I2C, DISPLAY_ADDRESS, BUZZER_PIN = 0, 0x3C, 15
SCANNER_UART, PRINTER_UART, GATE_PIN = 0, 2, 28
KEY_ROWS, KEY_COLUMNS = (10, 11, 12, 13), (14, 22, 26, 27)
KEYS = (
    "1",
    "2",
    "3",
    "f1",
    "4",
    "5",
    "6",
    "f2",
    "7",
    "8",
    "9",
    "cancel",
    ".",
    "0",
    "f3",
    "confirm",
)
PRESS_US = 60_000.0
SCAN_US = 700_000.0  # less than the time after which the scanner looks again


class TerminalParts:
    """wiring: all parts on their buses. reader: the chip, one of READERS, or None for none.

    display: the SSD1306, or an ST7789 in its place. buzzer: its wire. keys: the keypad's contacts.
    scanner: the GM65. gate: the wire to a turnstile's relay. printer: on boards with a third UART,
    else None.
    """

    def __init__(
        self,
        kind: str | None,
        field: Field,
        timers: Timers,
        has_printer: bool = False,
        display: str = DISPLAYS[0],
    ) -> None:
        self.kind, self.wiring = kind, Wiring()
        self.wiring.i2c[I2C] = []
        self.display = self._fit_display(display, timers)
        self._timers = timers
        self.keys = KeyMatrix(
            timers,
            [self.wiring.line(pin) for pin in KEY_ROWS],
            [self.wiring.line(pin) for pin in KEY_COLUMNS],
        )
        self.buzzer = self.wiring.lines[BUZZER_PIN] = Line(rest=False)
        self.gate = self.wiring.lines[GATE_PIN] = Line(rest=False)
        self.scanner = self.wiring.uart[SCANNER_UART] = GM65Chip(timers)
        self.printer: EscPosPrinter | None = None
        if has_printer:
            self.printer = self.wiring.uart[PRINTER_UART] = EscPosPrinter(timers)
        self.reader = self._fit_reader(kind, field, timers)

    def picture(self) -> Picture:
        """What the display shows."""
        chip = self.display
        if isinstance(chip, SSD1306Chip):
            return Picture.of_mono(chip.framebuffer())
        return Picture(*chip.size, chip.picture())

    def framebuffer(self) -> bytes:
        """The display's ink, MONO_VLSB: 1024 bytes, or 9600 of a large one."""
        chip = self.display
        return chip.framebuffer() if isinstance(chip, SSD1306Chip) else self.picture().mono

    def _fit_display(self, kind: str, timers: Timers) -> SSD1306Chip | ST7789Chip:
        if kind == "ssd1306":
            part = SSD1306OnI2c(DISPLAY_ADDRESS)
            self.wiring.i2c[I2C].append(part)
            return part.chip
        if kind != "st7789":
            raise ValueError(f"no display {kind!r}; there are {', '.join(DISPLAYS)}")
        dc, reset = self.wiring.line(DISPLAY_DC), self.wiring.line(DISPLAY_RESET)
        chip = ST7789Chip(timers, dc, reset)
        self.wiring.add_spi(DISPLAY_SPI, DISPLAY_CS, chip)
        return chip

    def press(self, key: str) -> None:
        """A finger presses a key, for as long as it usually does. Raises ValueError: no such key.

        What follows within that time is pressed while the first is still down, as fast hands do.
        """
        row, column = divmod(KEYS.index(key), len(KEY_COLUMNS))
        self.keys.press(row, column)
        self._timers.after(PRESS_US, lambda: self.keys.release(row, column))

    def scan(self, code: bytes) -> None:
        """Hold a code before the scanner until it has been read."""
        self.scanner.show(code)
        self._timers.after(SCAN_US, lambda: self.scanner.show(None))

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

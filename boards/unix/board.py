"""The terminal on the MicroPython unix port, its chips played by the bench at byte level.

The bench names the tty of a PN532 on HSU in ONECARD_UART1, which may also be a real one's; without
it the reader is on I2C 0 or SPI 0. With ONECARD_DISPLAY=st7789 the display has 320 x 240 pixels
and colours, on SPI 1; else it is an SSD1306 on I2C 0.
"""

import os

import gb_table
import machine
import slots
from bench import Flash, ask
from occrypto import crc_a, crc_b

from drivers.buzzer import Buzzer
from drivers.display.ssd1306 import SSD1306
from drivers.display.st7789 import ST7789
from drivers.display.wires import I2cWire, SpiWire
from drivers.reader.fitted import FittedReader
from drivers.reader.iso14443 import Iso14443Reader
from drivers.reader.mfrc522 import MFRC522
from drivers.reader.mfrc522_bus import SpiBus
from drivers.reader.pn532 import PN532
from drivers.reader.pn532_link import HsuLink, I2cLink, SpiLink
from drivers.led import Led
from drivers.gb18030 import Encoder
from drivers.printer import Printer
from drivers.scanner import Scanner
from drivers.stdio_port import StdioPort
from drivers.uart_port import UartPort

_BUZZER_PIN = 15
_READER_CS, _READER_RESET = 17, 20
_GATE_PIN = 28
_DISPLAY_SPI, _DISPLAY_RESET, _DISPLAY_DC, _DISPLAY_CS = 1, 3, 6, 7
_SCANNER_UART, _PRINTER_UART = 0, 2
_HOTLIST_START = slots.SLOTS_START + 2 * slots.SLOT_SIZE
_HOTLIST_SIZE = 60 * 1024
_JOURNAL_START = _HOTLIST_START + _HOTLIST_SIZE
_JOURNAL_SIZE = 1316 * 1024


class Keypad:
    """Keys that the bench presses."""

    def read(self):
        """The next key ("0".."9", ".", "confirm", "cancel") or None."""
        return ask("K").decode() or None


class Board:
    """What the terminal is handed; see boards/README.md."""

    name = "unix"
    root = slots.ROOT
    journal_page_size = 256
    allows_reference_crypto = False
    sam_slot = None

    def __init__(self):
        i2c, spi, cs = machine.I2C(0), machine.SPI(0), machine.Pin(_READER_CS)
        reset = machine.Pin(_READER_RESET, value=1)
        makers = [
            lambda: PN532(I2cLink(i2c), reset),
            lambda: Iso14443Reader(MFRC522(SpiBus(spi, cs), crc_a, crc_b, reset)),
            lambda: PN532(SpiLink(spi, cs), reset),
        ]
        if os.getenv("ONECARD_UART1"):
            makers = [lambda: PN532(HsuLink(UartPort(machine.UART(1))))]
        self.reader = FittedReader(makers)
        self.display = _display(i2c)
        self.buzzer = Buzzer(machine.Pin(_BUZZER_PIN))
        self.keypad = Keypad()
        self.gate = Led(machine.Pin(_GATE_PIN))
        self.scanner = Scanner(UartPort(machine.UART(_SCANNER_UART, 9600)))
        self.encoder = Encoder(gb_table.CHARACTERS, gb_table.CODES)
        port = UartPort(machine.UART(_PRINTER_UART, 9600))
        self.printer = Printer(port, self.encoder.encode)
        self.rtc = machine.RTC()
        self.hotlist_flash = Flash(_HOTLIST_START, _HOTLIST_SIZE)
        self.journal_flash = Flash(_JOURNAL_START, _JOURNAL_SIZE)
        self.link_port = StdioPort()
        self.secret = machine.unique_id()

    @staticmethod
    def reset_cause():
        """As machine.reset_cause()."""
        return machine.reset_cause()


def _display(i2c):
    if os.getenv("ONECARD_DISPLAY") != "st7789":
        return SSD1306(I2cWire(i2c))
    dc, cs, reset = (machine.Pin(n) for n in (_DISPLAY_DC, _DISPLAY_CS, _DISPLAY_RESET))
    wire = SpiWire(machine.SPI(_DISPLAY_SPI), dc, cs, reset)
    return ST7789(wire, 320, 240, 1)


def make():
    """The board, ready."""
    return Board()

"""Raspberry Pi Pico with an SSD1306 on I2C0, a keypad, a buzzer, a light and one reader. Pins:
pins.csv.

The reader may be a PN532 on UART1, I2C0 or SPI0, or an MFRC522 on SPI0: the one that is fitted is
found at start. A DS3231 on I2C0 is used if there is one.
"""

import flashmap
import machine
import rp2
from occrypto import crc_a, crc_b

from drivers.buzzer import Buzzer
from drivers.display.ssd1306 import SSD1306
from drivers.display.wires import I2cWire
from drivers.ds3231 import DS3231
from drivers.keypad import Keypad
from drivers.led import Led
from drivers.irq import IrqLine
from drivers.reader.fitted import FittedReader
from drivers.reader.iso14443 import Iso14443Reader
from drivers.reader.mfrc522 import MFRC522
from drivers.reader.mfrc522_bus import SpiBus
from drivers.reader.pn532 import PN532
from drivers.reader.pn532_link import HsuLink, I2cLink, SpiLink
from drivers.scanner import Scanner
from drivers.stdio_port import StdioPort
from drivers.uart_port import UartPort

# As the usual membrane of 4 x 4 is printed: 123A 456B 789C *0#D.
_KEYS = (
    "1", "2", "3", "f1",
    "4", "5", "6", "f2",
    "7", "8", "9", "cancel",
    ".", "0", "f3", "confirm",
)  # fmt: skip


class Board:
    """What the terminal is handed; see boards/README.md."""

    name = "rp2_pico"
    root = ""
    journal_page_size = 256
    allows_reference_crypto = False
    sam_slot = None

    def __init__(self):
        pins = machine.Pin.board
        i2c = machine.I2C(0, sda=pins.I2C_SDA, scl=pins.I2C_SCL, freq=400000)
        self.reader = _reader(pins, i2c)
        self.display = SSD1306(I2cWire(i2c))
        self.buzzer = Buzzer(machine.Pin(pins.BUZZER, machine.Pin.OUT))
        self.led = Led(machine.Pin(pins.LED, machine.Pin.OUT))
        self.keypad = _keypad(pins)
        self.gate = Led(machine.Pin(pins.GATE, machine.Pin.OUT))
        scanner = machine.UART(0, 9600, tx=pins.SCANNER_TX, rx=pins.SCANNER_RX, rxbuf=600)
        self.scanner = Scanner(UartPort(scanner))
        clock = DS3231(i2c)
        # Without one the clock goes on from the last record until the host sets it.
        self.rtc = clock if clock.is_there() else None
        self.hotlist_flash = rp2.Flash(start=flashmap.HOTLIST_START, len=flashmap.HOTLIST_SIZE)
        self.journal_flash = rp2.Flash(start=flashmap.JOURNAL_START, len=flashmap.JOURNAL_SIZE)
        self.link_port = StdioPort()
        self.secret = machine.unique_id()

    @staticmethod
    def reset_cause():
        """As machine.reset_cause(): 1 power-on, 3 watchdog."""
        return machine.reset_cause()


def _reader(pins, i2c):
    pin = machine.Pin
    cs = pin(pins.READER_CS, pin.OUT, value=1)
    reset = pin(pins.READER_RESET, pin.OUT, value=1)
    irq = IrqLine(pin(pins.READER_IRQ, pin.IN, pin.PULL_UP), pin.IRQ_FALLING)
    spi = machine.SPI(
        0, 5000000, sck=pins.READER_SCK, mosi=pins.READER_MOSI, miso=pins.READER_MISO
    )
    uart = machine.UART(1, 115200, tx=pins.PN532_TX, rx=pins.PN532_RX, rxbuf=512, txbuf=320)
    return FittedReader(
        (
            lambda: PN532(I2cLink(i2c, irq), reset),
            lambda: Iso14443Reader(MFRC522(SpiBus(spi, cs), crc_a, crc_b, reset, irq)),
            lambda: PN532(SpiLink(spi, cs, irq), reset),
            lambda: PN532(HsuLink(UartPort(uart)), reset),
        )
    )


def _keypad(pins):
    pin = machine.Pin
    rows = (pins.KEY_ROW1, pins.KEY_ROW2, pins.KEY_ROW3, pins.KEY_ROW4)
    columns = (pins.KEY_COLUMN1, pins.KEY_COLUMN2, pins.KEY_COLUMN3, pins.KEY_COLUMN4)
    return Keypad(
        [pin(row, pin.OPEN_DRAIN, value=1) for row in rows],
        [pin(column, pin.IN, pin.PULL_UP) for column in columns],
        _KEYS,
    )


def make():
    """The board, ready."""
    return Board()

"""ESP32-S3 with an SSD1306 on I2C, a keypad, a buzzer, a light and one reader. Pins:
docs/hardware.md.

The reader may be a PN532 on UART 1, I2C or SPI, or an MFRC522 on SPI: the one that is fitted is
found at start. A DS3231 on I2C is used if there is one.
"""

import esp32
import machine
from esp32_parts import KEYS, hsu_reader, i2c_reader, secret, spi_readers

from drivers.buzzer import Buzzer
from drivers.display.ssd1306 import SSD1306
from drivers.display.wires import I2cWire
from drivers.ds3231 import DS3231
from drivers.irq import IrqLine
from drivers.keypad import Keypad
from drivers.led import Led
from drivers.reader.fitted import FittedReader
from drivers.stdio_port import StdioPort

# 0, 3, 45 and 46 are read at start, 19 and 20 are USB, 26 to 37 flash and PSRAM, 43 and 44 the
# console.
_SDA, _SCL = 8, 9
_CS, _MOSI, _SCK, _MISO = 10, 11, 12, 13
_RESET, _IRQ = 14, 21
_BUZZER, _LED = 15, 16
_TX, _RX = 17, 18
_ROWS = (4, 5, 6, 7)
_COLUMNS = (1, 2, 41, 42)


class Board:
    """What the terminal is handed; see boards/README.md."""

    name = "esp32_s3"
    root = ""
    journal_page_size = 1
    allows_reference_crypto = False
    sam_slot = None

    def __init__(self):
        pin = machine.Pin
        i2c = machine.I2C(0, sda=pin(_SDA), scl=pin(_SCL), freq=400000)
        self.reader = _reader(i2c)
        self.display = SSD1306(I2cWire(i2c))
        self.buzzer = Buzzer(pin(_BUZZER, pin.OUT))
        self.led = Led(pin(_LED, pin.OUT))
        self.keypad = Keypad(
            [pin(row, pin.OPEN_DRAIN, value=1) for row in _ROWS],
            [pin(column, pin.IN, pin.PULL_UP) for column in _COLUMNS],
            KEYS,
        )
        clock = DS3231(i2c)
        # Without one the clock goes on from the last record until the host sets it.
        self.rtc = clock if clock.is_there() else None
        self.hotlist_flash = esp32.Partition("hotlist")
        self.journal_flash = esp32.Partition("journal")
        self.link_port = StdioPort()
        self.secret = secret()

    @staticmethod
    def reset_cause():
        """As machine.reset_cause(): 1 power-on, 3 watchdog."""
        return machine.reset_cause()


def _reader(i2c):
    pin = machine.Pin
    reset = pin(_RESET, pin.OUT, value=1)
    irq = IrqLine(pin(_IRQ, pin.IN, pin.PULL_UP), pin.IRQ_FALLING)
    cs = pin(_CS, pin.OUT, value=1)
    mfrc522, pn532 = spi_readers((pin(_SCK), pin(_MOSI), pin(_MISO)), cs, reset, irq)
    return FittedReader(
        (
            i2c_reader(i2c, reset, irq),
            mfrc522,
            pn532,
            hsu_reader(pin(_TX), pin(_RX), reset),
        )
    )


def make():
    """The board, ready."""
    return Board()

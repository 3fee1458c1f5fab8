"""ESP32-C3 with an SSD1306 on I2C, a buzzer and one reader. Pins: docs/hardware.md.

The reader may be a PN532 on I2C, or, on the same four pins, an MFRC522 or PN532 on SPI or a PN532
on HSU (_IS_HSU): the chip has eight pins that are free of other duties. There is no keypad. A
DS3231 on I2C is used if there is one.
"""

import esp32
import machine
from esp32_parts import hsu_reader, i2c_reader, secret, spi_readers

from drivers.buzzer import Buzzer
from drivers.display.ssd1306 import SSD1306
from drivers.display.wires import I2cWire
from drivers.ds3231 import DS3231
from drivers.reader.fitted import FittedReader
from drivers.stdio_port import StdioPort

# 2, 8 and 9 are read at start, 11 to 17 are the flash's, 18 and 19 USB, 20 and 21 the console.
_RESET, _BUZZER = 0, 1
_SDA, _SCL = 4, 5
_SCK, _MOSI, _MISO, _CS = 6, 7, 3, 10
_TX, _RX = _MOSI, _MISO
_IS_HSU = False


class Board:
    """What the terminal is handed; see boards/README.md."""

    name = "esp32_c3"
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
        self.keypad = None
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
    if _IS_HSU:
        return FittedReader((i2c_reader(i2c, reset), hsu_reader(pin(_TX), pin(_RX), reset)))
    cs = pin(_CS, pin.OUT, value=1)
    on_spi = spi_readers((pin(_SCK), pin(_MOSI), pin(_MISO)), cs, reset)
    return FittedReader((i2c_reader(i2c, reset), *on_spi))


def make():
    """The board, ready."""
    return Board()

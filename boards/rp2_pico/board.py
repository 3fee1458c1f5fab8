"""Raspberry Pi Pico with a PN532 on UART1, an SSD1306 on I2C0 and a buzzer. Pins: pins.csv."""

import flashmap
import machine
import rp2

from drivers.buzzer import Buzzer
from drivers.display.ssd1306 import SSD1306
from drivers.reader.pn532 import PN532
from drivers.stdio_port import StdioPort
from drivers.uart_port import UartPort


class Board:
    """What the terminal is handed; see boards/README.md."""

    name = "rp2_pico"
    root = ""
    journal_page_size = 256
    allows_reference_crypto = False
    rtc = None  # none on the Pico: the clock goes on from the last record until the host sets it
    keypad = None

    def __init__(self):
        pins = machine.Pin.board
        uart = machine.UART(1, 115200, tx=pins.PN532_TX, rx=pins.PN532_RX, rxbuf=512, txbuf=320)
        i2c = machine.I2C(0, sda=pins.DISPLAY_SDA, scl=pins.DISPLAY_SCL, freq=400000)
        self.reader = PN532(UartPort(uart))
        self.display = SSD1306(i2c)
        self.buzzer = Buzzer(machine.Pin(pins.BUZZER, machine.Pin.OUT))
        self.journal_flash = rp2.Flash(start=flashmap.JOURNAL_START, len=flashmap.JOURNAL_SIZE)
        self.link_port = StdioPort()
        self.secret = machine.unique_id()

    @staticmethod
    def reset_cause():
        """As machine.reset_cause(): 1 power-on, 3 watchdog."""
        return machine.reset_cause()


def make():
    """The board, ready."""
    return Board()

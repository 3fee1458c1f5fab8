"""The terminal on the MicroPython unix port, its chips played by the bench at byte level.

The bench names the tty of the PN532 in ONECARD_UART1, which may also be a real one's.
"""

import machine
import vfs
from bench import Flash, ask

from drivers.buzzer import Buzzer
from drivers.display.ssd1306 import SSD1306
from drivers.reader.pn532 import PN532
from drivers.stdio_port import StdioPort
from drivers.uart_port import UartPort

_BUZZER_PIN = 15
_FILES_SIZE = 64 * 1024
_JOURNAL_SIZE = 1536 * 1024


class Keypad:
    """Keys that the bench presses."""

    def read(self):
        """The next key ("0".."9", ".", "confirm", "cancel") or None."""
        return ask("K").decode() or None


class Board:
    """What the terminal is handed; see boards/README.md."""

    name = "unix"
    root = "/terminal"
    journal_page_size = 256
    allows_reference_crypto = False

    def __init__(self):
        self._mount_files()
        self.reader = PN532(UartPort(machine.UART(1)))
        self.display = SSD1306(machine.I2C(0))
        self.buzzer = Buzzer(machine.Pin(_BUZZER_PIN))
        self.keypad = Keypad()
        self.rtc = machine.RTC()
        self.journal_flash = Flash(_FILES_SIZE, _JOURNAL_SIZE)
        self.link_port = StdioPort()
        self.secret = machine.unique_id()

    def _mount_files(self):
        flash = Flash(0, _FILES_SIZE)
        head = bytearray(4096)
        flash.readblocks(0, head, 0)
        if head == b"\xff" * 4096:
            vfs.VfsLfs2.mkfs(flash, progsize=256)
        vfs.mount(vfs.VfsLfs2(flash, progsize=256), self.root)

    @staticmethod
    def reset_cause():
        """As machine.reset_cause()."""
        return machine.reset_cause()


def make():
    """The board, ready."""
    return Board()

"""Solomon Systech SSD1306, OLED of 128 x 64 on I2C or SPI. Data sheet rev 1.1, 8.1, 9 and 10."""

import framebuf
from micropython import const

from .base import BLOCK, Display

TYPE_CHECKING = const(0)
if TYPE_CHECKING:
    from .wires import I2cWire, SpiWire

_COMMANDS = const(0x00)
_DATA = const(0x40)
_SET_PAGE_START = const(0xB0)
_SET_LOWER_COLUMN = const(0x00)
_SET_HIGHER_COLUMN = const(0x10)
_SET_DISPLAY_ON = const(0xAF)

# Figure 2 of the application note: off, clock, multiplex 64, no offset, start line 0, charge pump
# on, page addressing, remap for a module whose connector is at the top, COM pins, contrast,
# pre-charge, VCOMH level, picture from RAM, not inverted.
_SETUP = (
    b"\x00\xae\xd5\x80\xa8\x3f\xd3\x00\x40\x8d\x14\x20\x02\xa1\xc8\xda\x12\x81\xcf\xd9\xf1"
    b"\xdb\x40\xa4\xa6"
)
_CONTRAST = const(18)  # its place there
_FULL_CONTRAST = const(0xCF)


class SSD1306(Display):
    """wire: an I2cWire or a SpiWire (drivers.display.wires).

    At 400 kHz a whole page takes 3.0 ms, at 8 MHz on SPI 0.13 ms.
    """

    def __init__(self, wire: "I2cWire | SpiWire"):
        super().__init__(128, 64)
        self._wire = wire
        head = wire.HEAD
        self._commands = bytearray(_SETUP)
        self._setup = memoryview(self._commands)[head:]
        self._on = memoryview(bytes((_COMMANDS, _SET_DISPLAY_ON)))[head:]
        self._place = bytearray((_COMMANDS, 0, 0, 0))
        self._place_view = memoryview(self._place)[head:]
        line = memoryview(bytearray((_DATA,)) + bytearray(self.width))
        # What goes out for one block of columns, for two, …, and framebuf's copying to fill it.
        self._lines = [line[head : 1 + size] for size in range(BLOCK, self.width + 1, BLOCK)]
        self._line = framebuf.FrameBuffer(line[1:], self.width, 1, framebuf.GS8)

    def brightness(self, percent: int) -> None:
        """By the contrast (81); the panel is set up anew with the next show()."""
        self._commands[_CONTRAST] = percent * _FULL_CONTRAST // 100
        self._is_known = False

    def _set_up(self) -> None:
        self._wire.reset()
        self._wire.send(_COMMANDS, self._setup)

    def _switch_on(self) -> None:
        self._wire.send(_COMMANDS, self._on)

    def _send(self, page: int, first: int, count: int) -> None:
        place = self._place
        place[1] = _SET_PAGE_START | page
        place[2] = _SET_LOWER_COLUMN | first & 15
        place[3] = _SET_HIGHER_COLUMN | first >> 4
        self._wire.send(_COMMANDS, self._place_view)
        self._line.blit(self._bytes, -first, -page)
        self._wire.send(_DATA, self._lines[count // BLOCK - 1])

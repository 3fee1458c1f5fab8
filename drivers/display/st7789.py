"""Sitronix ST7789, colour TFT of up to 240 x 320 on SPI. Data sheet ST7789V v1.4, chapters 8, 9.

The picture has one bit a pixel, as on every display here. It is coloured, and enlarged if it is
smaller than the panel, line by line on its way out: each pixel becomes scale x scale ones, in the
middle of the panel.
"""

import time

import framebuf
from micropython import const

from .base import BLOCK, Display

TYPE_CHECKING = const(0)
if TYPE_CHECKING:
    from ..kinds import Switch
    from .wires import SpiWire

_COMMAND = const(0x00)
_DATA = const(0x40)
_SWRESET = b"\x01"
_SLPOUT = b"\x11"
_INVOFF = b"\x20"
_INVON = b"\x21"
_DISPON = b"\x29"
_CASET = b"\x2a"
_RASET = b"\x2b"
_RAMWR = b"\x2c"
_MADCTL = b"\x36"
_COLMOD = b"\x3a"
_RGB565 = b"\x55"
_RESET_MS = const(120)  # 7.4.5 and 9.1.2: from a reset in sleep-out mode to SLPOUT
_SLPOUT_MS = const(5)  # 9.1.12: from SLPOUT to the next command
_MX_MV = const(0x60)


class ST7789(Display):
    """wire: a SpiWire (drivers.display.wires). backlight: an output pin or None.

    width, height: what is drawn, pixels; the terminal's screen wants at least 128 x 64. scale: how
    many times larger it is shown. panel: its width and height as it is mounted, pixels. madctl:
    9.1.28, how it is mounted. ink, paper: RGB565, until colours() says otherwise; the margin is
    in this paper. is_ips: such panels show inverted colours.

    A whole screen of 320 x 240 with text takes 0.2 s at 12 MHz on the virtual Pico, half of it
    the bus (tests/bench/displays.py).
    """

    def __init__(
        self,
        wire: "SpiWire",
        width: int = 160,
        height: int = 64,
        scale: int = 2,
        panel: "tuple[int, int]" = (320, 240),
        madctl: int = _MX_MV,
        ink: int = 0xFFFF,
        paper: int = 0x0000,
        is_ips: bool = True,
        backlight: "Switch | None" = None,
    ):
        super().__init__(width, height)
        if scale < 1 or width * scale > panel[0] or height * scale > panel[1]:
            raise ValueError("%d x %d times %d is more than the panel" % (width, height, scale))
        self._wire = wire
        self._backlight = backlight
        self._scale = scale
        self._panel = panel
        self._madctl = bytes((madctl,))
        self._inversion = _INVON if is_ips else _INVOFF
        self._window = bytearray(4)
        self._reset_ms = 0
        self._is_reset = False
        self._palettes: "dict[tuple[int, int], framebuf.FrameBuffer]" = {}
        self._page_palettes = [self._palette(ink, paper)] * (height // 8)
        self._paper = _high_first(paper)
        self._make_lines()
        if backlight is not None:
            backlight(0)
        self._reset()

    def colours(self, first_page: int, pages: int, ink: int, paper: int) -> None:
        """As Display's. Allocates when it first sees a pair."""
        palette = self._palette(ink, paper)
        for page in range(first_page, first_page + pages):
            if self._page_palettes[page] is not palette:
                self._page_palettes[page] = palette
                self._is_recoloured[page] = 1

    def _palette(self, ink: int, paper: int) -> framebuf.FrameBuffer:
        """The colours of paper and ink as framebuf wants them, made once a pair."""
        palette = self._palettes.get((ink, paper))
        if palette is None:
            pair = bytearray(_high_first(paper) + _high_first(ink))
            palette = framebuf.FrameBuffer(pair, 2, 1, framebuf.RGB565)
            self._palettes[(ink, paper)] = palette
        return palette

    def _make_lines(self) -> None:
        """A line of the panel, and framebufs by which a page's rows are enlarged into it.

        A page's byte is 8 rows of one column. Seen as a picture 8 wide and `width` high (HMSB),
        row r is its column r, and can be copied into the pixels r, r + scale, … of a line.
        """
        scale, width = self._scale, self.width
        self._line = bytearray(2 * self._panel[0])
        self._whole = framebuf.FrameBuffer(self._line, self._panel[0], 1, framebuf.RGB565)
        self._blank = bytes(width)
        line = memoryview(self._line)
        self._targets = [
            framebuf.FrameBuffer(line[2 * k :], 1, width, framebuf.RGB565, scale)
            for k in range(scale)
        ]
        self._sources = [framebuf.FrameBuffer(p, 8, width, framebuf.MONO_HMSB) for p in self._new]
        self._lines = [line[: 2 * scale * size] for size in range(BLOCK, width + 1, BLOCK)]

    def _reset(self) -> None:
        if not self._wire.reset():
            self._wire.send(_COMMAND, _SWRESET)
        self._reset_ms = time.ticks_ms()
        self._is_reset = True

    def _set_up(self) -> None:
        """Takes up to 125 ms, less what has passed since this object was made."""
        if not self._is_reset:
            self._reset()
        passed_ms = time.ticks_diff(time.ticks_ms(), self._reset_ms)
        if passed_ms <= _RESET_MS:
            time.sleep_ms(_RESET_MS + 1 - max(0, passed_ms))
        self._is_reset = False
        self._wire.send(_COMMAND, _SLPOUT)
        time.sleep_ms(_SLPOUT_MS)
        self._command(_COLMOD, _RGB565)
        self._command(_MADCTL, self._madctl)
        self._wire.send(_COMMAND, self._inversion)
        self._clear()

    def _clear(self) -> None:
        """All of the panel in the paper's colour, if there is a margin: it is never sent again."""
        columns, rows = self._panel
        if (self.width * self._scale, self.height * self._scale) == (columns, rows):
            return
        self._line[:] = self._paper * columns
        self._open(0, columns, 0, rows)
        for _ in range(rows):
            self._wire.send(_DATA, self._line)

    def _switch_on(self) -> None:
        self._wire.send(_COMMAND, _DISPON)
        if self._backlight is not None:
            self._backlight(1)

    def _command(self, code: bytes, parameters: "bytes | bytearray") -> None:
        self._wire.send(_COMMAND, code)
        self._wire.send(_DATA, parameters)

    def _open(self, x: int, columns: int, y: int, rows: int) -> None:
        """Have what is sent now fill a window of the panel, row by row."""
        self._range(_CASET, x, columns)
        self._range(_RASET, y, rows)
        self._wire.send(_COMMAND, _RAMWR)

    def _range(self, code: bytes, start: int, count: int) -> None:
        window, end = self._window, start + count - 1
        window[0] = start >> 8
        window[1] = start & 0xFF
        window[2] = end >> 8
        window[3] = end & 0xFF
        self._command(code, window)

    def _send(self, page: int, first: int, count: int) -> None:
        scale = self._scale
        margin_x = (self._panel[0] - self.width * scale) // 2
        margin_y = (self._panel[1] - self.height * scale) // 2
        self._open(margin_x + first * scale, count * scale, margin_y + page * 8 * scale, 8 * scale)
        source, line = self._sources[page], self._lines[count // BLOCK - 1]
        palette = self._page_palettes[page]
        is_blank = self._new[page] == self._blank
        if is_blank:  # much of a picture is: 200 ms a screen and not 256
            self._whole.fill(palette.pixel(0, 0))
        for row in range(8):
            for k in range(0 if is_blank else scale):
                self._targets[k].blit(source, -row, -first, -1, palette)
            for _ in range(scale):  # a picture pixel is as high as it is wide
                self._wire.send(_DATA, line)


def _high_first(colour: int) -> bytes:
    """A colour as its bytes go out on the wire; framebuf copies them as they are."""
    return bytes((colour >> 8, colour & 0xFF))

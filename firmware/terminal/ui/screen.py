"""Text on a monochrome display in rows of 16 pixels: half-width 8 x 16, full-width 16 x 16."""

import framebuf

from . import glyphs

_ROW = 16
_HALF_SIZE = 16
_FULL_SIZE = 32
# Each bit of four twice.
_WIDE = b"\x00\x03\x0c\x0f\x30\x33\x3c\x3f\xc0\xc3\xcc\xcf\xf0\xf3\xfc\xff"


class Screen:
    """display: width, height, buffer (MONO_VLSB) and show()."""

    def __init__(self, display):
        self._display = display
        self._doubled = {}  # what has been drawn at double size: the dozen characters of amounts
        self._frame = framebuf.FrameBuffer(
            display.buffer, display.width, display.height, framebuf.MONO_VLSB
        )

    def show(self, rows):
        """Draw up to four rows, each centred, and send what changed.

        A row is a text, None for an empty row, or (text,) for one drawn at double size over two
        rows (at single size if it is too long for that: an amount must never lose a digit). What
        is too long for the display is cut; unknown characters become "?".
        """
        self._frame.fill(0)
        y = 0
        for row in rows:
            if isinstance(row, tuple):
                self._line(row[0], y, 2)
                y += 2 * _ROW
            else:
                if row:
                    self._line(row, y, 1)
                y += _ROW
        self._display.show()

    def _line(self, text, y, scale):
        shapes = [_shape(character) for character in text]
        width = sum(size for size, _ in shapes)
        if width * scale > self._display.width:
            scale = 1
        width *= scale
        x = max(0, (self._display.width - width) // 2) // 8 * 8
        for size, bits in shapes:
            if x + size * scale > self._display.width:
                break
            if scale == 2:
                bits = self._double(bits, size)
            width, height = size * scale, _ROW * scale
            shape = framebuf.FrameBuffer(bytearray(bits), width, height, framebuf.MONO_HLSB)
            self._frame.blit(shape, x, y)
            x += size * scale

    def _double(self, bits, width):
        """The rows of a glyph at twice its width and height; kept for the next time."""
        out = self._doubled.get(bits)
        if out is None:
            step, out = width // 8, b""
            for start in range(0, len(bits), step):
                row = b""
                for byte in bits[start : start + step]:
                    row += bytes((_WIDE[byte >> 4], _WIDE[byte & 15]))
                out += row + row
            self._doubled[bits] = out
        return out


def can_show(text):
    """True if every character of `text` has a glyph."""
    return all(c in glyphs.HALF or c in glyphs.FULL for c in text)


def _shape(character):
    """(width in pixels, rows) of a character; rows are 1 or 2 bytes each, left pixel highest."""
    at = glyphs.HALF.find(character)
    if at < 0:
        wide = glyphs.FULL.find(character)
        if wide >= 0:
            start = wide * _FULL_SIZE
            return 16, glyphs.FULL_BITS[start : start + _FULL_SIZE]
        at = glyphs.HALF.find("?")
    return 8, glyphs.HALF_BITS[at * _HALF_SIZE : (at + 1) * _HALF_SIZE]

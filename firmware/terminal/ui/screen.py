"""Text on a monochrome display in rows of 16 pixels: half-width 8 x 16, full-width 16 x 16."""

import framebuf

from . import glyphs

_ROW = 16
_HALF_SIZE = 16
_FULL_SIZE = 32


class Screen:
    """display: width, height, buffer (MONO_VLSB) and show()."""

    def __init__(self, display):
        self._display = display
        self._frame = framebuf.FrameBuffer(
            display.buffer, display.width, display.height, framebuf.MONO_VLSB
        )

    def show(self, rows):
        """Draw up to four rows, each centred, and send what changed.

        A row is a text, None for an empty row, or (text,) for one drawn at double size over two
        rows (at single size if it is too long for that: an amount must never lose a digit). What is too long for the display is cut; unknown characters become "?".
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
            self._draw(bits, size, x, y, scale)
            x += size * scale

    def _draw(self, bits, width, x, y, scale):
        shape = framebuf.FrameBuffer(bytearray(bits), width, _ROW, framebuf.MONO_HLSB)
        if scale == 1:
            self._frame.blit(shape, x, y)
            return
        for row in range(_ROW):
            for column in range(width):
                if shape.pixel(column, row):
                    self._frame.fill_rect(x + scale * column, y + scale * row, scale, scale, 1)


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

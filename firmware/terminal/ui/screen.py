"""Text and pictures on a display of one bit a pixel, in cells of 8 x 16 (full-width: 16 x 16).

Everything can be drawn at twice its size. Rows begin at multiples of 8 pixels: what is enlarged is
enlarged byte by byte of the display's pages.
"""

import framebuf

from . import glyphs

ROW = 16
PICTURE = 32
DIGIT_WIDTH, DIGIT_HEIGHT = 32, 40  # of the large characters; a point has half the width
_DIGIT_SIZE = 160
_HLSB = framebuf.MONO_HLSB
_HALF_SIZE = 16
_FULL_SIZE = 32
_PICTURE_SIZE = 128
# Each bit of four twice.
_WIDE = b"\x00\x03\x0c\x0f\x30\x33\x3c\x3f\xc0\xc3\xcc\xcf\xf0\xf3\xfc\xff"


class Canvas:
    """display: width, height, buffer (MONO_VLSB) and show()."""

    def __init__(self, display):
        self._display = display
        self.width, self.height = display.width, display.height
        self._frame = framebuf.FrameBuffer(
            display.buffer, display.width, display.height, framebuf.MONO_VLSB
        )
        # One row of text before it is enlarged.
        self._strip = bytearray(display.width // 2 * ROW // 8)
        self._strip_frame = framebuf.FrameBuffer(
            self._strip, display.width // 2, ROW, framebuf.MONO_VLSB
        )
        self._doubled = {}  # by character: the dozen of amounts
        self._inverse = framebuf.FrameBuffer(bytearray(b"\x80"), 2, 1, _HLSB)

    def clear(self):
        """All paper."""
        self._frame.fill(0)

    def show(self):
        """Send what changed."""
        self._display.show()

    def bar(self, y, height):
        """All ink, from edge to edge."""
        self._frame.fill_rect(0, y, self.width, height, 1)

    def text(self, text, x, y, scale=1, is_inverted=False):
        """From x to the right as far as there is room; unknown characters become "?"."""
        if scale == 2 and not is_inverted and all(c in glyphs.HALF for c in text):
            self._large(text, x, y)
            return
        frame, left, top = self._frame, x, y
        if scale == 2:
            frame, left, top = self._strip_frame, 0, 0
            frame.fill(1 if is_inverted else 0)
        room, used = (self.width - x) // scale, 0
        for character in text:
            width, bits = _shape(character)
            if used + width > room:
                break
            shape = framebuf.FrameBuffer(bytearray(bits), width, ROW, _HLSB)
            if is_inverted:
                frame.blit(shape, left + used, top, -1, self._inverse)
            else:
                frame.blit(shape, left + used, top)
            used += width
        if scale == 2:
            self._enlarge(x, y // 8, used)

    def _large(self, text, x, y):
        """Half-width characters at twice their size: amounts, which a tap waits for."""
        for character in text:
            if x + 16 > self.width:
                return
            shape = self._doubled.get(character)
            if shape is None:
                shape = self._doubled[character] = _doubled(_shape(character)[1])
            self._frame.blit(shape, x, y)
            x += 16

    def middle(self, text, left, y, scale=1, is_inverted=False):
        """Between `left` and the right edge, on whole cells."""
        room = self.width - left
        space = max(0, room - width_of(text) * scale) // 2
        self.text(text, left + space // 8 * 8, y, scale, is_inverted)

    def picture(self, name, x, y, scale=1):
        """One of glyphs.PICTURES."""
        at = glyphs.PICTURES.find(name) * _PICTURE_SIZE
        bits = bytearray(glyphs.PICTURE_BITS[at : at + _PICTURE_SIZE])
        shape = framebuf.FrameBuffer(bits, PICTURE, PICTURE, _HLSB)
        if scale == 1:
            self._frame.blit(shape, x, y)
            return
        for part in range(PICTURE // ROW):
            self._strip_frame.blit(shape, 0, -part * ROW)
            self._enlarge(x, y // 8 + part * 4, PICTURE)

    def digits(self, text, x, y):
        """The large characters; all of `text` must be in glyphs.DIGITS."""
        for character in text:
            at = glyphs.DIGITS.find(character) * _DIGIT_SIZE
            width = digits_width(character)
            bits = bytearray(glyphs.DIGIT_BITS[at : at + _DIGIT_SIZE])
            shape = framebuf.FrameBuffer(bits, width, DIGIT_HEIGHT, _HLSB, DIGIT_WIDTH)
            self._frame.blit(shape, x, y)
            x += width

    def _enlarge(self, x, page, columns):
        """The strip's first columns at twice their size to x and three pages down from `page`."""
        buffer, strip, width = self._display.buffer, self._strip, self.width
        at = 0
        for _ in range(2):
            upper = page * width + x
            lower = upper + width
            for byte in strip[at : at + columns]:
                buffer[upper] = buffer[upper + 1] = _WIDE[byte & 15]
                buffer[lower] = buffer[lower + 1] = _WIDE[byte >> 4]
                upper += 2
                lower += 2
            at += width // 2
            page += 2


def _doubled(bits):
    """A half-width glyph at twice its size, 16 x 32."""
    out = bytearray(64)
    for at in range(_HALF_SIZE):
        byte = bits[at]
        out[4 * at] = out[4 * at + 2] = _WIDE[byte >> 4]
        out[4 * at + 1] = out[4 * at + 3] = _WIDE[byte & 15]
    return framebuf.FrameBuffer(out, 16, 32, _HLSB)


def width_of(text):
    """Pixels at single size."""
    return sum(8 if c in glyphs.HALF or c not in glyphs.FULL else 16 for c in text)


def digits_width(text):
    """Pixels of large characters; 0 if they are not all there are."""
    if not all(c in glyphs.DIGITS for c in text):
        return 0
    return sum(DIGIT_WIDTH // 2 if c == "." else DIGIT_WIDTH for c in text)


def first_row(count, shown, selected):
    """The first of `count` rows to show where `shown` fit: the selected one is in the middle."""
    return max(0, min((selected or 0) - shown // 2, count - shown))


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

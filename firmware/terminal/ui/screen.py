"""Text and pictures on a display of one bit a pixel, in cells of 8 x 16 (full-width: 16 x 16).

Everything can be drawn at twice its size. What is drawn begins at a multiple of 8 pixels from the
top: glyphs are stored as the display's pages are, and are copied as they stand.
"""

import framebuf

from . import glyphs

ROW = 16
PICTURE = 32
DIGIT_WIDTH, DIGIT_HEIGHT = 32, 40  # of the large characters; a point has half the width
_DIGIT_SIZE = 160
_PICTURE_SIZE = 128
_FIRST, _END = 0x20, 0x7F  # printable ASCII
# Each bit of four twice.
_WIDE = b"\x00\x03\x0c\x0f\x30\x33\x3c\x3f\xc0\xc3\xcc\xcf\xf0\xf3\xfc\xff"


class Canvas:
    """display: width, height, buffer (MONO_VLSB) and show()."""

    def __init__(self, display):
        self._display = display
        self.width, self.height = display.width, display.height
        self._buffer = buffer = display.buffer
        # Searching a str of Chinese takes a quarter of a millisecond on an RP2040.
        self._full = {ord(character): at for at, character in enumerate(glyphs.FULL)}
        self._lent = {}  # code point -> pages, of glyphs that the host lends
        # The pages as rows of bytes: framebuf fills GS8 by memset, one bit a pixel by pixels.
        self._pages = framebuf.FrameBuffer(buffer, self.width, self.height // 8, framebuf.GS8)
        # One row of text before it is enlarged, and what framebuf needs to do that: each byte is
        # looked up in a palette, for the upper page and for the lower.
        self._strip = memoryview(bytearray(self.width // 2 * ROW // 8))
        self._doubled = framebuf.FrameBuffer(buffer, 2, len(buffer) // 2, framebuf.GS8)
        self._palettes = (
            _palette(_WIDE[byte & 15] for byte in range(256)),
            _palette(_WIDE[byte >> 4] for byte in range(256)),
        )

    def lend(self, lent):
        """Glyphs beside the font's, in the place of those before: {code point: pages}."""
        self._lent = lent

    def can_show(self, text):
        """True if every character of `text` has a glyph."""
        return all(character in glyphs.HALF or self._is_full(ord(character)) for character in text)

    def _is_full(self, number):
        return number in self._full or number in self._lent

    def clear(self):
        """All paper."""
        self._pages.fill(0)

    def show(self):
        """Send what changed."""
        self._display.show()

    def bar(self, y, height):
        """All ink, from edge to edge."""
        self._pages.fill_rect(0, y // 8, self.width, height // 8, 0xFF)

    def width_of(self, text):
        """Pixels at single size."""
        width = 8 * len(text)
        for character in text:
            if character > "\x7f" and self._is_full(ord(character)):
                width += 8
        return width

    def text(self, text, x, y, scale=1, is_inverted=False):
        """From x to the right as far as there is room; unknown characters become "?"."""
        target, stride, at = self._buffer, self.width, y // 8 * self.width + x
        if scale == 2:
            target, stride, at = self._strip, self.width // 2, 0
        end = at + (self.width - x) // scale
        full, start = self._full, at
        for character in text:
            number, width, bits = ord(character), 8, glyphs.HALF_BITS
            if number in full:
                number, width, bits = full[number], 16, glyphs.FULL_BITS
            elif number in self._lent:
                number, width, bits = 0, 16, self._lent[number]
            else:
                number = _half(number)
            if at + width > end:
                break
            upper = number * width * 2
            lower = upper + width
            target[at : at + width] = bits[upper:lower]
            target[at + stride : at + stride + width] = bits[lower : lower + width]
            at += width
        if is_inverted:
            self._invert(target, start, at)
            self._invert(target, start + stride, at + stride)
        if scale == 2 and at > start:
            self._enlarge(x, y // 8, at - start)

    @staticmethod
    def _invert(target, start, end):
        for at in range(start, end):
            target[at] ^= 0xFF

    def middle(self, text, left, y, scale=1, is_inverted=False):
        """Between `left` and the right edge, on whole cells."""
        room = self.width - left
        space = max(0, room - self.width_of(text) * scale) // 2
        self.text(text, left + space // 8 * 8, y, scale, is_inverted)

    def picture(self, name, x, y, scale=1):
        """One of glyphs.PICTURES."""
        at = glyphs.PICTURES.find(name) * _PICTURE_SIZE
        bits, page = glyphs.PICTURE_BITS[at : at + _PICTURE_SIZE], y // 8
        if scale == 1:
            self._copy(bits, PICTURE, PICTURE, x, page)
            return
        stride, half = self.width // 2, _PICTURE_SIZE // 2
        for start in (0, half):
            self._strip[:PICTURE] = bits[start : start + PICTURE]
            self._strip[stride : stride + PICTURE] = bits[start + PICTURE : start + half]
            self._enlarge(x, page, PICTURE)
            page += 4

    def digits(self, text, x, y):
        """The large characters; all of `text` must be in glyphs.DIGITS."""
        for character in text:
            at = glyphs.DIGITS.find(character) * _DIGIT_SIZE
            width = digits_width(character)
            bits = glyphs.DIGIT_BITS[at : at + _DIGIT_SIZE]
            self._copy(bits, DIGIT_WIDTH, width, x, y // 8)
            x += width

    def _copy(self, bits, stride, width, x, page):
        """The left `width` columns of what has `stride` of them."""
        at = page * self.width + x
        for start in range(0, len(bits), stride):
            self._buffer[at : at + width] = bits[start : start + width]
            at += self.width

    def _enlarge(self, x, page, columns):
        """The strip's first columns at twice their size to x and three pages down from `page`."""
        half = self.width // 2
        row = (page * self.width + x) // 2
        for start in (0, half):
            part = self._strip[start : start + columns]
            source = framebuf.FrameBuffer(part, 1, columns, framebuf.GS8)
            for palette in self._palettes:
                self._doubled.blit(source, 0, row, -1, palette)
                self._doubled.blit(source, 1, row, -1, palette)
                row += half


def _palette(values):
    return framebuf.FrameBuffer(bytearray(values), 256, 1, framebuf.GS8)


def digits_width(text):
    """Pixels of large characters; 0 if they are not all there."""
    if not all(c in glyphs.DIGITS for c in text):
        return 0
    return sum(DIGIT_WIDTH // 2 if c == "." else DIGIT_WIDTH for c in text)


def first_row(count, shown, selected):
    """The first of `count` rows to show where `shown` fit: the selected one is in the middle."""
    return max(0, min((selected or 0) - shown // 2, count - shown))


def _half(code):
    """Number in glyphs.HALF, which begins with printable ASCII; that of "?" if it is not there."""
    if _FIRST <= code < _END:
        return code - _FIRST
    at = glyphs.HALF.find(chr(code))
    return at if at >= 0 else ord("?") - _FIRST

"""Looks at a monochrome framebuffer: draws it as text, and reads the text that is drawn in it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from onecard.sim.picture import Picture

CELL_WIDTH, CELL_HEIGHT = 8, 16
_SMALL_HEIGHT = 64
_INKS = " ▀▄█"
_BRAILLE = 0x2800
_DOUBLED = [int("".join(bit * 2 for bit in f"{byte:08b}"), 2) for byte in range(256)]
_STEPS = {16: 1, 32: 2, 128: 4}  # size of a glyph or picture -> bytes of one of its rows


def half_blocks(framebuffer: bytes, width: int = 128, height: int = 64) -> str:
    """height/2 lines of width characters, two pixels each, for a terminal.

    framebuffer: MONO_VLSB, width * height / 8 bytes. Raises ValueError for another size.
    """
    if len(framebuffer) != width * height // 8:
        raise ValueError(f"{len(framebuffer)} bytes are no {width}x{height} framebuffer")
    lines = []
    for y in range(0, height, 2):
        row = framebuffer[(y >> 3) * width : ((y >> 3) + 1) * width]
        lines.append("".join(_INKS[byte >> (y & 7) & 3] for byte in row))
    return "\n".join(lines)


def braille(framebuffer: bytes, width: int = 128, height: int = 64) -> str:
    """height/4 lines of width/2 characters, eight pixels each: for small windows.

    framebuffer: as for half_blocks. Raises ValueError for another size.
    """
    if len(framebuffer) != width * height // 8:
        raise ValueError(f"{len(framebuffer)} bytes are no {width}x{height} framebuffer")
    lines = []
    for y in range(0, height, 4):
        row = framebuffer[(y >> 3) * width : ((y >> 3) + 1) * width]
        four = [byte >> (y & 7) & 15 for byte in row]
        pairs = zip(four[::2], four[1::2], strict=True)
        lines.append("".join(chr(_BRAILLE + _dots(left, right)) for left, right in pairs))
    return "\n".join(lines)


def _dots(left: int, right: int) -> int:
    """Dots 1 2 3 7 and 4 5 6 8 of a braille cell (Unicode, block 2800) from two columns."""
    return left & 7 | (left & 8) << 3 | (right & 7) << 3 | (right & 8) << 4


class _Picture:
    """The framebuffer as one integer a row, the leftmost pixel highest."""

    def __init__(self, framebuffer: bytes, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.rows = []
        for y in range(height):
            page = framebuffer[(y >> 3) * width : ((y >> 3) + 1) * width]
            self.rows.append(int("".join("1" if b >> (y & 7) & 1 else "0" for b in page), 2))

    def block(self, x: int, y: int, width: int, height: int) -> tuple[int, ...] | None:
        """The pixels of a rectangle, None if it does not lie in the picture."""
        if x + width > self.width or y + height > self.height:
            return None
        shift, mask = self.width - x - width, (1 << width) - 1
        return tuple(row >> shift & mask for row in self.rows[y : y + height])


def _glyph_rows(bitmap: bytes) -> tuple[int, tuple[int, ...]]:
    """Width in pixels and rows of a glyph in GNU Unifont's form, or of a picture of 32 x 32."""
    if len(bitmap) not in _STEPS:
        raise ValueError("a glyph has 16 rows of one or two bytes, a picture 32 of four")
    step = _STEPS[len(bitmap)]
    rows = (int.from_bytes(bitmap[i : i + step], "big") for i in range(0, len(bitmap), step))
    return step * 8, tuple(rows)


def _double(rows: tuple[int, ...]) -> tuple[int, ...]:
    """Each pixel as two by two."""
    return tuple(wide for row in rows for wide in (_wide(row),) * 2)


def _wide(row: int) -> int:
    """Each pixel twice."""
    wide = shift = 0
    while row >> shift:
        wide |= _DOUBLED[row >> shift & 0xFF] << 2 * shift
        shift += 8
    return wide


class ScreenReader:
    """Reads text on a grid of 8x16 cells, at single and at double size, upright or inverted.

    glyphs: character to bitmap, rows from the top, one or two bytes a row, leftmost pixel in the
    highest bit; also name to picture, of four bytes a row. Where two look alike the first in the
    dict is read. digits: large characters, of four bytes a row, "." in the left half of its.
    """

    def __init__(
        self, glyphs: dict[str, bytes], digits: Mapping[str, bytes] = MappingProxyType({})
    ) -> None:
        self._shapes: dict[tuple[int, int], dict[tuple[int, ...], str]] = {}
        self.learn(glyphs)
        for char, bitmap in digits.items():
            rows = tuple(
                int.from_bytes(bitmap[i : i + 4], "big") for i in range(0, len(bitmap), 4)
            )
            self._add(
                *((16, tuple(row >> 16 for row in rows)) if char == "." else (32, rows)), char
            )

    def learn(self, glyphs: dict[str, bytes]) -> None:
        """Read these, too."""
        for char, bitmap in glyphs.items():
            width, rows = _glyph_rows(bitmap)
            if any(rows):
                self._add(width, rows, char)
                self._add(2 * width, _double(rows), char)

    def _add(self, width: int, rows: tuple[int, ...], char: str) -> None:
        self._shapes.setdefault((width, len(rows)), {}).setdefault(rows, char)

    def read(self, framebuffer: bytes, width: int = 128, height: int = 64) -> list[str]:
        """One line a row of cells, blanks at its end cut off.

        A blank cell is a space, one that is no known character U+FFFD. Text at double size is in
        the upper of its two lines; the lower one has spaces there.
        """
        picture = _Picture(framebuffer, width, height)
        taken: dict[tuple[int, int], str] = {}  # cells of a glyph but its first: what to add
        lines = []
        for y in range(0, height, CELL_HEIGHT):
            cells = []
            for x in range(0, width, CELL_WIDTH):
                if (x, y) in taken:
                    cells.append(taken[x, y])
                else:
                    cells.append(self._cell(picture, x, y, taken))
            lines.append("".join(cells).rstrip())
        return lines

    def read_picture(self, picture: Picture) -> list[str]:
        """The rows of text on a display, from the top; a large one's begin at any page."""
        width, height, mono = picture.width, picture.height, picture.mono
        if height == _SMALL_HEIGHT:
            return self.read(mono, width, height)
        found: dict[int, str] = {}
        for top in (0, CELL_HEIGHT // 2):
            rows = (height - top) // CELL_HEIGHT
            start = top // 8 * width
            part = mono[start : start + rows * CELL_HEIGHT // 8 * width]
            for number, line in enumerate(self.read(part, width, rows * CELL_HEIGHT)):
                text = line.replace("\ufffd", " ").rstrip()
                if text:
                    found[top + number * CELL_HEIGHT] = text
        return [found[y] for y in sorted(found)]

    def _cell(self, picture: _Picture, x: int, y: int, taken: dict[tuple[int, int], str]) -> str:
        for (width, height), shapes in sorted(self._shapes.items(), reverse=True):
            if any((cx, y) in taken for cx in range(x, x + width, CELL_WIDTH)):
                continue
            block = picture.block(x, y, width, height)
            if block is None or not any(block):
                continue
            full = (1 << width) - 1
            char = shapes.get(block) or shapes.get(tuple(row ^ full for row in block))
            if char is not None:
                self._take(x, y, width, height, taken)
                return char
        block = picture.block(x, y, CELL_WIDTH, CELL_HEIGHT)
        return (
            " " if block is None or (len(set(block)) == 1 and block[0] in (0, 0xFF)) else "\ufffd"
        )

    @staticmethod
    def _take(x: int, y: int, width: int, height: int, taken: dict[tuple[int, int], str]) -> None:
        for cell_y in range(y, y + height, CELL_HEIGHT):
            for cell_x in range(x, x + width, CELL_WIDTH):
                if (cell_x, cell_y) != (x, y):
                    taken[cell_x, cell_y] = "" if cell_y == y else " "

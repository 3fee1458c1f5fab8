"""What displays show: as colours, as ink, as a PNG file that others read, as rows of text."""

import io
import random

import pytest
from buses import Timers
from onecard.errors import OneCardError
from onecard.sim.buses import Line, SpiPart
from onecard.sim.chips.st7789 import ST7789Chip
from onecard.sim.picture import Picture
from onecard.sim.screen import ScreenReader
from onecard.sim.terminal_parts import TerminalParts
from onecard.sim.workplace import open_world
from PIL import Image

BLUE, WHITE = (0, 70, 150), (255, 255, 255)


def banded(width, height, ink_at, bands):
    """A picture of ink where ink_at(x, y) is, in bands of (pages, ink, paper)."""
    colours = [pair for pages, *pair in bands for _ in range(8 * pages)]
    pixels = [colours[y][not ink_at(x, y)] for y in range(height) for x in range(width)]
    return Picture(width, height, b"".join(map(bytes, pixels)))


def test_a_mono_display_is_its_framebuffer_and_a_png_of_it():
    raw = random.Random(1).randbytes(1024)
    picture = Picture.of_mono(raw)
    assert picture.mono == raw and Picture(128, 64, picture.rgb).height == 64
    image = Image.open(io.BytesIO(picture.png))
    assert image.size == (128, 64) and image.convert("RGB").tobytes() == picture.rgb
    lit = [sum(image.getpixel((x, y))) > 0 for y in (0, 9) for x in range(128)]
    assert lit == [bool(raw[y // 8 * 128 + x] >> y % 8 & 1) for y in (0, 9) for x in range(128)]
    with pytest.raises(ValueError, match="framebuffer"):
        Picture.of_mono(bytes(1000))


def test_ink_is_what_is_rarer_in_its_page_whatever_the_colours():
    bands = ((2, BLUE, WHITE), (28, WHITE, BLUE))
    picture = banded(320, 240, lambda x, y: x == 5 or y == 100, bands)
    mono = picture.mono
    assert len(mono) == 9600
    for page in range(30):
        row = mono[page * 320 : (page + 1) * 320]
        assert row[5] == 0xFF and row[6] == (0x10 if page == 12 else 0)
    half = picture.half
    assert (half.width, half.height) == (160, 120)
    assert half.rgb[:3] == bytes(WHITE) and half.rgb[-3:] == bytes(BLUE)


def test_text_of_a_large_display_is_read_at_any_page_and_in_large_digits():
    rng = random.Random(2)
    glyphs = {c: rng.randbytes(16) for c in "AB"}
    digits = {c: rng.randbytes(160) for c in "1"} | {
        ".": b"".join(rng.randbytes(2) + bytes(2) for _ in range(40))
    }
    ink = set()

    def draw(bitmap, step, x, y, scale):
        for row in range(len(bitmap) // step):
            bits = int.from_bytes(bitmap[row * step : (row + 1) * step], "big")
            for column in range(8 * step):
                if bits >> (8 * step - 1 - column) & 1:
                    ink.update(
                        (x + column * scale + dx, y + row * scale + dy)
                        for dx in range(scale)
                        for dy in range(scale)
                    )

    draw(glyphs["A"], 1, 0, 8, 2)
    draw(digits["1"], 4, 64, 72, 1)
    draw(digits["."], 4, 96, 72, 1)
    draw(glyphs["B"], 1, 16, 128, 2)
    picture = banded(320, 240, lambda x, y: (x, y) in ink, ((6, BLUE, WHITE), (24, WHITE, BLUE)))
    rows = ScreenReader(glyphs, digits).read_picture(picture)
    assert [row.strip() for row in rows] == ["A", "1.", "B"]


class OneByOne(ST7789Chip):
    """Takes every byte by itself."""

    transfer = SpiPart.transfer


@pytest.mark.parametrize("mounting", (0x60, 0x00, 0xC0, 0xA0))
def test_pixels_in_one_go_are_the_same_as_byte_by_byte(mounting):
    rng = random.Random(mounting)
    lines = Line(), Line()
    chips = (
        ST7789Chip(Timers(), lines[0], mounting=mounting),
        OneByOne(Timers(), lines[1], mounting=mounting),
    )

    def send(is_data, data):
        for chip, line in zip(chips, lines, strict=True):
            line.drive(is_data)
            chip.select(True)
            assert len(chip.transfer(data)) == len(data)
            chip.select(False)

    for is_data, data in (
        (0, b"\x11"),
        (0, b"\x3a"),
        (1, b"\x55"),
        (0, b"\x36"),
        (1, bytes((mounting,))),
        (0, b"\x29"),
    ):
        send(is_data, data)
    columns, rows = chips[0].size
    for _ in range(12):
        x0, y0 = rng.randrange(columns - 20), rng.randrange(rows - 6)
        x1, y1 = x0 + rng.randrange(20), y0 + rng.randrange(6)
        for code, start, end in ((b"\x2a", x0, x1), (b"\x2b", y0, y1)):
            send(0, code)
            send(1, start.to_bytes(2, "big") + end.to_bytes(2, "big"))
        send(0, b"\x2c")
        send(1, rng.randbytes(2 * rng.randrange(1, 200)))  # also beyond the window's end
        send(1, rng.randbytes(rng.choice((1, 3))))  # half a pixel
        send(1, rng.randbytes(5))
        send(0, rng.choice((b"\x20", b"\x21")))
    whole, single = chips
    assert whole._ram == single._ram and whole.data_bytes == single.data_bytes
    picture = whole.picture()
    spots = [(rng.randrange(columns), rng.randrange(rows)) for _ in range(500)]
    for x, y in spots:
        at = 3 * (y * columns + x)
        assert tuple(picture[at : at + 3]) == whole.pixel(x, y)
    send(0, b"\x28")
    assert not any(whole.picture())


def test_a_display_that_is_not_there_is_told(tmp_path):
    with pytest.raises(ValueError, match="ssd1306, st7789"):
        TerminalParts(None, None, Timers(), display="e-ink")
    with pytest.raises(OneCardError, match="no display 'e-ink'"):
        open_world("unix", tmp_path, display="e-ink")

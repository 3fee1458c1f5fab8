"""Draws firmware/terminal/ui/digits.hex, the large characters of amounts and codes.

    python tools/large_digits.py /usr/share/fonts/truetype/dejavu/DejaVuSansCondensed-Bold.ttf

The file is committed: a build needs neither the font nor Pillow and is the same everywhere.
"""

import sys
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

CHARACTERS = "-.0123456789E¥"
WIDTH, HEIGHT = 32, 40
EM, BASELINE = 50, 38  # pixels
FINE = 8  # how much finer a character is drawn before each pixel is decided by its share of ink
OUT = Path(__file__).parents[1] / "firmware" / "terminal" / "ui" / "digits.hex"


def draw(font: ImageFont.FreeTypeFont, character: str) -> bytes:
    """Rows from the top, four bytes each, left pixel highest; "." is in the left half."""
    cell = WIDTH // 2 if character == "." else WIDTH
    fine = Image.new("L", (WIDTH * FINE, HEIGHT * FINE), 0)
    at = (cell * FINE / 2, BASELINE * FINE)
    ImageDraw.Draw(fine).text(at, character, 255, font, anchor="ms")
    pixels = fine.resize((WIDTH, HEIGHT), Image.Resampling.BOX).point(lambda v: v >= 128 and 255)
    return pixels.convert("1").tobytes()


def main(path: str) -> None:
    """path: the font's."""
    font = ImageFont.truetype(path, EM * FINE)
    lines = [f"{ord(c):04X}:{draw(font, c).hex().upper()}\n" for c in CHARACTERS]
    OUT.write_text("".join(lines), encoding="ascii")


main(*sys.argv[1:])

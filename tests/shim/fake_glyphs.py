"""Stands in for terminal.ui.glyphs, which the build makes from a font: every character the texts
use and every picture, each with a shape of its own, so that unit tests need neither the font nor
the build."""

import functools
import hashlib
import re
import sys
import types
from pathlib import Path

from onecard.build.glyphs import to_rows

_FOLDER = Path(__file__).parents[2] / "firmware" / "terminal" / "ui"


def shape(character, size):
    """`size` bytes that no other character has."""
    return hashlib.shake_128(character.encode()).digest(size)


@functools.cache
def characters():
    """What ScreenReader must know to read the stand-in's characters and pictures."""
    module = sys.modules["terminal.ui.glyphs"]
    return {
        **{c: to_rows(shape(c, 16), 8) for c in module.HALF if c != " "},
        **{c: to_rows(shape(c, 32), 16) for c in module.FULL},
        **{2 * c: to_rows(shape(c, 128), 32) for c in module.PICTURES},
    }


def install():
    """Put the stand-in where `from . import glyphs` finds it."""
    tables = "".join(path.read_text(encoding="utf-8") for path in _FOLDER.glob("texts*.py"))
    literals = "".join(re.findall(r'"([^"\n]*)"', tables))
    drawn = (_FOLDER / "pictures.txt").read_text(encoding="utf-8")
    pictures = "".join(re.findall(r"^(.) 32$", drawn, re.MULTILINE))
    ascii_characters = {chr(c) for c in range(0x20, 0x7F)}
    module = types.ModuleType("terminal.ui.glyphs")
    module.HALF = "".join(sorted(ascii_characters | {"¥"}))
    module.FULL = "".join(sorted(set(literals + pictures) - ascii_characters - {"¥"}))
    module.PICTURES = pictures
    module.DIGITS = "-.0123456789E¥"
    module.HALF_BITS = b"".join(bytes(16) if c == " " else shape(c, 16) for c in module.HALF)
    module.FULL_BITS = b"".join(shape(c, 32) for c in module.FULL)
    module.PICTURE_BITS = b"".join(shape(c, 128) for c in pictures)
    module.DIGIT_BITS = b"".join(shape(c, 160) for c in module.DIGITS)
    sys.modules["terminal.ui.glyphs"] = module

"""Stands in for terminal.ui.glyphs, which the build makes from a font: every character the texts
use, each with a shape of its own, so that unit tests need neither the font nor the build."""

import hashlib
import re
import sys
import types
from pathlib import Path

_TEXTS = Path(__file__).parents[2] / "firmware" / "terminal" / "ui" / "texts.py"


def shape(character, size):
    """`size` bytes that no other character has."""
    return hashlib.shake_128(character.encode()).digest(size)


def install():
    """Put the stand-in where `from . import glyphs` finds it."""
    literals = "".join(re.findall(r'"([^"\n]*)"', _TEXTS.read_text(encoding="utf-8")))
    ascii_characters = {chr(c) for c in range(0x20, 0x7F)}
    module = types.ModuleType("terminal.ui.glyphs")
    module.HALF = "".join(sorted(ascii_characters | {"¥"}))
    module.FULL = "".join(sorted(set(literals) - ascii_characters - {"¥"}))
    module.HALF_BITS = b"".join(bytes(16) if c == " " else shape(c, 16) for c in module.HALF)
    module.FULL_BITS = b"".join(shape(c, 32) for c in module.FULL)
    sys.modules["terminal.ui.glyphs"] = module

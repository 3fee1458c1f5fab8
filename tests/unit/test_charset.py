"""The receipt printers' table: every character of the firmware's texts, as GB18030 has it."""

import importlib.util

import pytest
from onecard.build import charset, glyphs
from onecard.build.sources import project_root
from onecard.errors import OneCardError

from drivers.gb18030 import Encoder

USED = glyphs.used_characters(project_root() / "firmware" / "terminal" / "ui")


def table(characters, folder):
    """The generated module, loaded."""
    file = folder / "gb_table.py"
    charset.write_module(characters, file)
    spec = importlib.util.spec_from_file_location("gb_table", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_character_of_the_firmwares_texts_prints_as_itself(tmp_path):
    made = table(USED, tmp_path)
    encoder = Encoder(made.CHARACTERS, made.CODES)
    assert len(made.CHARACTERS) > 100
    for character in USED:
        shown = "￥" if character == "¥" else character
        assert encoder.encode(character).decode("gb18030") == shown


def test_a_character_that_small_printers_do_not_have_is_named():
    with pytest.raises(OneCardError, match="receipt printers have no ñ"):
        charset.codes_of("合ñ")


def test_ascii_needs_no_table(tmp_path):
    assert table("abc", tmp_path).CHARACTERS == ""


def test_the_same_texts_leave_the_file_as_it_is(tmp_path):
    table(USED, tmp_path)
    before = (tmp_path / "gb_table.py").stat().st_mtime_ns
    table(USED, tmp_path)
    assert (tmp_path / "gb_table.py").stat().st_mtime_ns == before

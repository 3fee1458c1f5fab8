"""Glyphs that the host lends for names, and what a terminal does with them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ocwire import glyphs
from ocwire.errors import SettingError
from ocwire.settings import check, hidden
from onecard import lent
from onecard.build.glyphs import to_pages, to_rows

from drivers.gb18030 import Encoder

ENTRIES = st.lists(
    st.tuples(
        st.characters(min_codepoint=0x80, max_codepoint=0xFFFF, exclude_categories=["Cs"]),
        st.binary(min_size=2, max_size=2),
        st.binary(min_size=32, max_size=32),
    ),
    max_size=5,
)


@given(ENTRIES)
def test_what_is_packed_comes_out(entries):
    found = glyphs.unpack(glyphs.pack(entries))
    assert found == [(ord(character), code, pages) for character, code, pages in entries]


@given(st.text(max_size=200))
def test_any_text_is_glyphs_or_a_value_error(text):
    try:
        found = glyphs.unpack(text)
    except ValueError:
        return
    assert len(found) == len(text) // glyphs.TEXT_SIZE


def test_glyphs_that_are_none_are_told():
    ascii_entry = glyphs.pack([("\x41", b"AA", bytes(32))])
    for text in ("A", "!" * glyphs.TEXT_SIZE, ascii_entry):
        with pytest.raises(SettingError, match="glyph"):
            check({"glyphs": text})


def test_names_are_lent_what_the_font_lacks_once_each():
    values = {"menu": [{"name": "红烧排骨"}, {"name": "排骨米饭"}], "merchant": "第一小学食堂"}
    sent = lent.with_glyphs(values)
    found = glyphs.unpack(sent["glyphs"])
    assert [chr(number) for number, _, _ in found] == list("烧排骨")
    assert b"".join(code for _, code, _ in found).decode("gb18030") == "烧排骨"
    assert all(any(pages) and to_pages(to_rows(pages, 16), 16) == pages for _, _, pages in found)
    assert {name: value for name, value in sent.items() if name != "glyphs"} == values
    assert lent.missing(sent) == "" and lent.missing(values) == "烧排骨"


def test_no_more_are_lent_than_there_is_room_for():
    sent = lent.with_glyphs({"name": "烧排骨"}, most=2)
    assert len(glyphs.unpack(sent["glyphs"])) == 2 and lent.missing(sent) == "骨"


def test_what_the_font_has_needs_nothing_and_what_no_font_has_is_told():
    assert lent.with_glyphs({"merchant": "Canteen 食堂"}) == {"merchant": "Canteen 食堂"}
    assert lent.missing(lent.with_glyphs({"merchant": "🍚"})) == "🍚"


def test_they_are_not_shown_to_who_reads_settings():
    sent = lent.with_glyphs({"merchant": "烧排骨"})
    assert "glyphs" not in hidden(check(sent))


def test_a_printer_prints_lent_characters_until_others_are_lent():
    encoder = Encoder("食", "食".encode("gb18030"))
    assert encoder.encode("食烧") == "食".encode("gb18030") + b"?"
    encoder.lend({"烧": "烧".encode("gb18030")})
    assert encoder.encode("食烧").decode("gb18030") == "食烧"
    encoder.lend({})
    assert encoder.encode("烧") == b"?"

"""The colour layout: bands in a mood's colours, large digits, lists."""

import pytest
from fake_glyphs import characters, shape
from inproc import Buzzer, ColourDisplay
from onecard.sim.screen import ScreenReader
from terminal import outcomes
from terminal.ui import facade, glyphs, moods, texts

KINDS = sorted(texts.OUTCOMES)
READER = ScreenReader(characters())


def colour_ui(language="zh"):
    display = ColourDisplay()
    return facade.UI(display, Buzzer(), language), display


def row_at(display, y):
    """Text of the line that begins `y` pixels from the top; a large space is two cells."""
    frame = bytes(display.buffer[y // 8 * 320 : (y // 8 + 4) * 320])
    return READER.read(frame, 320, 32)[0].strip().replace("  ", " ")


def digits_at(display, y, left):
    """Large characters that begin `y` pixels from the top, from `left` on; no points."""
    shapes = {shape(c, 160): c for c in glyphs.DIGITS}
    out, x = "", left
    while x <= 320 - 32:
        starts = [(y // 8 + page) * 320 + x for page in range(5)]
        char = shapes.get(b"".join(display.buffer[at : at + 32] for at in starts))
        out, x = out + (char or ""), x + (32 if char else 1)
    return out


def contrast(one, other):
    """Of two RGB565 colours, as WCAG 2.2 reckons it."""

    def light(colour):
        parts = (colour >> 11) / 31, (colour >> 5 & 63) / 63, (colour & 31) / 31
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((light(one), light(other)))
    return (high + 0.05) / (low + 0.05)


def test_every_mood_has_colours_of_its_own_that_can_be_read():
    assert len({paper for _, paper in moods.COLOURS}) == len(moods.COLOURS) == 8
    assert all(contrast(*pair) >= 4.5 for pair in moods.COLOURS)


@pytest.mark.parametrize("language", texts.LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_an_outcome_is_told_on_bands_in_its_moods_colours(kind, language):
    face, display = colour_ui(language)
    face.outcome(outcomes.Outcome(kind, None, 3800))
    _, first, last = texts.OUTCOMES[kind]
    assert row_at(display, 8) == face.pick(first)
    assert row_at(display, 200) == (face.pick(last) or face.pick(texts.BALANCE) + " ¥38.00")
    ink, paper = moods.COLOURS[moods.of_outcome(kind)]
    assert display.pairs == [(paper, ink)] * 6 + [(ink, paper)] * 18 + [(paper, ink)] * 6
    assert display.shown == 1


def test_amounts_and_codes_are_in_large_digits():
    face, display = colour_ui()
    face.page(moods.ENTRY, "食堂", "1234567890")
    assert digits_at(display, 96, 0) == "1234567890"
    face.outcome(outcomes.Outcome(outcomes.NOT_ENOUGH, -1200, 0))
    assert digits_at(display, 72, 80)[:4] == "¥-12" and digits_at(display, 120, 80) == "E08"
    face.outcome(outcomes.Outcome(outcomes.HOTLISTED))
    assert digits_at(display, 96, 80) == "E09"


def test_what_has_no_large_digits_is_text_at_double_size():
    face, display = colour_ui()
    face.entry("PIN", "****")
    assert row_at(display, 104) == "****"
    face.entry("Name", "abc¥" * 6)  # too long for that
    assert READER.read(display.buffer[104 * 40 :], 320, 16)[0].strip() == ("abc¥" * 6)


def test_a_colour_list_shows_six_rows_around_the_selected_one():
    face, display = colour_ui("en")
    rows = [f"row {number}" for number in range(9)]
    for selected, first in {None: 0, 0: 0, 3: 0, 4: 1, 8: 3}.items():
        face.rows(texts.SERVICE, rows, selected)
        assert row_at(display, 8) == "Service mode"
        seen = [row_at(display, 48 + 32 * line) for line in range(6)]
        assert seen == rows[first : first + 6]
        marked = [display.buffer[page * 320 + 319] == 0xFF for page in range(6, 30, 4)]
        at = None if selected is None else selected - first
        assert marked == [line == at for line in range(6)]

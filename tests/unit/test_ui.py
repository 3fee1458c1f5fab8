"""What the screen says and how it sounds: texts, moods, the mono layout, in both languages."""

import random
import re

import pytest
from fake_glyphs import characters, shape
from inproc import Buzzer, Display
from onecard.build import glyphs as glyph_build
from onecard.build.sources import project_root
from onecard.errors import OneCardError
from onecard.sim.screen import ScreenReader
from terminal import outcomes
from terminal.ui import facade, glyphs, moods, texts

CELLS = 16  # of a row, on the smallest display and on the colour one
KINDS = sorted(v for k, v in vars(outcomes).items() if k.isupper())
LARGEST = {"%d": "999", "%s": "¥9999.99", "%02d": "59", "%%": "%"}


READER = ScreenReader(characters())


def shown(display):
    return [row.strip() for row in READER.read(bytes(display.buffer))]


def cells(text):
    return sum(1 if c in glyphs.HALF else 2 for c in text)


def ui(language="zh"):
    display, buzzer = Display(), Buzzer()
    return facade.UI(display, buzzer, language), display, buzzer


def pairs(value):
    """Every text in a constant: pairs of strings, alone or in tables."""
    if isinstance(value, tuple) and len(value) == 2 and all(isinstance(v, str) for v in value):
        return [value]
    if isinstance(value, dict):
        value = tuple(value.values())
    if isinstance(value, tuple):
        return [pair for item in value for pair in pairs(item)]
    return []


def all_texts():
    constants = {k: v for k, v in vars(texts).items() if k.isupper() and k != "LANGUAGES"}
    return sorted({pair for value in constants.values() for pair in pairs(value)})


# -- texts ----------------------------------------------------------------------------------


def test_the_walk_finds_every_kind_of_constant():
    found = all_texts()
    for one in (texts.TAP, texts.SCENES["bus"], texts.OUTCOMES[outcomes.OTHER_CARD][2]):
        assert one in found
    assert len(found) > 60


@pytest.mark.parametrize("pair", all_texts(), ids=lambda pair: pair[1])
def test_every_text_fits_a_row_in_both_languages(pair):
    canvas = ui()[0].canvas
    forms = [re.findall(r"%[0-9]*[ds%]", text) for text in pair]
    assert forms[0] == forms[1]
    for text in pair:
        for form in forms[0]:
            text = text.replace(form, LARGEST[form], 1)
        assert 0 < cells(text) <= CELLS, text
        assert canvas.can_show(text), text


def test_english_is_ascii_and_chinese_has_a_chinese_character():
    for chinese, english in all_texts():
        assert english.isascii() and any(c in glyphs.FULL for c in chinese), (chinese, english)


def test_the_largest_balance_fits_its_row():
    for word in texts.BALANCE:
        assert cells(word + " ¥9999999.99") <= CELLS


def test_every_outcome_has_a_text_and_every_refusal_a_code_of_its_own():
    assert sorted(texts.OUTCOMES) == KINDS
    prompts = {outcomes.HOLD_STILL, outcomes.TAP_AGAIN, outcomes.PIN_NEEDED}
    good = {k for k in KINDS if moods.of_outcome(k) == moods.GOOD}
    codes = [code for code, _, _ in texts.OUTCOMES.values() if code]
    assert {k for k in KINDS if not texts.OUTCOMES[k][0]} == good | prompts
    assert len(set(codes)) == len(codes) and all(re.fullmatch(r"E\d\d", c) for c in codes)


def test_the_handbook_has_every_code_with_its_texts():
    handbook = (project_root() / "docs" / "scenes.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (E\d\d) \| (.+?) \| (.+?) \|", handbook, re.MULTILINE)
    assert rows == sorted((code, *first) for code, first, _ in texts.OUTCOMES.values() if code)


def test_values_are_filled_into_either_language():
    face, _, _ = ui()
    left = ("剩余 %d 次", "%d left")
    assert face.say(left, 3) == "剩余 3 次"
    face.language = 1
    assert face.say(left, 3) == "3 left"
    assert face.pick(texts.TAP) == "Tap card" and face.pick("¥1") == "¥1" and face.pick(None) == ""
    with pytest.raises(ValueError):
        facade.UI(Display(), Buzzer(), "fr")


# -- sound ----------------------------------------------------------------------------------


def test_moods_sound_apart():
    loud = [sound for sound in moods.SOUNDS if sound]
    assert len(set(loud)) == len(loud) == 6 and moods.SOUND_KEY not in loud
    assert all(len(sound) % 2 == 1 for sound in loud)  # ends with a sound, not a silence
    assert len(moods.SOUNDS) == len(moods.PICTURES) == 8


def test_money_that_moved_sounds_good_and_nothing_else_does():
    done = {k for k in KINDS if outcomes.Outcome(k).is_done} | {outcomes.IDENTIFIED}
    assert {k for k in KINDS if moods.of_outcome(k) == moods.GOOD} == done


def test_a_mood_without_a_sound_leaves_the_buzzer_alone():
    face, _, buzzer = ui()
    face.sound(moods.IDLE)
    assert buzzer.played == []
    face.key()
    face.sound(moods.HOLD)
    assert buzzer.played == [moods.SOUND_KEY, moods.SOUNDS[moods.HOLD]]


# -- the mono layout ------------------------------------------------------------------------


@pytest.mark.parametrize("language", texts.LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_an_outcome_shows_picture_text_code_amount_and_what_to_do(kind, language):
    face, display, buzzer = ui(language)
    face.outcome(outcomes.Outcome(kind, 1200, 3800))
    code, first, last = texts.OUTCOMES[kind]
    name = moods.PICTURES[moods.of_outcome(kind)]
    rows = shown(display)
    assert rows[0] == face.pick(first)
    assert rows[1].replace(" ", "") == 2 * (name or "") + "¥12.00"
    assert rows[2] == code
    assert rows[3] == (face.pick(last) if last else face.pick(texts.BALANCE) + " ¥38.00")
    assert len(buzzer.played) == 1 and display.shown == 1


def test_a_refusal_without_an_amount_shows_its_code_large():
    face, display, _ = ui()
    face.outcome(outcomes.Outcome(outcomes.HOTLISTED))
    assert shown(display) == ["卡已挂失", "✘✘   E09", "", "禁止使用"]


@pytest.mark.parametrize("fen", [1, 1200, 999999, 1000000, 10000000])
def test_an_amount_is_shown_with_all_its_digits(fen):
    face, display, _ = ui()
    face.idle("食堂", fen)
    head, middle, *rest = shown(display)
    assert head.endswith("食堂") and rest == ["", "请刷卡"]
    assert middle.removeprefix("≋≋").strip() == "¥" + facade.yuan(fen)
    face.outcome(outcomes.Outcome(outcomes.APPROVED, fen, 0))
    assert "¥" + facade.yuan(fen) in shown(display)[1]


@pytest.mark.parametrize("fen", [1, 1200, 9999, 99999])
def test_an_amount_that_was_paid_stays_where_it_was(fen):
    face, display, _ = ui()
    face.idle("食堂", fen)
    waiting = [display.buffer[page * 128 + 32 : page * 128 + 128] for page in range(2, 6)]
    face.outcome(outcomes.Outcome(outcomes.APPROVED, fen, 0))
    assert waiting == [display.buffer[page * 128 + 32 : page * 128 + 128] for page in range(2, 6)]


def test_an_amount_never_shrinks_for_a_picture():
    face, display, _ = ui()
    for fen, rows in {
        9999: ["支付成功", "✔✔¥99.99"],
        10000: ["✔  支付成功", "¥100.00"],
        999999: ["✔  支付成功", "¥9999.99"],
    }.items():
        face.outcome(outcomes.Outcome(outcomes.APPROVED, fen, 0))
        assert shown(display)[:3] == [*rows, ""]  # the row below is the amount's lower half


def test_a_picture_has_no_room_beside_a_long_head():
    face, display, _ = ui()
    face.page(moods.GOOD, "0123456789ABCDEF", "¥9999.99", None)
    assert shown(display) == ["0123456789ABCDEF", "¥9999.99", "", ""]


def test_amounts_in_yuan():
    texts_of = {0: "0.00", 5: "0.05", 1200: "12.00", 10000001: "100000.01", -50: "-0.50"}
    assert {fen: facade.yuan(fen) for fen in texts_of} == texts_of


def test_what_is_keyed_in_is_shown_digit_by_digit():
    face, display, _ = ui()
    for digits in ("", "1", "12.", "12.50", "100000.00"):
        face.enter("食堂", digits)
        assert shown(display) == ["食堂", "¥" + digits, "", "请输入金额"]
    face.entry("Room", "****")
    assert shown(display) == ["Room", "****", "", ""]


def test_a_notice_shows_its_picture_between_its_rows():
    face, display, buzzer = ui()
    face.journal_full()
    assert shown(display) == ["记录已满", "☻☻", "", "请先采集记录"] and not buzzer.played
    face.one_card()
    assert shown(display) == ["请只放一张卡", "✘✘", "", ""]
    assert buzzer.played == [moods.SOUNDS[moods.REFUSED]]


def test_a_list_shows_what_fits_around_the_selected_row():
    face, display, _ = ui("en")
    rows = [f"row {number}" for number in range(5)]
    for selected, first in {None: 0, 0: 0, 1: 0, 2: 1, 3: 2, 4: 2}.items():
        face.rows(texts.SERVICE, rows, selected)
        assert shown(display) == ["Service mode", *rows[first : first + 3]]
        marked = [display.buffer[page * 128 + 127] == 0xFF for page in range(8)]
        at = None if selected is None else selected - first
        assert marked == [page // 2 - 1 == at for page in range(8)]
    face.rows(texts.SERVICE, [("一", "one")], 0)
    assert shown(display) == ["Service mode", "one", "", ""]
    face.rows("empty", [])
    assert shown(display) == ["empty", "", "", ""]


def test_a_merchant_whose_name_has_no_glyphs_is_shown_as_its_scene():
    face, display, _ = ui()
    assert face.title("第一小学食堂", "canteen") == "第一小学食堂"
    assert face.title("饕餮", "canteen") == texts.SCENES["canteen"]
    assert face.title("", "canteen") == texts.SCENES["canteen"]
    face.canvas.lend({ord(character): shape(character, 32) for character in "饕餮"})
    assert face.title("饕餮", "canteen") == "饕餮"
    face.page(moods.ENTRY, "饕A餮")
    cells = display.buffer[40:80]  # in the middle of the first row's upper half
    assert bytes(cells) == shape("饕", 32)[:16] + bytes(cells[16:24]) + shape("餮", 32)[:16]
    face.canvas.lend({})
    assert face.title("饕餮", "canteen") == texts.SCENES["canteen"]


def test_unknown_characters_become_question_marks_and_long_texts_are_cut():
    face, display, _ = ui()
    face.page(moods.ENTRY, "饕A", "", "0123456789012345XYZ")
    assert shown(display) == ["?A", "", "", "0123456789012345"]


def test_every_character_is_drawn_as_itself_and_an_unknown_one_as_a_question_mark():
    face, display, _ = ui()
    for character in (glyphs.HALF + glyphs.FULL).replace(" ", ""):
        face.page(moods.ENTRY, character)
        assert shown(display)[0] == character and face.canvas.can_show(character)
    for unknown in ("\x1f", "\x7f", "饕", "\U0001f600", "\ud800"):
        face.page(moods.ENTRY, unknown)
        assert shown(display)[0] == "?" and not face.canvas.can_show(unknown)


def test_any_text_is_drawn_without_an_error():
    seed = 2
    print("seed", seed)
    rng = random.Random(seed)
    face, display, _ = ui()

    def text():
        return "".join(chr(rng.randrange(0x20, 0x9FFF)) for _ in range(rng.randrange(30)))

    for _ in range(100):
        face.page(rng.randrange(8), text(), text(), text())
        face.rows(text(), [text() for _ in range(rng.randrange(6))], rng.choice((None, 0, 5)))
    face.page(moods.ENTRY, "A")
    assert shown(display) == ["A", "", "", ""]


# -- glyphs and pictures --------------------------------------------------------------------


def pictures(folder, text):
    path = folder / "pictures.txt"
    path.write_text(text, encoding="utf-8")
    return glyph_build.read_pictures(path)


def test_every_mood_that_calls_somebody_has_both_sizes_of_its_picture():
    ui_folder = project_root() / "firmware" / "terminal" / "ui"
    small, large = glyph_build.read_pictures(ui_folder / "pictures.txt")
    names = {name for name in moods.PICTURES if name}
    assert set(small) == set(large) == names and len(names) == 7
    assert len({*small.values(), *large.values()}) == 14
    assert all(len(bits) == 32 for bits in small.values())
    assert all(len(bits) == 128 for bits in large.values())


def test_a_pictures_rows_are_its_bits(tmp_path):
    blank, edge = "." * 16, "#" + "." * 14 + "#"
    small, large = pictures(tmp_path, "; a comment\n\nX 16\n" + "\n".join([edge] + [blank] * 15))
    assert small == {"X": b"\x80\x01" + bytes(30)} and large == {}


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("X 8\n", "begins no picture"),
        ("XY 16\n", "begins no picture"),
        ("X 16\n" + "\n".join(["." * 16] * 15), "has 15 rows"),
        ("X 16\n" + "\n".join(["." * 15] * 16), "no row of X 16"),
        ("X 16\n" + "\n".join(["o" * 16] * 16), "no row of X 16"),
    ],
)
def test_a_picture_that_is_none_is_named(tmp_path, text, wrong):
    with pytest.raises(OneCardError, match=wrong):
        pictures(tmp_path, text)


def test_rows_become_pages_and_pages_rows():
    rows = bytes([0x80, 0x01]) + bytes(29) + b"\x01"
    assert glyph_build.to_pages(rows, 16) == b"\x01" + bytes(14) + b"\x01" + bytes(15) + b"\x80"
    rng = random.Random(3)
    print("seed", 3)
    for width, size in ((8, 16), (16, 32), (32, 128), (32, 160)):
        rows = rng.randbytes(size)
        assert glyph_build.to_rows(glyph_build.to_pages(rows, width), width) == rows


def test_the_generated_module_is_read_back_whole(tmp_path):
    font = {"A": bytes(range(16)), "卡": bytes(range(32)), "✔": bytes(32)}
    large = {"✔": bytes(range(128))}
    glyph_build.write_module(font, large, {"1": bytes(160)}, tmp_path / "glyphs.py")
    back = glyph_build.load_module(tmp_path)
    assert back == font | {"✔✔": bytes(range(128))}

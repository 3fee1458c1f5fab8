"""The bench in a shell: what keys mean, what is drawn, in windows of any size."""

import io
from dataclasses import replace

import pytest
from dark_world import NoHost, beep, dark_session, show
from hypothesis import given
from hypothesis import strategies as st
from onecard.keystore import PurseKeys
from onecard.sim.deck import Deck
from onecard.sim.picture import Picture
from onecard.sim.screen import braille, half_blocks
from onecard.sim.shell import keys
from onecard.sim.shell.bench import Quit, ShellBench
from onecard.sim.shell.draw import draw
from onecard.sim.view import About, View
from onecard.sim.worker import Busy
from rich.console import Console

KEYS = PurseKeys(bytes(16), bytes(range(16)))
ABOUT = About("unix", "canteen", "zh", "食堂", "112233445566", "/dev/pts/7")


class Lines:
    """A worker that only notes the lines."""

    def __init__(self):
        self.taken, self.is_busy = [], False

    def submit(self, line):
        if self.is_busy:
            raise Busy("too many")
        self.taken.append(line)


@pytest.fixture
def at(tmp_path):
    """A shell's bench with its view, lines and session as attributes."""
    session = dark_session()
    deck = Deck(tmp_path / "cards.json", lambda s: (KEYS.card_dpk(s), KEYS.card_dtk(s)))
    lines = Lines()
    view = View(session, deck, NoHost(), ABOUT, None)
    bench = ShellBench(view, lines)
    bench.session, bench.view, bench.lines, bench.deck = session, view, lines, deck
    yield bench
    session.close()


def press(at, *pressed):
    for key in pressed:
        at.press(key)


def window(at, columns, rows):
    """The rows of text that a window of that size shows."""
    console = Console(width=columns, height=rows, file=io.StringIO(), force_terminal=False)
    console.print(draw(at.view.snapshot(), ABOUT, at.hands, columns, rows), end="")
    return console.file.getvalue().splitlines()


# -- bytes to keys ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "found"),
    (
        ("7.t", ["7", ".", "t"]),
        ("\r\n\x7f\x08\t", ["enter", "enter", "backspace", "backspace", "tab"]),
        ("\x1b[A\x1bOB\x1b[C\x1b[D\x1b[Z", ["up", "down", "right", "left", "back tab"]),
        ("\x1bOP\x1b[12~\x1b[[C", ["f1", "f2", "f3"]),
        ("\x1b[200~x\x1b[1;5Ay", ["x", "y"]),  # not known: passed over
        ("\x1bt", ["escape", "t"]),
        ("\x00\x01中", ["中"]),
    ),
)
def test_what_the_shell_sends_is_read_as_keys(text, found):
    assert keys.Keys().feed(text) == found


def test_an_escape_character_alone_is_the_key_once_nothing_follows():
    typed = keys.Keys()
    assert typed.feed("\x1b") == [] and typed.is_waiting
    assert typed.flush() == ["escape"] and not typed.is_waiting
    assert typed.feed("\x1b") == [] and typed.feed("[") == [] and typed.feed("B") == ["down"]


@given(st.text(alphabet="\x1b[O~;019ABt\r", max_size=40), st.integers(1, 5))
def test_any_bytes_in_any_pieces_are_the_same_keys(text, size):
    whole, pieces = keys.Keys(), keys.Keys()
    found = whole.feed(text)
    parts = [key for n in range(0, len(text), size) for key in pieces.feed(text[n : n + size])]
    assert parts == found and len(whole._pending) <= 17


# -- keys to command lines ----------------------------------------------------------------------


def test_the_keypad_is_under_the_fingers(at):
    press(at, "1", ".", "enter", "escape", "backspace", "f1", "f3")
    words = [line.split()[1] for line in at.lines.taken]
    assert words == ["1", ".", "confirm", "cancel", "cancel", "f1", "f3"]


def test_cards_are_chosen_tapped_and_left_there(at):
    press(at, "t", "right", "down", "tab", "left", "t", "k", "t", "r", "up", "up", "up", "t")
    assert at.lines.taken == ["touch a", "touch c", "tap c", "remove", "tap k"]


def test_a_card_that_lies_there_is_torn_away_and_another_one_in_its_tap(at):
    press(at, "x", *"30", "enter")
    at.session.call(lambda: at.session.world.field.place(at.deck.cards["a"]))
    press(at, "x", "enter", "x", *"1x", "backspace", "2", "enter", "x", "9", "escape")
    assert [line.strip() for line in at.lines.taken] == ["touch a leave=30", "tear", "tear 12"]
    press(at, "5")
    assert at.lines.taken[-1] == "key 5"  # the question is over


def test_power_host_records_codes_and_any_command(at):
    press(at, "p", "u", "c", "f", "n", "enter", "f", "y", "enter")
    press(at, "s", *"ab c", "enter", ":", *"power cut=2", "enter")
    assert at.lines.taken == [
        "power off", "host on", "pull", "fill", "scan ab c", "power cut=2",
    ]  # fmt: skip
    with pytest.raises(Quit):
        press(at, "q")
    with pytest.raises(Quit):
        press(at, ":", *"quit", "enter")


def test_help_stays_until_a_key_and_a_wrong_key_is_told(at):
    press(at, "?")
    assert any("operator's menu" in row for row in window(at, 100, 30))
    press(at, "t")
    assert at.lines.taken == [] and not at.hands.shows_help
    press(at, "Z")
    assert "no key Z" in at.hands.notice
    at.lines.is_busy = True
    press(at, "t")
    assert at.hands.notice == "too many"


# -- pictures -----------------------------------------------------------------------------------

PICTURE = bytes((x * 7 + page) & 0xFF for page in range(8) for x in range(128))


def test_a_large_window_has_the_framebuffer_in_half_blocks(at):
    show(at.session, PICTURE)
    beep(at.session, 80, 80)
    at.session.wait(lambda e: e["event"] == "sound", "the beep")
    at.session.wait(lambda e: e["event"] == "screen", "the screen")
    for columns, rows in ((132, 46), (180, 40)):
        seen = window(at, columns, rows)
        assert len(seen) == rows and all(len(row) <= columns for row in seen)
        for line in half_blocks(PICTURE).split("\n"):
            assert any(line in row for row in seen)
        text = "\n".join(seen)
        assert "canteen 112233445566" in text and "power on" in text and "host unplugged" in text
        assert "♪ 80 80" in text and "▶ a   100.00 张明 ordinary" in text


def test_a_small_window_has_it_in_braille_and_a_smaller_one_says_so(at):
    show(at.session, PICTURE)
    at.session.wait(lambda e: e["event"] == "screen", "the screen")
    seen = window(at, 80, 24)
    for line in braille(PICTURE).split("\n"):
        assert any(line in row for row in seen)
    assert any("▶ a   100.00" in row for row in seen[:-3])
    assert seen[-3].startswith("▶ a   100.00 张明")
    assert "too small: 80 x 24" in "".join(window(at, 60, 20))


def test_a_large_displays_picture_is_drawn_at_half_its_size(at):
    large = Picture(320, 240, bytes((0, 0, 90)) * 160 * 240 + bytes((9, 9, 9)) * 160 * 240)
    seen = replace(at.view.snapshot(), picture=large)
    console = Console(width=200, height=80, file=io.StringIO(), force_terminal=False)
    console.print(draw(seen, ABOUT, at.hands, 200, 80), end="")
    rows = console.file.getvalue().splitlines()
    for line in half_blocks(large.half.mono, 160, 120).split("\n"):
        assert any(line in row for row in rows)
    assert "82 x 38 at least" in draw(seen, ABOUT, at.hands, 82, 37).plain


def test_braille_shows_every_pixel():
    for at in (0, 1, 5, 1023):
        for bit in range(8):
            raw = bytearray(1024)
            raw[at] = 1 << bit
            x, y = at % 128, at // 128 * 8 + bit
            cell = ord(braille(bytes(raw)).split("\n")[y // 4][x // 2]) - 0x2800
            dots = ((0, 1, 2, 6), (3, 4, 5, 7))  # of a braille cell, by column
            assert cell == 1 << dots[x % 2][y % 4]
    with pytest.raises(ValueError, match="framebuffer"):
        braille(bytes(5))


def test_the_log_tells_records_masked_and_what_was_done(at):
    session = at.session
    session.emit("record", seq=7, kind="intent", serial="03109990000000000011", amount=1200,
                 time_s=1_795_793_236, random="00112233")  # fmt: skip
    session.emit("record", seq=8, kind="shift", what="begun", operator=7)
    session.emit("pulled", records=8, unread=0, findings=[])
    session.emit("filled", records=9)
    session.emit("scan", code="")
    session.emit("host", plugged=True, is_there=False)
    session.emit("error", text="no card lies there\nhint")
    text = "\n".join(window(at, 140, 50))
    for part in ("…0011", "12.00", "begun", "8 records collected", "journal filled: 9", "a code"):
        assert part in text
    assert "0310999" not in text and "00112233" not in text
    assert text.count("no card lies there") == 2  # in the log, and where one looks


def test_a_terminal_without_power_is_dark(at):
    show(at.session, PICTURE)
    at.session.wait(lambda e: e["event"] == "screen", "the screen")
    at.session.call(at.session.world.power_off)
    at.session.wait(lambda e: e["event"] == "power" and not e["on"], "the power to go")
    seen = at.view.snapshot()
    assert not any(seen.picture.rgb) and seen.text == ()
    assert any("power OFF" in row for row in window(at, 80, 24))
    press(at, "p")
    assert at.lines.taken == ["power on"]

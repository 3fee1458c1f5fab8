"""drivers.display.st7789 against the simulated controller: the enlarged picture, and its times."""

import random

import pytest
import virtual
from buses import SPI, Pin, Timers, Wiring
from inproc import Buzzer
from onecard.sim.chips.st7789 import ST7789Chip
from terminal import outcomes
from terminal.ui import facade

from drivers.display.st7789 import ST7789
from drivers.display.wires import SpiWire

DC, CS, RESET, LIGHT = 20, 17, 21, 19
WHITE, BLACK, GREEN = (255, 255, 255), (0, 0, 0), (0, 255, 0)


class Bench:
    """The controller as mounted, and the driver; options are the driver's."""

    def __init__(self, has_reset=True, mounting=0x60, is_ips=True, **options):
        self.wiring = Wiring()
        reset = self.wiring.line(RESET) if has_reset else None
        self.chip = ST7789Chip(Timers(), self.wiring.line(DC), reset, mounting, is_ips)
        self.chip.power_on()
        virtual.clock.advance(0.2)
        self.wiring.add_spi(0, CS, self.chip)
        self.bus = SPI(self.wiring, 0, 15_000_000)
        dc, cs, rst = (Pin(self.wiring, number, Pin.OUT) for number in (DC, CS, RESET))
        wire = SpiWire(self.bus, dc, cs, rst if has_reset else None)
        self.light = Pin(self.wiring, LIGHT, Pin.OUT)
        self.display = ST7789(
            wire, madctl=mounting, is_ips=is_ips, backlight=self.light, **options
        )

    def expect(self, ink=WHITE, paper=BLACK, scale=2, pages=None):
        """Every pixel of the panel against the buffer. pages: (ink, paper) of some of them."""
        display, (columns, rows) = self.display, self.chip.size
        left = (columns - display.width * scale) // 2
        top = (rows - display.height * scale) // 2
        for y in range(rows):
            for x in range(columns):
                px, py = (x - left) // scale, (y - top) // scale
                colours, is_ink = (ink, paper), False
                if 0 <= px < display.width and 0 <= py < display.height:
                    is_ink = display.buffer[(py >> 3) * display.width + px] >> (py & 7) & 1
                    colours = (pages or {}).get(py >> 3, colours)
                assert self.chip.pixel(x, y) == colours[not is_ink], (x, y)
        assert self.chip.faults == []


def test_the_picture_is_shown_enlarged_in_the_middle_with_a_clean_margin():
    one = Bench()
    one.display.buffer[:] = random.Random(1).randbytes(len(one.display.buffer))
    one.display.show()
    one.expect()


@pytest.mark.parametrize(
    "options",
    [
        {"mounting": 0xA0, "width": 128},
        {"mounting": 0x00, "panel": (240, 320), "width": 112, "height": 152},
        {"width": 320, "height": 240, "scale": 1},
        {"width": 96, "height": 80, "scale": 3},
    ],
)
def test_other_mountings_sizes_and_scales_fit_too(options):
    one = Bench(**options)
    one.display.buffer[:] = random.Random(2).randbytes(len(one.display.buffer))
    one.display.show()
    one.expect(scale=options.get("scale", 2))


def test_the_terminals_screen_needs_not_know_the_panel():
    one = Bench()
    face = facade.UI(one.display, Buzzer())
    for show in (
        lambda: face.idle("食堂", 1200),
        lambda: face.outcome(outcomes.Outcome(outcomes.APPROVED, 1200, 10000)),
    ):
        show()
        assert any(one.display.buffer)
        one.expect()


@pytest.mark.parametrize("seed", range(3))
def test_any_change_comes_out_and_nothing_else_is_touched(seed):
    one = Bench(ink=0x07E0, paper=0xFFFF, is_ips=False)
    rng = random.Random(seed)
    one.display.show()
    for _ in range(12):
        at, size = rng.randrange(len(one.display.buffer)), rng.randrange(1, 30)
        one.display.buffer[at : at + size] = rng.randbytes(size)[: 1280 - at]
        one.display.show()
    one.expect(ink=GREEN, paper=WHITE)


def test_only_changed_pages_and_columns_are_sent():
    one = Bench()
    one.display.show()
    before = one.chip.data_bytes
    one.display.show()
    assert one.chip.data_bytes == before
    one.display.buffer[2 * 160 + 50] = 1
    one.display.show()
    assert one.chip.data_bytes - before == 32 * 16 * 2


RED, YELLOW = (255, 0, 0), (255, 255, 0)
OF = {WHITE: 0xFFFF, BLACK: 0x0000, GREEN: 0x07E0, RED: 0xF800, YELLOW: 0xFFE0}


@pytest.mark.parametrize("scale", [1, 2])
def test_each_page_has_the_pair_of_colours_it_was_given_last(scale):
    one = Bench(width=160, height=64, scale=scale)
    rng = random.Random(scale)
    pages = {}
    for step in range(8):
        first = rng.randrange(8)
        count, pair = rng.randrange(9 - first), rng.sample(list(OF), 2)
        one.display.colours(first, count, *(OF[colour] for colour in pair))
        pages |= dict.fromkeys(range(first, first + count), tuple(pair))
        at = rng.randrange(1280)
        one.display.buffer[at] = rng.randrange(256)
        if step % 2:
            one.display.show()
    one.expect(scale=scale, pages=pages)


def test_a_page_is_sent_anew_for_other_colours_and_not_for_the_same():
    one = Bench()
    one.display.show()
    before = one.chip.data_bytes
    one.display.colours(2, 3, 0xFFFF, 0x0000)
    one.display.show()
    assert one.chip.data_bytes == before
    one.display.colours(2, 3, 0xF800, 0x07E0)
    one.display.show()
    assert one.chip.data_bytes - before == 3 * 16 * 320 * 2
    one.display.show()
    assert one.chip.data_bytes - before == 3 * 16 * 320 * 2
    one.expect(pages=dict.fromkeys((2, 3, 4), (RED, GREEN)))


def test_colours_outlive_a_failure_of_the_panel():
    one = Bench()
    one.display.colours(0, 8, 0xFFE0, 0xF800)
    one.display.show()
    one.display._is_known = False  # as after an error
    one.display.colours(1, 1, 0x0000, 0xFFFF)
    one.display.show()
    before = one.chip.data_bytes
    one.display.show()
    assert one.chip.data_bytes == before
    one.expect(pages=dict.fromkeys(range(8), (YELLOW, RED)) | {1: (BLACK, WHITE)})


def test_the_light_comes_on_with_the_first_picture_and_nothing_is_seen_before():
    one = Bench()
    assert not one.light()
    seen = []
    one.chip.on_change = lambda: seen.append((one.light(), one.chip.pixel(0, 0)))
    one.display.show()
    assert one.light()
    assert {pixel for _, pixel in seen} == {BLACK} and not any(lit for lit, _ in seen)


def test_the_controllers_times_are_kept_after_both_kinds_of_reset():
    for has_reset in (True, False):
        one = Bench(has_reset)
        one.display.show()
        one.display._is_known = False  # as after an error: set up again, from sleep-out mode
        one.display.show()
        assert one.chip.faults == []


def test_time_that_has_passed_since_the_reset_is_not_waited_for_again():
    one = Bench()
    start_s = virtual.clock.now_s
    one.display.show()
    slow_s = virtual.clock.now_s - start_s
    two = Bench()
    virtual.clock.advance(5)
    start_s = virtual.clock.now_s
    two.display.show()
    assert slow_s - (virtual.clock.now_s - start_s) == pytest.approx(0.121, abs=0.002)


def test_the_chip_notices_what_comes_too_early():
    one = Bench()
    wire = one.display._wire
    wire.send(0, b"\x11")
    wire.send(0, b"\x29")
    assert len(one.chip.faults) == 2 and "after reset" in one.chip.faults[0]
    virtual.clock.advance(1)
    del one.chip.faults[:]
    wire.send(0, b"\x11")
    wire.send(0, b"\x10")
    assert [fault.split()[0] for fault in one.chip.faults] == ["command", "SLPIN"]


def test_the_chip_notices_what_it_does_not_define():
    one = Bench()
    virtual.clock.advance(1)
    wire = one.display._wire
    for command, data in (
        (b"\x2a", b"\0\0\1\x40"),
        (b"\x2b", b"\0\5\0\4"),
        (b"\x2a", b"\0"),
        (b"\x3a", b"\x53"),
        (b"\x36", b"\x08\0"),
        (b"\x77", b""),
    ):
        wire.send(0, command)
        wire.send(0x40, data)
    assert len(one.chip.faults) == 7


def test_a_picture_larger_than_the_panel_is_refused():
    with pytest.raises(ValueError, match="more than the panel"):
        Bench(width=176)
    with pytest.raises(ValueError, match="more than the panel"):
        Bench(scale=0)

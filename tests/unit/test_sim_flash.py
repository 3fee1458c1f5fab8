"""The simulated NOR flash: what the part does, and every way an operation can be torn."""

import random

import pytest
from onecard.sim.flash import CUT_MODES, SECTOR_SIZE, FlashError, NORFlash, PowerCut
from onecard.sim.worlds.base import Events

ALL_FF = b"\xff" * SECTOR_SIZE


def bits(data):
    return int.from_bytes(data, "big")


def test_program_clears_bits_and_erase_sets_them():
    flash = NORFlash(8192)
    flash.program(16, b"\xf0\x0f")
    flash.program(16, b"\xc0\xff")
    assert flash.read(15, 4) == b"\xff\xc0\x0f\xff"
    assert flash.violations == []
    flash.erase(0)
    assert flash.read(0, SECTOR_SIZE) == ALL_FF


def test_asking_for_a_one_where_a_zero_is_keeps_the_zero_and_is_recorded():
    flash = NORFlash(4096)
    flash.program(0, b"\x00")
    flash.program(0, b"\x10")
    assert flash.read(0, 1) == b"\x00"
    assert flash.violations == [("program", 0)]


@pytest.mark.parametrize(
    "operation",
    [
        lambda f: f.program(255, b"ab"),
        lambda f: f.program(0, b""),
        lambda f: f.program(8191, b"ab"),
        lambda f: f.erase(1),
        lambda f: f.erase(8192),
        lambda f: f.read(8190, 3),
        lambda f: f.read(-1, 1),
        lambda f: f.load(b""),
        lambda f: NORFlash(100),
    ],
)
def test_what_the_part_does_not_take_is_refused(operation):
    flash = NORFlash(8192)
    with pytest.raises(FlashError):
        operation(flash)
    assert flash.operations == 0


def test_counters_add_up():
    flash, seen = NORFlash(8192), []
    flash.on_operation = lambda *what: seen.append(what)
    flash.program(0, b"abc")
    flash.erase(4096)
    flash.read(0, 1)
    assert (flash.operations, flash.programs, flash.bytes_programmed) == (2, 1, 3)
    assert (flash.erases, flash.reads, flash.busy_us) == ([0, 1], 1, 45_400.0)
    assert seen == [("program", 0, 3), ("erase", 4096, 4096)]


@pytest.mark.parametrize("mode", CUT_MODES)
def test_a_torn_program_lies_between_old_and_new(mode):
    results = set()
    for seed in range(200):
        flash = NORFlash(4096)
        flash.program(0, b"\x3f" * 16)
        flash.program(32, b"before")
        flash.cut_at(2, mode, seed)
        flash.program(64, b"still fine")
        with pytest.raises(PowerCut):
            flash.program(0, b"\x15" * 16)
        now = flash.image()
        assert now[32:38] == b"before" and now[64:74] == b"still fine"
        assert bits(now[:16]) | bits(b"\x3f" * 16) == bits(b"\x3f" * 16)
        assert bits(now[:16]) & bits(b"\x15" * 16) == bits(b"\x15" * 16)
        results.add(now[:16])
    expected = {"none": {b"\x3f" * 16}, "done": {b"\x15" * 16}}.get(mode)
    assert results == expected if expected else len(results) > 10


@pytest.mark.parametrize("mode", CUT_MODES)
def test_a_torn_erase_touches_its_sector_only(mode):
    results = set()
    for seed in range(50):
        flash = NORFlash(12288, fill=0x5A)
        flash.cut_at(1, mode, random.Random(seed))
        with pytest.raises(PowerCut):
            flash.erase(4096)
        now = flash.image()
        assert now[:4096] == now[8192:] == b"\x5a" * 4096
        if mode in ("prefix", "bits"):
            assert bits(now) & bits(b"\x5a" * 12288) == bits(b"\x5a" * 12288)
        results.add(now[4096:8192])
    expected = {"none": {b"\x5a" * 4096}, "done": {ALL_FF}}.get(mode)
    assert results == expected if expected else len(results) == 50


def test_nothing_works_between_the_cut_and_power_on():
    flash = NORFlash(4096)
    flash.cut_at(1, "none")
    with pytest.raises(PowerCut):
        flash.erase(0)
    for operation in (
        lambda: flash.read(0, 1),
        lambda: flash.program(0, b"a"),
        lambda: flash.erase(0),
    ):
        with pytest.raises(PowerCut):
            operation()
    flash.power_on()
    flash.program(0, b"a")
    assert flash.read(0, 1) == b"a"


def test_the_same_seed_tears_the_same_bits():
    images = []
    for _ in range(2):
        flash = NORFlash(4096, fill=0)
        flash.cut_at(1, "undefined", 99)
        with pytest.raises(PowerCut):
            flash.erase(0)
        images.append(flash.image())
    assert images[0] == images[1]


def test_a_file_keeps_the_content(tmp_path):
    path = tmp_path / "flash.bin"
    flash = NORFlash(8192, path)
    flash.program(300, b"kept")
    flash.close()
    assert NORFlash(8192, path).read(300, 4) == b"kept"
    with pytest.raises(FlashError):
        NORFlash(4096, path)


def test_an_image_is_carried_over():
    one, two = NORFlash(4096), NORFlash(4096)
    one.program(0, b"x")
    two.load(one.image())
    assert two.image() == one.image()


def test_bytes_that_program_nothing_are_counted_apart():
    nor = NORFlash(SECTOR_SIZE)
    nor.program(0, b"\xff" * 250 + b"\x00" * 6)
    nor.read(0, 40)
    assert (nor.bytes_programmed, nor.bytes_set, nor.bytes_read) == (256, 6, 40)


def test_erases_of_the_journal_are_counted_by_sector():
    events = Events()
    events.erased_at(SECTOR_SIZE)
    events.erased_at(0, 2 * SECTOR_SIZE)
    assert events.erases == {0: 1, 1: 2}

"""The hotlist on flash: a set that survives restarts, cuts and rot, and says when it does not."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inproc import NORBlocks, nor_blocks
from onecard.link.client import PARTIAL_HOTLIST
from onecard.sim.flash import CUT_MODES, NORFlash, PowerCut
from ram_flash import RamFlash
from terminal.hotlist import Hotlist, HotlistError

FULL_SECTORS = 146  # 598,016 bytes


def serial(number):
    return number.to_bytes(10, "big")


def serials(*numbers):
    return b"".join(serial(n) for n in numbers)


def listed(hotlist, numbers):
    return {n for n in numbers if serial(n) in hotlist}


@settings(max_examples=40)
@given(st.lists(st.tuples(st.sets(st.integers(0, 60)), st.sets(st.integers(0, 60))), max_size=8))
def test_a_hotlist_is_a_set_that_survives_restarts(tmp_path_factory, deltas):
    flash, path = RamFlash(6), str(tmp_path_factory.mktemp("h") / "hotlist.bin")
    wanted, version = set(), 0
    for add, remove in deltas:
        Hotlist(flash, path).apply(version, version + 1, serials(*add), serials(*remove))
        wanted, version = (wanted | add) - remove, version + 1
    again = Hotlist(flash, path)
    assert (len(again), again.version) == (len(wanted), version)
    assert listed(again, range(64)) == wanted


def test_a_delta_on_another_version_is_refused_and_changes_nothing(tmp_path):
    hotlist = Hotlist(RamFlash(6), str(tmp_path / "h"))
    hotlist.apply(0, 5, serials(1, 2), b"")
    with pytest.raises(HotlistError, match="at version 5, not 4"):
        hotlist.apply(4, 6, serials(3), b"")
    assert hotlist.version == 5 and serial(3) not in hotlist
    hotlist.apply(0, 9, serials(7), b"")
    assert serial(7) in hotlist and serial(1) not in hotlist and hotlist.version == 9


def test_a_delta_whose_answer_was_lost_may_be_sent_again_and_writes_nothing(tmp_path):
    flash = RamFlash(6)
    hotlist = Hotlist(flash, str(tmp_path / "h"))
    hotlist.apply(0, 1, serials(1), b"")
    hotlist.apply(1, 2, serials(2), serials(1))
    erases = flash.erases
    hotlist.apply(1, 2, serials(2), serials(1))
    assert hotlist.version == 2 and len(hotlist) == 1 and flash.erases == erases


@pytest.mark.parametrize(("add", "remove"), [(bytes(9), b""), (b"", bytes(11))])
def test_odd_serials_are_refused(tmp_path, add, remove):
    with pytest.raises(HotlistError, match="10 bytes each"):
        Hotlist(RamFlash(6), str(tmp_path / "h")).apply(0, 1, add, remove)


def test_a_full_bucket_is_said_with_what_fits(tmp_path):
    hotlist = Hotlist(RamFlash(4), str(tmp_path / "h"))
    with pytest.raises(HotlistError, match="is full: 1403 cards fit"):
        hotlist.apply(0, 1, serials(*range(2000)), b"")


def test_an_older_list_is_known_by_its_version(tmp_path):
    hotlist = Hotlist(RamFlash(4), str(tmp_path / "h"))
    now_s = 1_790_000_000
    assert hotlist.is_older_than(7, now_s)
    hotlist.apply(0, now_s - 6 * 86400, b"", b"")
    assert not hotlist.is_older_than(7, now_s) and hotlist.is_older_than(5, now_s)


def test_a_list_that_came_in_part_is_as_good_as_none(tmp_path):
    hotlist = Hotlist(RamFlash(4), str(tmp_path / "h"))
    now_s = 1_790_000_000
    hotlist.apply(0, PARTIAL_HOTLIST, serials(1), b"")
    assert hotlist.is_older_than(3650, now_s)
    hotlist.apply(PARTIAL_HOTLIST, now_s, serials(2), b"")
    assert not hotlist.is_older_than(1, now_s) and listed(hotlist, range(4)) == {1, 2}


def test_a_hundred_thousand_cards_fit_600_kb_and_each_is_found_in_few_reads(tmp_path):
    flash = RamFlash(FULL_SECTORS)
    assert FULL_SECTORS * 4096 <= 600_000
    hotlist = Hotlist(flash, str(tmp_path / "h"))
    numbers = range(31_0999_0000, 31_0999_0000 + 100_000)
    hotlist.apply(0, 1, serials(*numbers), b"")
    assert len(hotlist) == 100_000 <= hotlist.capacity
    again = Hotlist(flash, str(tmp_path / "h"))
    seed = 4
    print("seed", seed)
    rng = random.Random(seed)
    worst = 0
    for number in rng.sample(numbers, 500):
        reads = flash.reads
        assert serial(number) in again
        worst = max(worst, flash.reads - reads)
    strangers = range(1, 20_001)
    assert listed(again, strangers) == set()
    print("reads of a look-up, at most:", worst)
    assert worst <= 10


def test_wear_goes_round(tmp_path):
    flash = RamFlash(8)
    counts = [0] * 8
    erase = flash.ioctl

    def count(op, index):
        if op == 6:
            counts[index] += 1
        return erase(op, index)

    flash.ioctl = count
    hotlist = Hotlist(flash, str(tmp_path / "h"))
    for version in range(1, 81):
        hotlist.apply(version - 1, version, serials(version), b"")
    assert max(counts) <= 2 * min(counts), counts


@pytest.mark.parametrize("mode", CUT_MODES)
def test_p5_a_cut_at_any_operation_leaves_a_list_that_the_same_delta_makes_right(tmp_path, mode):
    old, new, gone = range(1, 40), range(40, 60), range(1, 10)
    nor = NORFlash(8 * 4096)
    path = tmp_path / "h"
    Hotlist(NORBlocks(nor), str(path)).apply(0, 1, serials(*old), b"")
    image, meta, cases = nor.image(), path.read_bytes(), 0
    while True:
        nor.power_on()
        nor.load(image)
        path.write_bytes(meta)
        cases += 1
        nor.cut_at(cases, mode, cases)
        try:
            Hotlist(NORBlocks(nor), str(path)).apply(1, 2, serials(*new), serials(*gone))
            break
        except PowerCut:
            nor.power_on()
        hotlist = Hotlist(NORBlocks(nor), str(path))
        assert hotlist.version in (0, 1)
        kept = set(old) - set(gone)
        if hotlist.version:  # no card is forgotten that was listed and stays listed
            assert kept <= listed(hotlist, range(100)) <= set(old) | set(new)
            hotlist.apply(1, 2, serials(*new), serials(*gone))
            assert listed(hotlist, range(100)) == kept | set(new)
    print(mode, "cases:", cases)
    assert cases > 6
    assert nor.violations == []


def test_rot_is_noticed_and_the_whole_list_asked_for(tmp_path):
    flash, path = RamFlash(6), str(tmp_path / "h")
    Hotlist(flash, path).apply(0, 7, serials(*range(200)), b"")
    seed = 9
    print("seed", seed)
    rng = random.Random(seed)
    for _ in range(200):
        at = rng.randrange(len(flash.data))
        kept = flash.data[at]
        flash.data[at] ^= 1 << rng.randrange(8)
        again = Hotlist(flash, path)
        if again.version:
            assert len(again) == 200 and len(listed(again, range(200))) == 200
        flash.data[at] = kept
    assert Hotlist(flash, path).version == 7


def test_a_flash_that_takes_nothing_is_told(tmp_path):
    flash = nor_blocks(6)
    flash.writeblocks = lambda *_: None
    with pytest.raises(HotlistError, match="does not take"):
        Hotlist(flash, str(tmp_path / "h")).apply(0, 1, serials(1), b"")


def test_p5_a_head_torn_at_any_byte_leaves_the_old_bucket(tmp_path):
    """The page with the head comes last: what is in it may end anywhere, also in the number of
    the generation, which the next one must not be counted from."""
    nor, path = NORFlash(6 * 4096), tmp_path / "h"
    Hotlist(NORBlocks(nor), str(path)).apply(0, 1, serials(*range(40)), b"")
    image, meta = nor.image(), path.read_bytes()
    programs = []
    nor.on_operation = lambda kind, at, size: programs.append((kind, at, size))
    Hotlist(NORBlocks(nor), str(path)).apply(1, 2, serials(40), b"")
    kind, at, size = programs[-1]
    assert kind == "program" and at % 4096 == 0
    done = nor.image()
    end = 16 + 5 * int.from_bytes(done[at + 6 : at + 8], "big")  # behind the bucket's last entry
    for torn in range(size):
        nor.load(image)
        nor.memory[at : at + 4096] = done[at : at + torn] + b"\xff" * (4096 - torn)
        path.write_bytes(meta)
        hotlist = Hotlist(NORBlocks(nor), str(path))
        assert listed(hotlist, range(50)) == set(range(41 if torn >= end else 40)), torn
        assert hotlist.version == 1
        hotlist.apply(1, 2, serials(40), b"")
        again = Hotlist(NORBlocks(nor), str(path))
        assert (again.version, listed(again, range(50))) == (2, set(range(41))), torn

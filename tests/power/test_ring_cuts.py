"""Two power cuts in a row anywhere in the journal alone: see shim/ring_cuts.py, which also runs on
MicroPython (tests/device/test_power_unix.py). P1 to P5, against a plain list."""

import pytest
import ring_cuts
from ocwire import packed, record
from onecard import verify
from ram_flash import TornFlash, torn_erase, torn_program
from terminal.journal import Journal
from terminal.journal.sectors import Sectors

QUICK = [n for n in ring_cuts.ALL if ring_cuts.scene_of(n)[1] is not ring_cuts.go_round]
SHORT = 1, 1, 29  # seeds of the first cut, of the second, and every so many-th second cut
WHOLE = 4, 3, 1
SWEEPS = [(page_size, number) for page_size in ring_cuts.PAGE_SIZES for number in ring_cuts.ALL]
NAMES = [f"{ring_cuts.name_of(number)}, page size {size}" for size, number in SWEEPS]


def sweep(page_size, number, first, second, every):
    made = ring_cuts.sweep(number, page_size, first, second, every)
    cases = made.run()
    ring = made.ring  # as the last case left it
    items = [record.Record(item.seq, item.raw) for item in ring.stored]
    good, findings = verify.chain(items, ring.key, 0, record.FIRST_MAC)
    assert findings == [] and len(good) == len(ring.stored) > 0
    return cases


@pytest.mark.parametrize("page_size", ring_cuts.PAGE_SIZES)
def test_p1_p2_p3_p4_p5_hold_for_the_ring_after_two_cuts(page_size):
    cases = sum(sweep(page_size, number, *SHORT) for number in QUICK)
    print("cases:", cases)
    assert cases > 1000


@pytest.mark.slow
@pytest.mark.timeout(7200)
@pytest.mark.parametrize(("page_size", "number"), SWEEPS, ids=NAMES)
def test_p1_p2_p3_p4_p5_hold_for_the_ring_after_two_cuts_in_every_way(page_size, number, counted):
    cases = sweep(page_size, number, *WHOLE)
    counted("CPython", "the journal alone, twice", cases)
    assert cases > 300


# -- the checks can fail ----------------------------------------------------------------------


def torn():
    """All scenes in their short form: what the first that fails says."""
    with pytest.raises(AssertionError) as found:
        for number in QUICK:
            sweep(256, number, *SHORT)
    return str(found.value)


def test_a_journal_that_programs_behind_a_torn_record_is_noticed_p5(monkeypatch):
    monkeypatch.setattr(Sectors, "free_from", lambda self, end: self.layout.align(end))
    assert "P5: a byte was programmed twice" in torn()


def test_a_journal_that_returns_before_a_result_is_durable_is_noticed_p1(monkeypatch):
    program = Sectors.program

    def hasty(self, index, start, raw):
        return len(raw) == packed.DEBITED_SIZE or program(self, index, start, raw)

    monkeypatch.setattr(Sectors, "program", hasty)
    assert "P1" in torn()


def test_a_journal_that_leaves_open_intents_behind_is_noticed_p2(monkeypatch):
    monkeypatch.setattr(Journal, "_carry_open", lambda self: None)
    assert "P2: open" in torn()


def test_a_journal_that_takes_a_torn_erase_for_a_whole_one_is_noticed_p5(monkeypatch):
    monkeypatch.setattr(Journal, "_make_ready", lambda self, number: False)
    assert "P" in torn()


# -- the torn flash ----------------------------------------------------------------------------


def test_a_torn_program_clears_some_of_the_bits_that_were_to_be_cleared():
    old, raw = bytes(range(256)), bytes((7 * n) & 0xFF for n in range(256))
    new = bytes(a & b for a, b in zip(old, raw, strict=True))
    for mode in ring_cuts.RANDOM_MODES:
        kinds = set()
        for seed in range(50):
            found = torn_program(old, new, mode, seed)
            assert all(o | f == o and f & n == n for o, f, n in zip(old, found, new, strict=True))
            kinds.add(found)
        assert len(kinds) > 40 and old not in kinds and new not in kinds


def test_a_torn_erase_sets_some_bits_or_leaves_anything():
    old = bytes(4096)
    for mode in ring_cuts.RANDOM_MODES:
        kinds = {torn_erase(old, mode, seed) for seed in range(50)}
        assert len(kinds) > 40 and all(len(found) == 4096 for found in kinds)
        assert all(found.count(0) < 4096 for found in kinds)


def test_a_byte_programmed_twice_is_counted():
    flash = TornFlash(4)
    flash.writeblocks(0, b"\x0f", 5)
    flash.writeblocks(0, b"\xff\xff", 5)
    assert flash.violations == 0
    flash.writeblocks(0, b"\xf0", 5)
    assert flash.violations == 1 and flash.data[5] == 0

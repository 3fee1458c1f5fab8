"""The journal ring: order, numbers, room, receipts, erasing ahead, the ways back from damage."""

import random
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inproc import JOURNAL_KEY, NOW_S
from ocwire import record, sector
from onecard import dump, verify
from onecard.sim.worlds.base import JOURNAL_SIZE
from ram_flash import RamFlash
from terminal.journal import Journal, JournalError, JournalFull, WrongReceipt

LAYOUT = sector.Layout()
REFUSAL = struct.calcsize(">IB10sI") + record.MIN_SIZE


def journal(flash, page_size=256, key=JOURNAL_KEY):
    made = Journal(flash, key, lambda: NOW_S, page_size)
    made.mount()
    return made


def refusal(n):
    return record.pack(record.REFUSED, NOW_S + n, record.HOTLISTED, n.to_bytes(10, "big"), n)


def intent(n, amount=100):
    return record.pack(
        record.INTENT, 1, n.to_bytes(10, "big"), NOW_S + n, amount, 5000, n & 0xFFFF,
        n, bytes(4), 1, 0, 1, 6,
    )  # fmt: skip


def result(seq, outcome=record.DONE):
    return record.pack(record.RESULT, seq, NOW_S, outcome, 4900, bytes(4), bytes(4))


def everything(made, from_seq=None, limit=2048):
    """All records from from_seq (default: the oldest) on, read in batches."""
    out, seq = [], made.oldest_seq if from_seq is None else from_seq
    while True:
        first, raw = made.read(seq, limit)
        if not raw:
            return out
        out += record.split(raw, first)
        seq = out[-1].seq + 1


def mac_of(made, seq):
    first, raw = made.read(seq, record.MAX_SIZE)
    assert first == seq
    return record.Record(seq, raw[: raw[0]]).mac


def acknowledge(made, seq):
    return made.acknowledge(seq, mac_of(made, seq))


def fill(made, n=0):
    """Append refusals until it is full; how many."""
    count = 0
    while True:
        try:
            made.append(record.REFUSED, refusal(n + count))
        except JournalFull:
            return count
        count += 1


# -- append and read ------------------------------------------------------------------------


@pytest.mark.parametrize("page_size", [1, 256])
def test_what_was_appended_is_read_back_in_order_and_in_a_chain(page_size):
    made = journal(RamFlash(8), page_size)
    bodies = [refusal(n) for n in range(300)]
    assert [made.append(record.REFUSED, body) for body in bodies] == list(range(1, 301))
    records = everything(made)
    assert [item.body for item in records] == bodies
    good, findings = verify.chain(records, JOURNAL_KEY, 0, record.FIRST_MAC)
    assert good == records and findings == []


@pytest.mark.parametrize("page_size", [1, 256])
def test_after_a_restart_it_goes_on_where_it_was(page_size):
    flash = RamFlash(6)
    for n in range(400):
        made = journal(flash, page_size)
        if made.has_room():
            made.append(record.REFUSED, refusal(n))
        elif made.next_seq - 1 > made.acked:
            acknowledge(made, made.next_seq - 1)
        seqs = [item.seq for item in everything(made)]
        assert seqs == list(range(made.oldest_seq, made.next_seq))
    assert made.number > 2


def test_batches_hold_whole_records_up_to_the_limit_and_start_where_asked():
    made = journal(RamFlash(8))
    for n in range(200):
        made.append(record.REFUSED, refusal(n))
    for start in (1, 2, 57, 123, 200):
        for limit in (200, 201, 2048):
            first, raw = made.read(start, limit)
            assert first == start and 0 < len(raw) <= limit
            assert record.split(raw, first)[0].seq == start
    assert made.read(201, 2048) == (201, b"")
    assert made.read(9999, 2048) == (201, b"")


def test_programming_whole_pages_or_bytes_leaves_the_same_flash():
    images = []
    for page_size in (1, 256):
        flash = RamFlash(8)
        made = journal(flash, page_size)
        for n in range(150):
            made.append(record.REFUSED, refusal(n))
        images.append(bytes(flash.data))
    assert images[0] == images[1]


def test_too_small_a_flash_is_refused_with_the_size_it_needs():
    with pytest.raises(JournalError, match="3 sectors, 4 needed"):
        journal(RamFlash(3))


def test_foreign_bytes_in_the_flash_are_erased_before_use():
    flash = RamFlash(5)
    flash.data[:] = random.Random(3).randbytes(len(flash.data))
    made = journal(flash)
    made.append(record.REFUSED, refusal(1))
    assert [r.body for r in everything(journal(flash))] == [refusal(1)]


# -- room, receipts -------------------------------------------------------------------------


def test_p3_a_full_journal_refuses_and_loses_nothing():
    made = journal(RamFlash(6))
    count = fill(made)
    for _ in range(3):
        with pytest.raises(JournalFull, match="pull and acknowledge"):
            made.append(record.REFUSED, refusal(0))
        made.prepare()
    assert [r.seq for r in everything(made)] == list(range(1, count + 1))
    assert not made.has_room()


def test_a_full_journal_still_takes_results_and_receipts():
    made = journal(RamFlash(6))
    seqs = [made.append(record.INTENT, intent(n)) for n in range(8)]
    fill(made)
    for seq in seqs:
        made.append(record.RESULT, result(seq))
    assert made.open == {}
    last = made.next_seq - 1
    assert acknowledge(made, last) == last
    assert made.has_room()
    made.append(record.REFUSED, refusal(1))


def test_acknowledged_sectors_are_used_again_and_unacknowledged_ones_are_not():
    flash = RamFlash(6)
    made = journal(flash)
    count = fill(made)
    half = count // 2
    acknowledge(made, half)
    fill(made)
    kept = [r.seq for r in everything(made)]
    assert kept == list(range(kept[0], made.next_seq)) and 1 < kept[0] <= half + 1
    assert made.next_seq - 1 > count
    assert [r.seq for r in everything(journal(flash))] == kept


@pytest.mark.parametrize("change", ["mac", "future", "gone"])
def test_p3_a_wrong_receipt_frees_nothing(change):
    made = journal(RamFlash(6))
    for n in range(50):
        made.append(record.REFUSED, refusal(n))
    if change == "gone":  # a record whose bytes have rotted cannot be acknowledged by name
        flash = made._sectors._flash
        at = bytes(flash.data).index(refusal(29))
        flash.data[at] ^= 0x40
    seq, mac = {
        "mac": (30, bytes(4)),
        "future": (51, mac_of(made, 49)),
        "gone": (30, bytes(4)),
    }[change]
    before = made.next_seq
    with pytest.raises(WrongReceipt, match=str(seq)):
        made.acknowledge(seq, mac)
    assert (made.acked, made.next_seq) == (0, before)


def test_an_old_receipt_again_changes_nothing():
    made = journal(RamFlash(6))
    for n in range(10):
        made.append(record.REFUSED, refusal(n))
    acknowledge(made, 8)
    before = made.next_seq
    assert made.acknowledge(8, bytes(4)) == 8 and made.acknowledge(3, bytes(4)) == 8
    assert made.next_seq == before


def test_acknowledging_nothing_but_receipts_writes_nothing():
    flash = RamFlash(6)
    made = journal(flash)
    made.append(record.REFUSED, refusal(1))
    acknowledge(made, 1)
    programs = flash.programs
    for _ in range(5):
        assert acknowledge(made, made.next_seq - 1) == 1
    assert flash.programs == programs and made.next_seq == 3


def test_receipts_survive_a_restart():
    flash = RamFlash(6)
    made = journal(flash)
    for n in range(500):
        if not made.has_room():
            break
        made.append(record.REFUSED, refusal(n))
        if n % 50 == 49:
            acknowledge(made, n)
            assert journal(flash).acked == made.acked == n


# -- open records ---------------------------------------------------------------------------


def test_p2_an_open_debit_is_carried_from_sector_to_sector():
    flash = RamFlash(6)
    made = journal(flash)
    seq = made.append(record.INTENT, intent(7, amount=1234))
    for n in range(1500):
        if not made.has_room():
            acknowledge(made, made.next_seq - 1)
        made.append(record.REFUSED, refusal(n))
    assert made.oldest_seq > seq and made.number > 8
    again = journal(flash)
    assert {s: body for s, (body, _) in again.open.items()} == {seq: intent(7, amount=1234)}
    again.append(record.RESULT, result(seq))
    assert again.open == {} and journal(flash).open == {}


def test_a_closed_debit_is_not_carried():
    made = journal(RamFlash(6))
    seq = made.append(record.INTENT, intent(7))
    made.append(record.RESULT, result(seq))
    fill(made)
    assert record.CARRIED not in [r.kind for r in everything(made)]


def test_many_open_debits_are_all_carried_in_order():
    flash = RamFlash(6)
    made = journal(flash)
    seqs = [made.append(record.INTENT, intent(n)) for n in range(12)]
    fill(made)
    assert sorted(journal(flash).open) == seqs
    carried = [r for r in everything(made) if r.kind == record.CARRIED]
    last = carried[-12:]
    assert [r.fields()["intent_seq"] for r in last] == seqs


# -- erasing ahead, wear, reads -------------------------------------------------------------


def test_no_append_erases_when_prepare_ran_before():
    flash = RamFlash(6)
    made = journal(flash)
    for n in range(2000):
        if not made.has_room():
            acknowledge(made, made.next_seq - 1)
        made.prepare()
        erases = flash.erases
        made.append(record.REFUSED, refusal(n))
        assert flash.erases == erases
    assert made.number > 12


def test_prepare_erases_once_a_sector_and_only_what_is_acknowledged():
    flash = RamFlash(6)
    made = journal(flash)
    assert made.prepare() is True
    assert made.prepare() is False and made.prepare() is False
    fill(made)
    made.prepare()
    erases = flash.erases
    assert made.prepare() is False and flash.erases == erases


def test_erases_are_spread_over_all_sectors_and_counted_in_their_marks():
    flash = RamFlash(5)
    made = journal(flash)
    for n in range(3000):
        if not made.has_room():
            acknowledge(made, made.next_seq - 1)
        made.append(record.REFUSED, refusal(n))
    erases = [LAYOUT.marks(bytes(flash.data[i * 4096 :][:112])).erases for i in range(5)]
    assert sum(erases) == flash.erases and max(erases) - min(erases) <= 1
    assert min(erases) <= made.wear <= max(erases)


@pytest.mark.parametrize("laps", [0, 1])
def test_mounting_a_full_ring_of_384_sectors_takes_at_most_64_reads(laps):
    flash = RamFlash(384)
    made = journal(flash)
    fill(made)
    for _ in range(laps):
        acknowledge(made, made.next_seq - 1)
        fill(made)
    flash.reads = 0
    again = journal(flash)
    assert flash.reads <= 64
    assert (again.next_seq, again.last_mac) == (made.next_seq, made.last_mac)
    assert again.oldest_seq == made.oldest_seq
    print("reads to mount:", flash.reads, "records:", made.next_seq - made.oldest_seq)


def test_mounting_finds_the_ends_wherever_the_head_stands():
    flash = RamFlash(5)
    made = journal(flash)
    for n in range(1000):
        if not made.has_room():
            acknowledge(made, made.next_seq - 1)
        if n % 3 == 0:
            made.prepare()
        made.append(record.REFUSED, refusal(n))
        again = journal(flash)
        same = ("number", "next_seq", "last_mac", "acked", "oldest_seq", "boots", "free_bytes")
        assert [getattr(again, k) for k in same] == [getattr(made, k) for k in same]
    assert made.number > 7


def test_the_clock_of_the_last_record_is_known_after_a_restart_also_when_it_was_set_back():
    flash = RamFlash(5)
    made = journal(flash)
    made.append(record.CLOCK_SET, record.pack(record.CLOCK_SET, NOW_S + 10**6, NOW_S))
    made.append(record.CLOCK_SET, record.pack(record.CLOCK_SET, NOW_S, NOW_S + 10**6))
    assert journal(flash).last_time_s == NOW_S


def test_boots_are_known_after_a_restart_and_many_sectors():
    flash = RamFlash(5)
    made = journal(flash)
    made.append(record.BOOT, record.pack(record.BOOT, NOW_S, 41, 1, bytes(8)))
    fill(made)
    assert journal(flash).boots == 41


# -- damage ---------------------------------------------------------------------------------


def filled(sectors=6, laps=1):
    """A full journal; laps: how often before it was full and all but 90 records acknowledged."""
    flash = RamFlash(sectors)
    made = journal(flash)
    fill(made)
    for _ in range(laps):
        acknowledge(made, made.next_seq - 1 - 90)
        fill(made)
    return flash, made


def harmed(before, after):
    """Records of `before` that are not the same in `after`, and strangers in `after`."""
    left = {r.seq: r.raw for r in after}
    kept = {r.seq: r.raw for r in before}
    return [s for s in kept if left.get(s) != kept[s]], [s for s in left if s not in kept]


@pytest.mark.parametrize("laps", [0, 1])
def test_any_single_bit_flip_costs_at_most_the_record_that_was_hit(laps):
    flash, made = filled(4, laps)
    made.append(record.RESULT, result(made.next_seq - 1))
    before, whole = everything(made, made.acked + 1), bytes(flash.data)
    seed = 20260101
    print("seed", seed)
    rng = random.Random(seed)
    places = [rng.randrange(len(whole) * 8) for _ in range(250)]
    # every bit of a sector's marks, each in one of the four (in all of them: power/test_rot.py)
    places += [(bit % 4 * 4096) * 8 + bit for bit in range(LAYOUT.marks_size * 8)]
    lost = 0
    for place in places:
        flash.data[:] = whole
        flash.data[place // 8] ^= 1 << place % 8
        damaged = journal(flash)
        assert damaged.acked == made.acked
        gone, strange = harmed(before, everything(damaged, made.acked + 1))
        at = place // 8
        assert len(gone) <= 1 and strange == [], (place, gone, strange)
        if at % 4096 < LAYOUT.marks_size:
            assert gone == [], f"bit {place} of a sector's marks lost record {gone}"
        if gone:
            body = before[gone[0] - before[0].seq].body
            assert body[-4:] in whole[max(0, at - 199) : at + 200]
        lost += bool(gone)
    assert lost > 10


def test_bursts_up_to_32_bits_cost_at_most_the_records_they_touch():
    flash, made = filled(4)
    before, whole = everything(made, made.acked + 1), bytes(flash.data)
    seed = 7
    print("seed", seed)
    rng = random.Random(seed)
    for _ in range(250):
        flash.data[:] = whole
        start = rng.randrange(len(whole) * 8 - 32)
        size = rng.randrange(2, 33)
        for bit in range(start, start + size):
            if bit in (start, start + size - 1) or rng.random() < 0.5:
                flash.data[bit // 8] ^= 1 << bit % 8
        gone, strange = harmed(before, everything(journal(flash), made.acked + 1))
        assert len(gone) <= 2 and strange == [], (start, size, gone, strange)


@pytest.mark.parametrize("marks", ["erased", "first", "second"])
@pytest.mark.parametrize("back", [0, 1, 2, 3, 4, 5])
@pytest.mark.parametrize("laps", [0, 1])
def test_p3_rotten_marks_of_a_sector_lose_none_of_its_records(marks, back, laps):
    flash, made = filled(6, laps)
    before = everything(made, made.acked + 1)
    index = (made.number - 1 - back) % 6
    offset = {"erased": LAYOUT.erased_at, "first": 0, "second": LAYOUT.copy_at}[marks] + 5
    flash.data[index * 4096 + offset] ^= 0x10
    again = journal(flash)
    assert harmed(before, everything(again, made.acked + 1)) == ([], [])
    if not laps:
        assert again.oldest_seq == 1
    assert (again.next_seq, again.last_mac) == (made.next_seq, made.last_mac)
    # and it can go on, over the rotten sector too
    for n in range(400):
        if not again.has_room():
            acknowledge(again, again.next_seq - 1)
        again.append(record.REFUSED, refusal(n))
        again.prepare()
    good, findings = verify.chain(
        everything(again, again.acked + 1), JOURNAL_KEY, again.acked, mac_of(again, again.acked)
    )
    assert findings == [] and len(good) == again.next_seq - again.acked - 1


def test_p3_rotten_marks_of_the_oldest_sector_of_a_ring_without_a_free_one_lose_nothing():
    flash, made = filled(5, 0)
    while made.number < 5:  # into the reserve
        made.append(record.RESULT, result(1))
    before = everything(made, 1)
    for offset in (5, LAYOUT.erased_at + 5, LAYOUT.copy_at + 5):
        whole = bytes(flash.data)
        flash.data[offset] ^= 0x10
        again = journal(flash)
        assert harmed(before, everything(again, 1)) == ([], []) and again.oldest_seq == 1
        again.prepare()
        assert harmed(before, everything(again, 1)) == ([], [])
        flash.data[:] = whole


@pytest.mark.parametrize("page_size", [1, 256])
def test_p5_nothing_is_programmed_in_a_page_that_holds_a_torn_record(page_size):
    flash = RamFlash(6)
    made = journal(flash, page_size)
    made.append(record.REFUSED, refusal(1))
    at = made._used
    flash.data[at : at + 9] = b"torn half"
    again = journal(flash, page_size)
    page = bytes(flash.data[:256])
    assert again.append(record.REFUSED, refusal(2)) == 2
    assert bytes(flash.data[:256]) == page
    assert [r.seq for r in everything(journal(flash, page_size))] == [1, 2]


def test_a_bad_cell_costs_a_page_and_no_record():
    class BadCell(RamFlash):
        def writeblocks(self, block, buf, offset=0):
            super().writeblocks(block, buf, offset)
            if block == 0:
                self.data[2 * 256 + 100 : 2 * 256 + 104] = bytes(4)  # stuck

    flash = BadCell(6)
    made = journal(flash)
    for n in range(100):
        made.append(record.REFUSED, refusal(n))
    assert [r.body for r in everything(made)] == [refusal(n) for n in range(100)]
    assert made.failed_programs >= 1
    assert [r.seq for r in everything(journal(flash))] == list(range(1, 101))


def test_a_flash_that_takes_nothing_ends_in_a_typed_error():
    class Dead(RamFlash):
        def writeblocks(self, block, buf, offset=0):
            pass

    with pytest.raises(JournalError, match="no sector behind 0"):
        journal(Dead(6))


def test_a_flash_that_dies_in_service_ends_in_a_typed_error():
    flash = RamFlash(6)
    made = journal(flash)
    flash.writeblocks = lambda *args: None
    with pytest.raises(JournalError, match="cannot be written"):
        made.append(record.REFUSED, refusal(1))


# -- against a model ------------------------------------------------------------------------


class Model:
    """The journal as a list: what must be readable, what may be gone."""

    def __init__(self):
        self.records, self.acked, self.open = [], 0, set()

    def appended(self, items):
        for item in items:
            self.records.append(item)
            assert item.seq == len(self.records)
            if item.kind == record.INTENT:
                self.open.add(item.seq)
            elif record.closes(item.kind):
                self.open.discard(item.fields()["intent_seq"])


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("append"), st.integers(1, 40)),
        st.tuples(st.just("intent"), st.integers(1, 5)),
        st.tuples(st.just("result"), st.integers(0, 9)),
        st.tuples(st.just("acknowledge"), st.integers(0, 100)),
        st.tuples(st.just("prepare"), st.just(0)),
        st.tuples(st.just("restart"), st.just(0)),
    ),
    min_size=10,
    max_size=60,
)


@given(STEPS, st.integers(4, 7))
def test_p3_the_ring_behaves_as_a_list_whose_acknowledged_front_may_go(steps, sectors):
    flash, model = RamFlash(sectors), Model()
    made = journal(flash)
    for step, n in steps:
        known = made.next_seq
        take(step, n, made, model)
        made = journal(flash) if step == "restart" else made
        model.appended(everything(made, known))
        held = everything(made)
        assert held == [] or held[0].seq <= model.acked + 1
        assert [r.raw for r in held] == [r.raw for r in model.records[made.oldest_seq - 1 :]]
        assert set(made.open) == model.open and made.acked == model.acked
    good, findings = verify.chain(model.records, JOURNAL_KEY, 0, record.FIRST_MAC)
    assert findings == [] and len(good) == len(model.records)


def take(step, n, made, model):
    """One step of the history on the journal; the model learns of acknowledgements here."""
    try:
        if step == "append":
            for i in range(n):
                made.append(record.REFUSED, refusal(i))
        elif step == "intent":
            for i in range(n):
                made.append(record.INTENT, intent(i))
        elif step == "result" and made.open:
            made.append(record.RESULT, result(sorted(made.open)[n % len(made.open)]))
        elif step == "prepare":
            made.prepare()
    except JournalFull:
        assert not made.has_room()
    if step == "acknowledge" and made.next_seq - 1 > made.acked:
        upto = made.acked + 1 + n * (made.next_seq - 2 - made.acked) // 100
        fresh = model.records[model.acked : upto]
        if any(r.kind != record.ACKNOWLEDGED for r in fresh):
            model.acked = upto
        assert acknowledge(made, upto) == model.acked


# -- how much it holds, sectors that wear out, other versions -----------------------------------


def purchase(made, rng, serial, time_s, amount=1200):
    """An ordinary canteen purchase; the flash keeps what it must."""
    balance = rng.randrange(amount, 60_000)
    body = record.pack(
        record.INTENT, 1, serial, time_s, amount, balance, rng.randrange(65536),
        made.next_seq + 41, rng.randbytes(4), 1, 0, 1, 6,
    )  # fmt: skip
    seq = made.append(record.INTENT, body)
    made.append(
        record.RESULT,
        record.pack(
            record.RESULT, seq, time_s + 1, record.DONE, balance - amount, rng.randbytes(4),
            record.NO_MAC2,
        ),
    )  # fmt: skip


def test_the_picos_journal_holds_36_000_canteen_purchases():
    flash, rng = RamFlash(JOURNAL_SIZE // 4096), random.Random(36)
    made = journal(flash)
    day_s, count = NOW_S, 0
    while made.has_room():
        if count % 600 == 0:  # breakfast, lunch and supper of a school day
            day_s += 86_400
        time_s = day_s + count % 600 // 200 * 18_000 + count % 200 * 9
        serial = bytes.fromhex("3104440300") + rng.randrange(10**10).to_bytes(5, "big")
        purchase(made, rng, serial, time_s)
        count += 1
    print("purchases:", count, "in", JOURNAL_SIZE, "bytes")
    assert count >= 36_000
    assert journal(flash).next_seq == 2 * count + 1


@pytest.mark.parametrize("unit", [8, 16, 32])
def test_flash_with_error_correction_has_no_word_programmed_twice(unit):
    class Words(RamFlash):
        def __init__(self, sectors):
            super().__init__(sectors)
            self.used = set()

        def writeblocks(self, block, buf, offset=0):
            super().writeblocks(block, buf, offset)
            at = block * 4096 + offset
            words = set(range(at // unit, (at + len(buf) - 1) // unit + 1))
            assert not words & self.used
            self.used |= words

        def ioctl(self, op, arg):
            if op == 6:
                self.used -= set(range(arg * 4096 // unit, (arg + 1) * 4096 // unit))
            return super().ioctl(op, arg)

    flash, rng = Words(5), random.Random(unit)
    made = Journal(flash, JOURNAL_KEY, lambda: NOW_S, 1, unit)
    made.mount()
    for n in range(900):
        if not made.has_room():
            acknowledge(made, made.next_seq - 1)
        purchase(made, rng, bytes(10), NOW_S + n)
        if n % 50 == 0:
            made = Journal(flash, JOURNAL_KEY, lambda: NOW_S, 1, unit)
            made.mount()
    assert made.number > 8 and made.failed_programs == 0
    good, findings = verify.chain(
        everything(made, made.acked + 1), JOURNAL_KEY, made.acked, mac_of(made, made.acked)
    )
    assert findings == [] and len(good) == made.next_seq - made.acked - 1


class Worn(RamFlash):
    """Some sectors take no erase any more (and look as before) or no program."""

    def __init__(self, sectors):
        super().__init__(sectors)
        self.no_erase, self.no_program = set(), set()

    def writeblocks(self, block, buf, offset=0):
        if block not in self.no_program:
            super().writeblocks(block, buf, offset)

    def ioctl(self, op, arg):
        if op == 6 and arg in self.no_erase:
            return 0
        return super().ioctl(op, arg)


@pytest.mark.parametrize("bad", [(0,), (2,), (7,), (3, 4), (0, 7)])
@pytest.mark.parametrize("way", ["no_erase", "no_program"])
def test_p3_sectors_that_wear_out_are_left_out_and_nothing_is_lost(bad, way):
    flash = Worn(8)
    made = journal(flash)
    fill(made)
    getattr(flash, way).update(bad)
    known = everything(made)
    for n in range(2000):
        if not made.has_room():
            acknowledge(made, made.next_seq - 1)
        try:
            made.append(record.REFUSED, refusal(n))
        except JournalFull:  # one more sector was found to be bad
            acknowledge(made, made.next_seq - 1)
        if n % 97 == 0:
            made = journal(flash)
        known += everything(made, known[-1].seq + 1)
    assert made.number > 20
    assert [r.seq for r in known] == list(range(1, made.next_seq))
    good, findings = verify.chain(known, JOURNAL_KEY, 0, record.FIRST_MAC)
    assert findings == [] and len(good) == len(known)
    held = everything(made)
    assert [r.seq for r in held] == list(range(made.oldest_seq, made.next_seq))
    assert held[0].seq <= made.acked + 1
    for _ in range(2):
        acknowledge(made, made.next_seq - 1)
        assert fill(made) > 0
    assert made.bad_sectors == len(bad) and made.failed_programs >= 4 * len(bad)


def v1_sector(number, first_seq, raws):
    """A sector as version 1 wrote it, by its specification."""
    erased = b"OCJ\x01" + struct.pack(">II", 1, 0)
    opened = struct.pack(">II4sIHH", number, first_seq, bytes(4), 0, 1, 0)
    out = bytearray(b"\xff" * 4096)
    for at, part in ((0, erased), (16, opened)):
        part += struct.pack(">I", zlib.crc32(part))
        out[at : at + len(part)] = part
    at = 40
    for raw in raws:
        if at % 256 + len(raw) > 256:
            at = (at + 255) // 256 * 256
        out[at : at + len(raw)] = raw
        at += len(raw)
    return bytes(out)


def test_p3_a_journal_of_version_1_is_refused_untouched_and_read_from_its_image():
    before, raws = record.FIRST_MAC, []
    for n in range(60):
        raws.append(record.seal(JOURNAL_KEY, n + 1, before, record.REFUSED, refusal(n)))
        before = raws[-1][-8:-4]
    flash = RamFlash(6)
    flash.data[:8192] = v1_sector(1, 1, raws[:40]) + v1_sector(2, 41, raws[40:])
    image = bytes(flash.data)
    with pytest.raises(JournalError, match="another format version: pull it with the firmware"):
        journal(flash)
    assert bytes(flash.data) == image
    assert [r.raw for r in dump.records(image, JOURNAL_KEY)] == raws
    made = Journal(flash, JOURNAL_KEY, lambda: NOW_S)
    made.clear(JOURNAL_KEY)
    assert made.append(record.REFUSED, refusal(1)) == 1


def test_an_image_of_the_flash_holds_what_the_terminal_would_send():
    flash = RamFlash(6)
    made = journal(flash)
    for n in range(300):
        made.append(record.REFUSED, refusal(n))
    made.append(record.INTENT, intent(5))
    held = everything(made)
    found = dump.records(bytes(flash.data), JOURNAL_KEY)
    assert [r.raw for r in found if r.seq >= held[0].seq] == [r.raw for r in held]
    without = dump.records(bytes(flash.data))
    assert [r.body for r in without] == [r.body for r in found]
    assert without[-1].mac == record.UNKNOWN_MAC != found[-1].mac


def test_p4_an_intent_altered_in_flash_breaks_the_chain_although_its_mac_is_not_stored():
    flash, rng = RamFlash(6), random.Random(4)
    made = journal(flash)
    for n in range(10):
        purchase(made, rng, bytes(10), NOW_S + n)
    raw = bytearray(flash.data)
    layout, marks = LAYOUT, LAYOUT.marks(bytes(raw[:112]))
    at, end = next((r[4], r[5]) for r in sector.records(layout, marks, raw[:4096]) if r[0] == 5)
    raw[end - 8] ^= 1  # the last byte of its random, and a CRC that fits
    raw[end - 4 : end] = struct.pack(">I", zlib.crc32(raw[at : end - 4]))
    flash.data[:] = raw
    good, findings = verify.chain(everything(journal(flash)), JOURNAL_KEY, 0, record.FIRST_MAC)
    assert [(f.seq, f.kind) for f in findings] == [(6, verify.ALTERED)] and len(good) == 5


def test_a_rotten_record_costs_itself_and_no_false_alarm_about_its_neighbours():
    flash, rng = RamFlash(6), random.Random(5)
    made = journal(flash)
    for n in range(8):
        purchase(made, rng, bytes(10), NOW_S + n)
    whole = bytes(flash.data)
    marks = LAYOUT.marks(whole[:112])
    for seq, _, _, _, at, _ in list(sector.records(LAYOUT, marks, whole[:4096])):
        flash.data[:] = whole
        flash.data[at + 6] ^= 4
        items = everything(made, 1)
        good, findings = verify.chain(items, JOURNAL_KEY, 0, record.FIRST_MAC)
        wanted = [] if seq == 16 else [(seq, verify.GAP)]
        assert [(f.seq, f.kind) for f in findings] == wanted
        assert [r.seq for r in good] == [n for n in range(1, 17) if n != seq]


@pytest.mark.parametrize("rotten", [1, 2, 3, 4])
def test_rot_at_a_sectors_start_is_a_gap_and_no_false_alarm_about_the_intent_behind_it(rotten):
    flash, rng = RamFlash(6), random.Random(7)
    made = journal(flash)
    for n in range(8):
        purchase(made, rng, bytes(10), NOW_S + n)
    marks = LAYOUT.marks(bytes(flash.data[:112]))
    for _, _, _, _, at, _ in list(sector.records(LAYOUT, marks, flash.data[:4096]))[:rotten]:
        flash.data[at + 6] ^= 4
    items = everything(journal(flash), 1)
    good, findings = verify.chain(items, JOURNAL_KEY, 0, record.FIRST_MAC)
    assert {f.kind for f in findings} == {verify.GAP} and findings[0].seq == 1
    assert [r.seq for r in good] == list(range(rotten + 1, 17))
    image = dump.records(bytes(flash.data), JOURNAL_KEY)
    assert [r.raw for r in image if r.seq in {i.seq for i in items}] == [r.raw for r in items]


@pytest.mark.parametrize("window", [0, 1, 2])
def test_a_gap_before_an_intent_at_a_batchs_end_stops_no_later_batch(window):
    flash, rng = RamFlash(6), random.Random(6)
    made = journal(flash)
    for n in range(4):
        purchase(made, rng, bytes(10), NOW_S + n)
    marks = LAYOUT.marks(bytes(flash.data[:112]))
    at = next(r[4] for r in sector.records(LAYOUT, marks, flash.data[:4096]) if r[0] == 4)
    flash.data[at + 6] ^= 4  # the result before intent 5
    items = everything(journal(flash), 1)
    cut = [r.seq for r in items].index(5) + window
    first, findings = verify.chain(items[:cut], JOURNAL_KEY, 0, record.FIRST_MAC)
    rest, more = verify.chain(items[cut:], JOURNAL_KEY, first[-1].seq, first[-1].mac)
    assert [(f.seq, f.kind) for f in findings + more] == [(4, verify.GAP)]
    assert [r.seq for r in first + rest] == [1, 2, 3, 5, 6, 7, 8]
    altered = record.Record(8, items[-1].raw[:5] + b"X" + items[-1].raw[6:])
    _, found = verify.chain([*items[cut:-1], altered], JOURNAL_KEY, first[-1].seq, first[-1].mac)
    assert found[-1].kind == verify.ALTERED


def test_known_bad_sectors_are_no_room():
    made = journal(RamFlash(10))
    ahead = made._sectors_ahead()
    for bad, index in enumerate((1, 4, 9), 1):  # the next one, one between, the last
        made._bad.add(index)
        assert made._sectors_ahead() == ahead - bad
    made._bad.add(0)  # the head itself is in use
    assert made._sectors_ahead() == ahead - 3


def test_p3_one_sector_of_another_version_anywhere_is_not_erased():
    flash = RamFlash(6)
    flash.data[4 * 4096 : 5 * 4096] = v1_sector(5, 200, [])
    image = bytes(flash.data)
    with pytest.raises(JournalError, match="another format version"):
        journal(flash)
    assert bytes(flash.data) == image

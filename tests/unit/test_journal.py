"""The journal ring: order, numbers, room, receipts, erasing ahead, the ways back from damage."""

import random
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inproc import JOURNAL_KEY, NOW_S
from ocwire import record, sector
from onecard import verify
from ram_flash import RamFlash
from terminal.journal import Journal, JournalError, JournalFull, WrongReceipt

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
        flash = made._flash
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
    for n in range(1000):
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
    erases = [sector.Marks(bytes(flash.data[i * 4096 : i * 4096 + 40])).erases for i in range(5)]
    assert sum(erases) == flash.erases and max(erases) - min(erases) <= 1


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
    # every bit of every sector's marks (every fifth where the ring has wrapped)
    places += [s * 4096 * 8 + bit for s in range(4) for bit in range(0, 320, 5 if laps else 1)]
    lost = 0
    for place in places:
        flash.data[:] = whole
        flash.data[place // 8] ^= 1 << place % 8
        damaged = journal(flash)
        assert damaged.acked == made.acked
        gone, strange = harmed(before, everything(damaged, made.acked + 1))
        at = place // 8
        assert len(gone) <= 1 and strange == [], (place, gone, strange)
        if at % 4096 < 40:
            assert gone == [], f"bit {place} of a sector's marks lost record {gone}"
        if gone:
            raw = before[gone[0] - before[0].seq].raw
            assert raw in whole[max(0, at - 199) : at + 200]
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


@pytest.mark.parametrize("marks", ["erased", "opened", "both"])
@pytest.mark.parametrize("back", [0, 1, 2, 3, 4, 5])
@pytest.mark.parametrize("laps", [0, 1])
def test_p3_rotten_marks_of_a_sector_lose_none_of_its_records(marks, back, laps):
    flash, made = filled(6, laps)
    before = everything(made, made.acked + 1)
    index = (made.number - 1 - back) % 6
    for offset in {"erased": (5,), "opened": (20,), "both": (5, 20)}[marks]:
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
    for offset in (5, 20, 35):
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
                self.data[2 * 256 + 100] = 0x00  # stuck

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

    with pytest.raises(JournalError, match="cannot be erased"):
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
            elif item.kind == record.RESULT:
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

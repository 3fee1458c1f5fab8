"""Every single-bit flip of a whole journal, and bursts: what is lost, and what the host is told.

The short forms are in tests/unit/test_journal.py; these run in `make test-power`.
"""

import random

import pytest
from inproc import JOURNAL_KEY, NOW_S
from ocwire import record, sector
from onecard import verify
from ram_flash import RamFlash
from terminal.journal import Journal

SECTORS = 4
LAYOUT = sector.Layout()
SEED = 20261127


def mount(flash):
    made = Journal(flash, JOURNAL_KEY, lambda: NOW_S)
    made.mount()
    return made


def sell(made, rng, n):
    """A purchase of a card among many, as canteens have them."""
    serial = bytes.fromhex("3104440300") + rng.randbytes(5)
    balance = rng.randrange(1200, 60_000)
    body = record.pack(
        record.INTENT, 1, serial, NOW_S + 7 * n, 1200, balance, rng.randrange(65536),
        made.next_seq + 3, rng.randbytes(4), 1, 0, 1, 6,
    )  # fmt: skip
    seq = made.append(record.INTENT, body)
    result = record.pack(
        record.RESULT, seq, NOW_S + 7 * n, record.DONE, balance - 1200, rng.randbytes(4),
        record.NO_MAC2,
    )  # fmt: skip
    made.append(record.RESULT, result)


class Volume:
    """A ring that went round once, three sectors of it not yet acknowledged.

    spans: (first byte, byte behind, sequence number) of each record in flash. before: the MAC that
    the host knows of the record before the oldest.
    """

    def __init__(self):
        rng, n = random.Random(SEED), 0
        self.flash = RamFlash(SECTORS)
        made = mount(self.flash)
        while made.number < SECTORS + 2:
            if not made.has_room():
                first, raw = made.read(made.next_seq - 300, 2048)
                item = record.split(raw, first)[-1]
                made.acknowledge(item.seq, item.mac)
            sell(made, rng, n)
            n += 1
        self.image = bytes(self.flash.data)
        self.acked = made.acked
        self.oldest = made.oldest_seq
        self.bodies = {item.seq: (item.kind, item.body) for item in self.read(made)}
        self.newest = made.next_seq - 1
        self.spans = []
        for start in range(0, len(self.image), 4096):
            raw = self.image[start : start + 4096]
            marks = LAYOUT.marks(raw[: LAYOUT.marks_size])
            if marks.number:
                if marks.first_seq == self.oldest:
                    self.before = marks.mac_before
                for seq, _, _, _, at, end in sector.records(LAYOUT, marks, raw):
                    self.spans.append((start + at, start + end, seq))

    def read(self, made):
        """Every record that the journal gives."""
        out, seq = [], self.oldest
        while True:
            first, raw = made.read(seq, 8192)
            if not raw:
                return out
            out += record.split(raw, first)
            seq = out[-1].seq + 1

    def hit(self, first, last):
        """Sequence numbers of the records that lie in these bytes."""
        return {seq for at, end, seq in self.spans if at <= last and first < end}

    def judge(self, first, last):
        """After damage in these bytes: what was lost. Asserts that the rest is there and told."""
        made = mount(self.flash)
        # behind them the mount may write: a purchase whose result is gone is open again
        found = [item for item in self.read(made) if item.seq <= self.newest]
        kept = {item.seq: (item.kind, item.body) for item in found}
        assert all(self.bodies.get(seq) == body for seq, body in kept.items()), (first, last)
        lost = set(self.bodies) - set(kept)
        assert lost <= self.hit(first, last), (first, last, lost)
        assert made.acked == self.acked
        _, findings = verify.chain(found, JOURNAL_KEY, self.oldest - 1, self.before)
        told = {finding.seq for finding in findings}
        assert all(finding.kind == verify.GAP for finding in findings), (first, last, findings)
        # lost at the end of what is held, a record is missed beside `next` alone
        assert lost - {self.newest, self.newest - 1} <= {s for t in told for s in (t, t + 1)}, (
            first,
            last,
            lost,
            told,
        )
        return lost


def test_p4_a_burst_over_the_first_two_records_of_a_sector_costs_these_alone():
    """The intent behind them follows from nothing that is left: it has no MAC, not a wrong one."""
    volume = Volume()
    data, borders = volume.flash.data, 0
    firsts = {at // 4096: (at, end, seq) for at, end, seq in reversed(volume.spans)}
    for _, end, seq in firsts.values():
        data[:] = volume.image
        data[end - 1] ^= 1
        data[end] ^= 0x80
        assert volume.judge(end - 1, end) == {seq, seq + 1}
        borders += 1
    assert borders == SECTORS


PARTS = 8  # tests that share the volume
BURSTS = 20_000


@pytest.mark.slow
@pytest.mark.timeout(4 * 3600)
@pytest.mark.parametrize("part", range(PARTS))
def test_every_single_bit_flip_of_a_whole_journal_costs_at_most_the_record_that_was_hit(
    part, counted
):
    volume = Volume()
    data, flips, costly = volume.flash.data, 0, 0
    for place in range(part, len(data) * 8, PARTS):
        data[:] = volume.image
        data[place // 8] ^= 1 << place % 8
        lost = volume.judge(place // 8, place // 8)
        assert len(lost) <= 1
        assert lost or not volume.hit(place // 8, place // 8), f"bit {place} was not noticed"
        flips, costly = flips + 1, costly + bool(lost)
    print(f"flips that cost a record: {costly}, unnoticed: 0")
    counted("CPython", "rot: every single bit of a journal", flips)
    assert flips == len(data) * 8 // PARTS and costly > 1000


@pytest.mark.slow
@pytest.mark.timeout(4 * 3600)
@pytest.mark.parametrize("part", range(PARTS))
def test_bursts_of_up_to_32_bits_cost_the_records_they_touch(part, counted):
    volume, rng = Volume(), random.Random(SEED + part)
    data, costly = volume.flash.data, 0
    for _ in range(BURSTS // PARTS):
        size = rng.randrange(2, 33)
        start = rng.randrange(len(data) * 8 - size)
        data[:] = volume.image
        for bit in range(start, start + size):
            if bit in (start, start + size - 1) or rng.random() < 0.5:
                data[bit // 8] ^= 1 << bit % 8
        first, last = start // 8, (start + size - 1) // 8
        lost = volume.judge(first, last)
        assert lost == volume.hit(first, last)
        costly += bool(lost)
    print(f"seed {SEED + part}, bursts that cost a record: {costly}")
    counted("CPython", "rot: bursts of 2 to 32 bits", BURSTS // PARTS)
    assert costly > 100

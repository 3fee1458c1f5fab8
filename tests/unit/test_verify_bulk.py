"""Proving in bulk says what proving record by record says, or leaves it to that."""

import datetime

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inproc import DTK, K
from ocwire import calendar, record
from onecard import verify
from onecard.clocks import check_clock
from onecard.keystore import PurseKeys
from onecard.settle import settlement
from onecard.sim.county import make_county
from onecard.verify_bulk import Rows, check_clock_rows, recount_rows, to_bcd, verify_rows

TERMINAL, KEY = "440300000001", bytes(range(16))
PURSE = PurseKeys(K, DTK)
NOW_S = 1_750_000_000
CARDS = [bytes.fromhex(f"0310999000000000{n:04d}") for n in range(3)]


class Writer:
    """A journal that takes anything, with right MACs and, where asked, right TACs."""

    def __init__(self, now_s=NOW_S):
        self.items, self.now_s, self.intents = [], now_s, {}

    def add(self, kind, *values, tail=b""):
        seq = len(self.items) + 1
        before = self.items[-1].mac if self.items else record.FIRST_MAC
        body = record.pack(kind, *values, tail=tail)
        self.items.append(record.Record(seq, record.seal(KEY, seq, before, kind, body)))
        return seq

    def intent(self, card, amount, tti, algorithm, tail=b""):
        serial = 55 + len(self.items)
        head = (1, card, self.now_s, amount, 9_000, 7, serial, bytes(4))
        values = (*head, 1, algorithm, 1, tti)
        seq = self.add(record.INTENT, *values, tail=tail)
        self.intents[seq] = values
        return seq

    def tac(self, seq, is_right=True):
        if seq not in self.intents or not is_right:
            return b"\1\2\3\4"
        fields = self.items[seq - 1].fields()
        return verify.tac_of(fields, TERMINAL, PURSE)

    def result(self, seq, outcome, is_right=True):
        tac = self.tac(seq, is_right)
        return self.add(record.RESULT, seq, self.now_s, outcome, 8_000, tac, record.NO_MAC2)

    def debited(self, is_right=True):
        return self.add(record.DEBITED, 1, self.tac(len(self.items), is_right))

    def carried(self, seq):
        values = self.intents.get(seq) or (1, CARDS[0], NOW_S, 5, 6, 7, 8, bytes(4), 1, 0, 1, 6)
        return self.add(record.CARRIED, seq, *values)


def rows_of(items):
    raws = pa.array([item.raw for item in items], pa.large_binary())
    return Rows(np.array([item.seq for item in items], np.int64), raws)


def agree(items, purse=PURSE):
    """What was said in bulk, after it is compared; None if that leaves it to the other."""
    rows = rows_of(items)
    assert [(r.seq, r.raw) for r in rows.items()] == [(r.seq, r.raw) for r in items]
    said = verify_rows(TERMINAL, rows, KEY, purse)
    if said is not None:
        assert said == verify.verify(TERMINAL, items, KEY, purse)
    is_free = np.arange(len(items)) % 5 != 3
    sums = recount_rows(rows, is_free)
    if sums is not None:
        assert sums == settlement._one_by_one(rows, is_free)
    clock = check_clock_rows(rows)
    if clock is not None:
        assert clock == check_clock(items)
    return said


TTIS = st.sampled_from([6, 6, 9, 2, 1])
OUTCOMES = st.sampled_from(sorted(record.OUTCOMES))
SEQS = st.integers(0, 30)
FEN, ALGORITHMS = st.integers(1, 5000), st.sampled_from([0, 1, 4])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("sale"), FEN, TTIS, ALGORITHMS, OUTCOMES, st.booleans()),
        st.tuples(st.just("debited"), FEN, TTIS, st.booleans()),
        st.tuples(st.just("intent"), FEN, TTIS),
        st.tuples(st.just("result"), SEQS, OUTCOMES),
        st.tuples(st.just("carried"), SEQS),
        st.tuples(st.just("clock"), st.integers(-5000, 5000)),
        st.tuples(st.just("boot"), st.sampled_from([1, 0x41, 0x81])),
        st.tuples(st.just("time"), st.integers(-3, 90)),
        st.tuples(st.just("unknown")),
    ),
    max_size=12,
)


def write(steps):
    made = Writer()
    for what, *how in steps:
        made.now_s += 1
        if what == "sale":
            amount, tti, algorithm, outcome, is_right = how
            tail = b"undo" + bytes(4) if amount % 7 == 0 else b""
            seq = made.intent(CARDS[amount % 3], amount, tti, algorithm, tail)
            made.result(seq, outcome, is_right)
        elif what == "debited":
            made.intent(CARDS[how[0] % 3], how[0], how[1], 0)
            made.debited(how[2])
        elif what == "intent":
            made.intent(CARDS[how[0] % 3], how[0], how[1], 1)
        elif what == "result":
            made.result(*how)
        elif what == "carried":
            made.carried(how[0])
        elif what == "clock":
            before_s, made.now_s = made.now_s, made.now_s + how[0]
            made.add(record.CLOCK_SET, made.now_s, before_s)
        elif what == "boot":
            made.add(record.BOOT, made.now_s, 1, how[0], bytes(8))
        elif what == "time":
            made.now_s += how[0]
        else:
            made.items.append(_unknown(made))
    return made


def _unknown(made):
    seq = len(made.items) + 1
    before = made.items[-1].mac if made.items else record.FIRST_MAC
    return record.Record(seq, record.seal(KEY, seq, before, 0x3E, b"of the future"))


@settings(max_examples=300)
@given(STEPS, st.booleans())
def test_it_says_the_same_of_any_journal(steps, has_purse):
    agree(write(steps).items, PURSE if has_purse else None)


@settings(max_examples=150)
@given(STEPS.filter(bool), st.data())
def test_it_says_the_same_of_records_that_were_tampered_with(steps, data):
    items = write(steps).items
    if not items:
        return
    at = data.draw(st.integers(0, len(items) - 1))
    way = data.draw(st.sampled_from(["flip", "drop", "twice"]))
    if way == "flip":
        raw = bytearray(items[at].raw)
        raw[data.draw(st.integers(4, len(raw) - 1))] ^= 1
        items[at] = record.Record(items[at].seq, bytes(raw))
        assert agree(items) is None
    elif way == "drop":
        del items[at]
        agree(items)
    else:
        items.insert(at, items[at])
        assert agree(items) is None


def test_a_plain_journal_is_proved_in_bulk_with_all_that_people_should_see():
    made = Writer()
    made.add(record.BOOT, NOW_S, 1, 1, bytes(8))
    for n in range(40):
        made.now_s += 60
        seq = made.intent(CARDS[n % 3], 100 + n, 2 if n % 10 == 9 else 6, n % 2)
        if n % 10 == 3:
            made.carried(seq)
            made.result(seq, record.PROVED, n != 13)
        elif n == 5:
            made.result(seq, record.IN_DOUBT, False)
        elif n == 6:
            made.result(seq, record.NOT_DONE)
        elif n == 7:
            continue
        elif n % 10 == 9:
            made.result(seq, record.DONE)
        else:
            made.debited(n != 21)
    said = agree(made.items)
    assert said is not None and check_clock_rows(rows_of(made.items)) == []
    rows = rows_of(made.items)
    assert recount_rows(rows, np.ones(len(rows), bool)) == [said.debited, 0, said.loaded]
    kinds = sorted(finding.kind for finding in said.findings)
    assert kinds == [verify.IN_DOUBT, verify.OPEN, verify.WRONG_TAC, verify.WRONG_TAC]
    assert (said.purchases, said.loads, said.tacs) == (33, 4, 38)
    assert said.debited == sum(100 + n for n in range(40) if n % 10 != 9 and n not in (5, 6, 7))


def test_every_terminal_of_a_day_is_proved_in_bulk():
    county = make_county(3, datetime.date(2025, 6, 12), terminals=12, records=1500)
    for terminal in county.terminals.values():
        rows = rows_of(terminal.records)
        name, key = terminal.place.terminal, terminal.key
        said = verify_rows(name, rows, key, county.keystore.purse)
        assert said == verify.verify(name, terminal.records, key, county.keystore.purse)
        assert check_clock_rows(rows) in (None, check_clock(terminal.records))


def test_nothing_is_proved_of_no_records():
    assert agree([]) == verify.Report(TERMINAL)


@pytest.mark.parametrize("seed", [1])
def test_times_in_bcd_are_those_of_the_calendar(seed):
    rng = np.random.default_rng(seed)
    times = np.concatenate([[0, 951_782_400, 4_102_444_799], rng.integers(0, 2**32, 3000)])
    assert [bytes(row) for row in to_bcd(times)] == [calendar.to_bcd(int(t)) for t in times]

"""The store keeps what it was given, and verify tells every kind of tampering with its number."""

import random
import struct
import zlib

import pytest
from inproc import DTK, JOURNAL_KEY, NOW_S, TERMINAL, Clock, K, card, soft_sam, tap
from ocwire import record
from onecard import verify
from onecard.keystore import PurseKeys
from onecard.sim.cards.tags import FaultyCard
from onecard.store import Store, StoreError
from ram_flash import RamFlash
from terminal.engine import Engine
from terminal.journal import Journal
from terminal.rules import Rules

PURSE = PurseKeys(K, DTK)
PRICE = 1200


def history(taps=12, lost=(), wrong=()):
    """The records of a terminal that sold `taps` times; answers of `lost` taps got lost."""
    clock = Clock()
    journal = Journal(RamFlash(16), JOURNAL_KEY, clock.now_s)
    journal.mount()
    engine = Engine(journal, soft_sam(), clock, Rules())
    for n in range(taps):
        a_card = card(n + 1)
        if n in lost:
            a_card = FaultyCard(a_card, 0x54, b"\x90\x00")
        if n in wrong:
            a_card = FaultyCard(a_card, 0x54, lambda apdu, right: right[:4] + bytes(4) + right[8:])
        tap(engine, a_card, PRICE)
    first, raw = journal.read(1, 1 << 20)
    out = record.split(raw, first)
    while out[-1].seq + 1 < journal.next_seq:
        out += record.split(journal.read(out[-1].seq + 1, 1 << 20)[1], out[-1].seq + 1)
    return out


def prove(items, purse=PURSE, key=JOURNAL_KEY):
    return verify.verify(TERMINAL, items, key, purse)


def findings(items):
    return [(f.seq, f.kind) for f in prove(items).findings]


# -- verify ---------------------------------------------------------------------------------


def test_an_untouched_history_is_proved_with_its_sums():
    report = prove(history())
    assert report.findings == [] and report.is_proved
    assert (report.records, report.purchases, report.debited, report.tacs) == (
        24,
        12,
        12 * PRICE,
        12,
    )


def test_without_purse_keys_the_chain_alone_is_proved():
    report = prove(history(), purse=None)
    assert report.tacs == 0 and report.debited == 12 * PRICE and report.is_proved


@pytest.mark.parametrize("at", [0, 1, 7, 22, 23])
def test_p4_an_altered_record_is_named_and_nothing_behind_it_is_believed(at):
    items = history()
    raw = bytearray(items[at].raw)
    raw[12] ^= 1
    raw[-4:] = struct.pack(">I", zlib.crc32(raw[:-4]))
    items[at] = record.Record(at + 1, bytes(raw))
    report = prove(items)
    assert (at + 1, verify.ALTERED) in [(f.seq, f.kind) for f in report.findings]
    assert report.records == at and not report.is_proved


@pytest.mark.parametrize("at", [0, 1, 7, 22])
def test_p4_a_removed_record_is_named(at):
    items = history()
    del items[at]
    assert (at + 1, verify.GAP) in findings(items) and not prove(items).is_proved


def test_p4_a_removed_stretch_is_named_with_both_ends():
    items = history()
    del items[4:9]
    (first, *_) = prove(items).findings
    assert (first.seq, first.kind) == (5, verify.GAP)
    assert first.text.startswith("records 5 to 9 are missing")


def test_p4_what_stands_behind_a_gap_is_said_to_be_unproved():
    items = history()
    del items[4]
    assert "record 6 behind them cannot be proved" in prove(items).findings[0].text


@pytest.mark.parametrize("at", [0, 7, 23])
def test_p4_a_repeated_record_is_named(at):
    items = history()
    items.insert(at + 1, items[at])
    assert (at + 1, verify.ALTERED) in findings(items)
    assert "repeated" in prove(items).findings[0].text


@pytest.mark.parametrize("at", [0, 7, 22])
def test_p4_two_records_that_changed_places_are_noticed(at):
    items = history()
    items[at], items[at + 1] = items[at + 1], items[at]
    assert not prove(items).is_proved
    assert any(f.seq in (at + 1, at + 2) for f in prove(items).findings)


def test_p4_records_renumbered_to_hide_a_removal_are_noticed():
    items = history()
    del items[6]
    renumbered = [record.Record(n + 1, item.raw) for n, item in enumerate(items)]
    assert findings(renumbered)[0] == (7, verify.ALTERED)


def test_p4_a_record_made_with_another_key_is_noticed_wherever_it_is_put_in():
    items = history()
    body = record.pack(record.REFUSED, NOW_S, 1, bytes(10), 5)
    forged = record.Record(8, record.seal(bytes(16), 8, items[6].mac, record.REFUSED, body))
    inserted = items[:7] + [forged] + [record.Record(i.seq + 1, i.raw) for i in items[7:]]
    assert findings(inserted)[0] == (8, verify.ALTERED)
    assert findings([*items, record.Record(25, forged.raw)])[0] == (25, verify.ALTERED)


def test_p4_another_terminals_records_are_noticed():
    assert prove(history(), key=bytes(16)).findings[0].seq == 1


def test_p4_random_tampering_never_passes():
    seed = 8
    print("seed", seed)
    rng, items = random.Random(seed), history()
    for _ in range(300):
        forged = list(items)
        at = rng.randrange(len(forged))
        kind = rng.randrange(4)
        if kind == 0:
            raw = bytearray(forged[at].raw)
            raw[rng.randrange(4, len(raw) - 4)] ^= 1 << rng.randrange(8)
            forged[at] = record.Record(at + 1, bytes(raw))
        elif kind == 1:
            del forged[rng.randrange(len(forged) - 1)]
        elif kind == 2:
            forged.insert(at, forged[rng.randrange(len(forged))])
        else:
            other = (at + 1 + rng.randrange(len(forged) - 1)) % len(forged)
            forged[at], forged[other] = forged[other], forged[at]
        assert not prove(forged).is_proved, (kind, at)


def test_a_wrong_tac_is_named():
    clock = Clock()
    journal = Journal(RamFlash(8), JOURNAL_KEY, clock.now_s)
    journal.mount()
    engine = Engine(journal, soft_sam(), clock, Rules())
    bad = FaultyCard(card(1), 0x54, lambda apdu, right: bytes(4) + right[4:])
    tap(engine, bad, PRICE)
    items = record.split(journal.read(1, 2048)[1], 1)
    assert findings(items) == [(2, verify.WRONG_TAC)]
    assert not prove(items).is_proved


def test_open_and_doubtful_purchases_are_notices_for_people():
    report = prove(history(lost=(3,), wrong=(5,)))
    assert [(f.kind) for f in report.findings] == [verify.IN_DOUBT, verify.OPEN]
    assert "12.00 is open" in report.findings[1].text
    assert report.is_proved and report.debited == 10 * PRICE


def test_an_unknown_kind_is_told_and_the_rest_proved():
    items = history()
    body = bytes(5)
    raw = record.seal(JOURNAL_KEY, 25, items[-1].mac, 0x77, body)
    report = prove([*items, record.Record(25, raw)])
    assert [(f.seq, f.kind) for f in report.findings] == [(25, verify.UNREADABLE)]
    assert report.debited == 12 * PRICE


def test_a_result_whose_intent_is_missing_is_not_counted():
    items = history()
    del items[6]
    report = prove(items)
    assert report.debited == 11 * PRICE
    assert any("without its intent 7" in f.text for f in report.findings)


# -- store ----------------------------------------------------------------------------------


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "s" / "store.duckdb") as one:
        yield one


def test_what_was_appended_comes_back_byte_for_byte_and_in_order(store):
    items = history()
    assert store.append(TERMINAL, items) == 24
    again = list(store.records(TERMINAL))
    assert [(r.seq, r.raw) for r in again] == [(r.seq, r.raw) for r in items]
    assert [r.seq for r in store.records(TERMINAL, 20)] == [20, 21, 22, 23, 24]
    assert store.last(TERMINAL) == (24, items[-1].mac)
    assert store.debited() == store.debited(TERMINAL) == 12 * PRICE
    assert store.debited("000000000001") == 0 and store.terminals() == [TERMINAL]


def test_an_empty_store_knows_nothing(store):
    assert store.last(TERMINAL) == (0, record.FIRST_MAC)
    assert (store.append(TERMINAL, []), store.debited(), store.terminals()) == (0, 0, [])


def test_the_same_records_again_are_passed_over(store):
    items = history()
    assert store.append(TERMINAL, items[:10]) == 10
    assert store.append(TERMINAL, items[:10]) == 0
    assert store.append(TERMINAL, items[5:]) == 14
    assert store.debited() == 12 * PRICE


def test_another_record_under_a_known_number_is_refused_with_the_whole_batch(store):
    items, others = history(), history(wrong=(4,))
    store.append(TERMINAL, items[:10])
    with pytest.raises(StoreError, match="another record 10"):
        store.append(TERMINAL, others[8:])
    assert store.last(TERMINAL)[0] == 10


def test_two_terminals_do_not_meet(store):
    store.append(TERMINAL, history())
    store.append("000000000001", history(taps=2))
    assert store.last("000000000001")[0] == 4 and store.last(TERMINAL)[0] == 24
    assert store.terminals() == ["000000000001", TERMINAL]
    assert store.debited() == 14 * PRICE


def test_records_of_newer_firmware_are_kept_whole(store):
    raw = record.seal(JOURNAL_KEY, 1, record.FIRST_MAC, 0x77, b"future")
    store.append(TERMINAL, [record.Record(1, raw)])
    assert [r.raw for r in store.records(TERMINAL)] == [raw]


def test_what_is_appended_is_there_after_reopening(tmp_path):
    path = tmp_path / "store.duckdb"
    with Store(path) as one:
        one.append(TERMINAL, history())
    with Store(path) as two:
        assert two.last(TERMINAL)[0] == 24


def test_a_file_that_is_no_store_is_told(tmp_path):
    path = tmp_path / "store.duckdb"
    path.write_bytes(b"this is no database" * 500)
    with pytest.raises(StoreError, match="cannot open the store"):
        Store(path)

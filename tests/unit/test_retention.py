"""What is erased or let go of is gone, and what stays is proved as before."""

import zlib

import pytest
from ocwire import record
from onecard import verify
from onecard.collect.depot import Folder
from onecard.collect.exporting import BESIDE, export_store
from onecard.collect.importing import import_batches
from onecard.database import DatabaseError
from onecard.errors import OneCardError
from onecard.retention.erasing import erase
from onecard.retention.pruning import prune
from onecard.settle.audit import audit
from onecard.settle.engines import open_engine
from onecard.settle.rates import Rates
from onecard.settle.settlement import close, day_number, name_day, settle
from onecard.store import Store, StoreConflict
from onecard.store.schema import NAMES as COLUMNS

from tests.shim.days import FIRST, Days, at, date

DAY0 = day_number(FIRST)
PERSONAL = (record.LOAN, record.STAY, record.IDENTITY)


@pytest.fixture
def place(tmp_path):
    return tmp_path / "store.duckdb"


@pytest.fixture
def another(tmp_path):
    return tmp_path / "another.duckdb"


@pytest.fixture
def days(place):
    made = Days()
    with Store(place) as store:
        made.bring(store)
    return made


def findings(store, days):
    with open_engine("", store) as engine:
        reports = audit(engine, days.keystore).reports
    return {(r.terminal, f.kind) for r in reports for f in r.findings}, sum(
        report.records for report in reports
    )


def settled(store, days, day, is_booked=False):
    with open_engine("", store) as engine:
        made = settle(engine, days.keystore, date(day), Rates())
        assert made.is_balanced, made.imbalances
        if is_booked:
            close(engine, date(day), made)
    return made.as_json()


def rows(store, table):
    order = {"records": "terminal, seq", "closings": "day", "retained": "from_day"}
    query = f"SELECT * FROM {table} ORDER BY {order.get(table, 'terminal')}"
    plain = [
        tuple(bytes(v) if isinstance(v, memoryview) else v for v in row)
        for row in store.database.run(query)
    ]
    return sorted(plain, key=repr)


def personal(days, until):
    """Bytes that say who was where, of days before `until`."""
    for terminal in days.terminals.values():
        for item in terminal.records:
            if item.kind in (record.LOAN, record.STAY, record.IDENTITY) and item.time_s < at(
                until
            ):
                values = item.fields()
                yield values.get("item") or values.get("room") or values["sealed"]


def files(place):
    """The bytes of a store that is a file."""
    return b"" if isinstance(place, str) else place.read_bytes()


def test_what_says_who_it_was_is_gone_and_the_rest_is_proved(place, days):
    with Store(place) as store:
        before, count = [settled(store, days, day) for day in range(3)], findings(store, days)[1]
        assert findings(store, days)[0] == set()
    with Store(place) as store:
        dry = erase(store, days.keystore, at(2), is_dry=True)
        assert rows(store, "erased") == []
        done = erase(store, days.keystore, at(2))
        assert dry == done and done.kinds == {"loan": 8, "stay": 8, "identity": 8}
        kinds, again = findings(store, days)
        assert {kind for _, kind in kinds} == {verify.ERASED} and len(kinds) == 2
        assert again == count
        assert [settled(store, days, day) for day in range(3)] == before
        assert erase(store, days.keystore, at(2)).erased == 0  # once
    with Store(place) as store:
        held = b"".join(bytes(row[0]) for row in store.database.run("SELECT raw FROM records"))
    gone = list(personal(days, 2))
    assert len(gone) == 24 and not any(one in held or one in files(place) for one in gone)
    assert sum(one in held for one in personal(days, 3)) == 12


def test_the_file_that_is_written_anew_is_for_the_same_people(place, days):
    place.chmod(0o600)
    with Store(place) as store:
        before = {name: rows(store, name) for name in ("records", "heads", "merchants")}
        store.database.forget()
        assert {name: rows(store, name) for name in before} == before
        with pytest.raises(DatabaseError, match="onstraint"):  # its key is there as well
            store.database.run("INSERT INTO records SELECT * FROM records LIMIT 1")
    assert place.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in place.parent.iterdir()] == [place.name]


def test_what_a_terminal_sends_again_is_known_though_it_was_erased(place, days):
    with Store(place) as store:
        erase(store, days.keystore, at(3))
        before = rows(store, "records")
        days.bring(store)
        assert rows(store, "records") == before and rows(store, "conflicts") == []
        name, terminal = next(iter(days.terminals.items()))
        item = next(one for one in terminal.records if one.kind == record.LOAN)
        other = record.seal(terminal.key, item.seq, bytes(4), item.kind, item.body)
        with pytest.raises(StoreConflict):
            store.append(name, [record.Record(item.seq, other)])


def test_a_cards_visits_are_erased_and_nobody_elses(place, days):
    card = days.cards[2].serial.hex()
    with Store(place) as store:
        query = "SELECT count(*) FROM records WHERE card = ? AND kind = ANY(?)"
        kinds = [record.LOAN, record.STAY]
        ((visits,),) = store.database.run(query, [card, kinds])
        done = erase(store, days.keystore, card=card)
        assert done.erased == visits > 0 and "identity" not in done.kinds
        assert store.database.run(query, [card, kinds]) == [(0,)]
        paid = "SELECT count(*) FROM records WHERE card = ? AND kind = ?"
        assert store.database.run(paid, [card, record.INTENT])[0][0] > 0


def test_who_has_no_keys_cannot_erase_unseen(place, days):
    from onecard.retention.erasing import blank

    name, terminal = next(iter(days.terminals.items()))
    item = next(one for one in terminal.records if one.kind == record.LOAN)
    with Store(place) as store:
        store.database.run(
            "UPDATE records SET raw = ?, card = ? WHERE terminal = ? AND seq = ?",
            [blank(item.raw), "0" * 20, name, item.seq],
        )
        store.database.run(
            "INSERT INTO erased VALUES (?, ?, ?, ?)", [name, item.seq, bytes(32), bytes(32)]
        )
        kinds, _ = findings(store, days)
        assert (name, verify.ALTERED) in kinds


def test_what_is_left_of_an_erased_record_cannot_be_altered_unseen(place, days):
    name = next(iter(days.terminals))
    with Store(place) as store:
        erase(store, days.keystore, at(3))
        query = "SELECT seq, raw FROM records WHERE terminal = ? AND kind = ? ORDER BY seq"
        seq, raw = store.database.run(query, [name, record.LOAN])[0]
        other = bytearray(raw)
        other[9] = 2  # a return, not a loan
        other[-4:] = zlib.crc32(bytes(other[:-4])).to_bytes(4, "big")
        store.database.run(
            "UPDATE records SET raw = ?, event = 2 WHERE terminal = ? AND seq = ?",
            [bytes(other), name, seq],
        )
        assert (name, verify.ALTERED) in findings(store, days)[0]


def test_an_altered_record_is_left_as_evidence(place, days):
    name, terminal = next(iter(days.terminals.items()))
    item = terminal.records[2]
    raw = record.seal(bytes(16), item.seq, terminal.records[1].mac, item.kind, item.body)
    with Store(place) as store:
        store.database.run(
            "UPDATE records SET raw = ? WHERE terminal = ? AND seq = ?", [raw, name, item.seq]
        )
        done = erase(store, days.keystore, at(3))
        assert done.unproved == 11 and "loan" in done.kinds  # one was before it
        assert (name, verify.ALTERED) in findings(store, days)[0]


@pytest.mark.parametrize("cut", [1, 2, 3])
def test_days_are_let_go_of_and_the_chain_goes_on(place, days, cut):
    with Store(place) as store:
        before = [settled(store, days, day, is_booked=True) for day in range(3)]
        whole = rows(store, "records")
        dry = prune(store, days.keystore, DAY0 + cut, is_dry=True)
        assert rows(store, "records") == whole
        done = prune(store, days.keystore, DAY0 + cut)
        assert dry == done and not done.reasons and done.terminals == 4
        assert done.before_day == DAY0 + cut and done.records == len(whole) // 3 * cut
        kinds, count = findings(store, days)
        assert {kind for _, kind in kinds} == {verify.LET_GO} and len(kinds) == 4
        assert count == len(whole) - done.records
        for day in range(3):
            if day < cut:
                with pytest.raises(OneCardError, match="were let go of"):
                    settled(store, days, day)
            else:
                assert settled(store, days, day)["merchants"] == before[day]["merchants"]
        days.bring(store)  # they come again
        assert len(rows(store, "records")) == len(whole) - done.records
        for name, terminal in days.terminals.items():
            assert store.last(name) == (terminal.records[-1].seq, terminal.records[-1].mac)
    gone = list(personal(days, cut))
    assert gone and not any(one in files(place) for one in gone)


def test_it_goes_on_day_after_day_with_what_comes_new(place):
    long, short = Days(days=5), Days(days=3)
    with Store(place) as store:
        short.bring(store)
        for day in range(3):
            settled(store, short, day, is_booked=True)
        for cut in (1, 2):
            assert not prune(store, short.keystore, DAY0 + cut).reasons
        long.bring(store)
        for day in (3, 4):
            settled(store, long, day, is_booked=True)
        assert not prune(store, long.keystore, DAY0 + 4).reasons
        assert {kind for _, kind in findings(store, long)[0]} == {verify.LET_GO}
        kept = {row[1] for row in rows(store, "records")}
        assert min(kept) == 4 * len(next(iter(long.terminals.values())).records) // 5 + 1


def test_what_is_not_booked_keeps_its_day_and_all_after_it(place, days):
    with Store(place) as store:
        settled(store, days, 0, is_booked=True)
        done = prune(store, days.keystore, DAY0 + 3)
        assert done.before_day == DAY0 + 1
        assert any("in no closed settlement" in text for text in done.reasons)
        assert store.database.run("SELECT from_day FROM retained") == [(DAY0 + 1,)]


@pytest.mark.parametrize("what", ["open", "in doubt"])
def test_what_is_open_or_in_doubt_keeps_its_day_unless_somebody_accepts_it(place, what):
    made = Days(fault=what)
    with Store(place) as store:
        made.bring(store)
        for day in range(3):
            settled(store, made, day, is_booked=True)
        done = prune(store, made.keystore, DAY0 + 3, is_dry=True)
        assert done.before_day == DAY0 + 1 and "is open or in doubt" in done.reasons[0]
        done = prune(store, made.keystore, DAY0 + 3, is_accepting=True)
        assert done.before_day == DAY0 + 3 and not done.reasons
        assert rows(store, "records") == []


def test_a_finding_keeps_its_day_and_what_is_not_proved_always_stays(place, days):
    name, terminal = list(days.terminals.items())[1]
    first = next(one for one in terminal.records if one.time_s > at(1))
    raw = record.seal(bytes(16), first.seq, bytes(4), first.kind, first.body)
    with Store(place) as store:
        for day in range(3):
            settled(store, days, day, is_booked=True)
        store.database.run(
            "UPDATE records SET raw = ? WHERE terminal = ? AND seq = ?", [raw, name, first.seq]
        )
        done = prune(store, days.keystore, DAY0 + 3, is_dry=True)
        assert done.before_day == DAY0 + 1 and verify.ALTERED in done.reasons[0]
        prune(store, days.keystore, DAY0 + 3, is_accepting=True)
        (left,) = {row[0] for row in rows(store, "records")}
        assert left == name and (name, verify.ALTERED) in findings(store, days)[0]


@pytest.mark.parametrize("is_first", [False, True])
def test_a_hole_keeps_the_day_of_what_is_beside_it(place, days, is_first):
    name, terminal = list(days.terminals.items())[1]
    first = next(one for one in terminal.records if one.time_s > at(1))
    seqs = (0, 2) if is_first else (first.seq, first.seq + 2)
    with Store(place) as store:
        for day in range(3):
            settled(store, days, day, is_booked=True)
        hole = "DELETE FROM records WHERE terminal = ? AND seq > ? AND seq < ?"
        store.database.run(hole, [name, *seqs])
        done = prune(store, days.keystore, DAY0 + 3, is_dry=True)
        assert done.before_day == DAY0 + (not is_first) and verify.GAP in done.reasons[0]


def test_who_has_no_keys_cannot_let_go_unseen(place, days):
    name, terminal = next(iter(days.terminals.items()))
    with Store(place) as store:
        store.database.run("DELETE FROM records WHERE terminal = ? AND seq <= 3", [name])
        mac = terminal.records[2].mac
        store.database.run("INSERT INTO anchors VALUES (?, 3, ?, ?)", [name, mac, bytes(32)])
        kinds, _ = findings(store, days)
        assert (name, verify.GAP) in kinds and (name, verify.LET_GO) not in kinds


def test_a_wrong_clock_that_would_tear_a_cards_history_is_told(place, days):
    """A terminal's clock a year ahead keeps all behind it: sales of day 0 there, not elsewhere."""
    with Store(place) as store:
        for day in range(3):
            settled(store, days, day, is_booked=True)
        names = [name for name, one in days.terminals.items() if one.place.scene == "canteen"]
        query = "UPDATE records SET time_s = ?, stored_s = ? WHERE terminal = ? AND seq = 1"
        store.database.run(query, [at(300), at(300), names[0]])
        before = rows(store, "records")
        with pytest.raises(OneCardError, match="would get holes"):
            prune(store, days.keystore, DAY0 + 2, is_accepting=True)
        assert rows(store, "records") == before


def test_a_disk_that_fills_erases_and_lets_go_of_nothing(place, days, monkeypatch):
    with Store(place) as store:
        for day in range(3):
            settled(store, days, day, is_booked=True)
        before = [rows(store, name) for name in ("records", "erased", "anchors")]
        for module, name in (("erasing", "_BLANK"), ("pruning", "_ANCHORS")):
            with monkeypatch.context() as patch:
                wrong = "SELECT error_of_the_test()"
                patch.setattr(
                    f"onecard.retention.{module}.{name}", (wrong,) if name == "_BLANK" else wrong
                )
                with pytest.raises(DatabaseError):
                    erase(store, days.keystore, at(2)) if name == "_BLANK" else prune(
                        store, days.keystore, DAY0 + 1
                    )
            assert [rows(store, name) for name in ("records", "erased", "anchors")] == before


def whole(store):
    names = COLUMNS.replace(" stored_s,", "")
    records = store.database.run(f"SELECT {names} FROM records ORDER BY terminal, seq")
    return {name: rows(store, name) for name in BESIDE} | {"records": records}


def test_an_export_makes_the_same_store_elsewhere(place, another, days, tmp_path):
    with Store(place) as store, Store(another) as other:
        for day in range(3):
            settled(store, days, day, is_booked=True)
        erase(store, days.keystore, at(2))
        prune(store, days.keystore, DAY0 + 1)
        done = export_store(store, Folder(tmp_path / "out"), name_day)
        assert done.records == len(rows(store, "records"))
        assert (tmp_path / "out/day=2025-06-12/merchant=canteen2/records.parquet").is_file()
        result = import_batches(Folder(tmp_path / "out"), other)
        assert result.is_well and result.new == done.records
        assert whole(other) == whole(store)
        assert findings(other, days) == findings(store, days)
        again = import_batches(Folder(tmp_path / "out"), other)
        assert (again.new, again.is_well) == (0, True) and whole(other) == whole(store)


def test_days_that_were_let_go_of_are_looked_at_from_their_export(place, another, days, tmp_path):
    with Store(place) as store, Store(another) as other:
        for day in range(3):
            settled(store, days, day, is_booked=True)
        before = settled(store, days, 0)
        export_store(store, Folder(tmp_path / "out"), name_day, before_day=DAY0 + 2)
        prune(store, days.keystore, DAY0 + 2)
        result = import_batches(Folder(tmp_path / "out"), store)
        assert result.is_well and result.new == 0  # they stay gone here
        assert import_batches(Folder(tmp_path / "out"), other).is_well
        assert settled(other, days, 0) == before

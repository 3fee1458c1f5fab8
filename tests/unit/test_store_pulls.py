"""Any split, order and repetition of pulls gives the same store; older stores come along."""

import datetime
import functools
import random

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ocwire import record
from onecard.sim.county import make_county
from onecard.store import Store, StoreConflict, StoreError
from onecard.store.schema import NAMES

DAY = datetime.date(2025, 6, 12)
COLUMNS = NAMES.replace(" stored_s,", "")
KEPT = f"SELECT {COLUMNS} FROM records ORDER BY terminal, seq"
HEADS = "SELECT * FROM heads ORDER BY terminal"


@functools.cache
def county():
    made = make_county(5, DAY, terminals=9, records=400)
    keep = list(made.terminals)[:3]
    made.terminals = {name: made.terminals[name] for name in keep}
    return made


def content(store):
    return [store.database.run(query) for query in (KEPT, HEADS)]


@functools.cache
def wanted():
    with Store.in_memory() as store:
        for terminal, records in county().pulls(10_000):
            store.append(terminal, records)
        return content(store)


@st.composite
def pulls(draw):
    """Every record at least once, in windows of any size, some again, in any order."""
    out = []
    for name, terminal in county().terminals.items():
        size = len(terminal.records)
        cuts = sorted(draw(st.sets(st.integers(1, size - 1), max_size=12)))
        for first, last in zip([0, *cuts], [*cuts, size], strict=True):
            out.append((name, max(0, first - draw(st.integers(0, 5))), last))
    out += draw(st.lists(st.sampled_from(out), max_size=5))
    return draw(st.permutations(out))


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(pulls())
def test_any_split_order_or_repetition_of_pulls_gives_the_same_store(batches):
    with Store.in_memory() as store:
        for terminal, first, last in batches:
            store.append(terminal, county().terminals[terminal].records[first:last])
        assert content(store) == wanted()


def test_whole_batches_that_came_before_are_counted():
    terminal, records = county().pulls()[0]
    with Store.in_memory() as store:
        for _ in range(3):
            store.append(terminal, records)
        rows = store.database.run("SELECT * FROM repeats")
    assert rows == [(terminal, 1, records[-1].seq, 2)]


def test_what_came_under_a_taken_number_is_kept_as_evidence():
    terminal, records = county().pulls()[0]
    other = record.Record(2, record.seal(bytes(16), 2, bytes(4), record.BOOT, bytes(15)))
    with Store.in_memory() as store:
        store.append(terminal, records)
        for _ in range(2):
            with pytest.raises(StoreConflict):
                store.append(terminal, [other])
        assert store.database.run("SELECT * FROM conflicts") == [(terminal, 2, other.raw)]
        assert content(store)[1][0][1] == records[-1].seq


OLD = """
CREATE TABLE records (
    terminal VARCHAR NOT NULL, seq UINTEGER NOT NULL, kind UTINYINT NOT NULL,
    time_s UINTEGER NOT NULL, card VARCHAR, amount UINTEGER, balance UINTEGER, outcome UTINYINT,
    intent_seq UINTEGER, raw BLOB NOT NULL, stored_s UINTEGER NOT NULL, PRIMARY KEY (terminal, seq)
);
"""


def test_a_store_of_the_first_version_is_brought_up_whole(tmp_path):
    path = tmp_path / "old.duckdb"
    with duckdb.connect(str(path)) as db:
        db.execute(OLD)
        rows = [(n, r.seq, r.kind, r.raw) for n, records in county().pulls() for r in records]
        random.Random(1).shuffle(rows)
        db.executemany("INSERT INTO records BY NAME SELECT ? AS terminal, ? AS seq, ? AS kind, "
                       "0 AS time_s, ?::BLOB AS raw, 7 AS stored_s", rows)  # fmt: skip
    for _ in range(2):
        with Store(path) as store:
            assert content(store) == wanted()


def test_a_store_of_the_second_version_gets_what_is_new_and_keeps_what_it_has(tmp_path):
    path = tmp_path / "second.duckdb"
    with Store(path) as store:
        for terminal, records in county().pulls(10_000):
            store.append(terminal, records)
        for statement in (
            "DROP TABLE anchors; DROP TABLE erased; DROP TABLE retained",
            "UPDATE store_version SET version = 2",
            "INSERT INTO closings VALUES (20251)",
        ):
            store.database.run(statement)
    for _ in range(2):
        with Store(path) as store:
            assert content(store) == wanted()
            assert store.database.run("SELECT * FROM closings") == [(20251,)]
            assert store.database.run("SELECT version FROM store_version") == [(3,)]
            assert store.database.tables() >= {"anchors", "erased", "retained"}


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("CREATE TABLE accounts (id INTEGER)", "other tables: accounts"),
        ("CREATE TABLE records (id INTEGER); CREATE TABLE store_version AS SELECT 9 AS version",
         "its version is 9"),
    ],
)  # fmt: skip
def test_a_foreign_database_is_refused_and_left_as_it_is(tmp_path, statement, told):
    path = tmp_path / "other.duckdb"
    with duckdb.connect(str(path)) as db:
        db.execute(statement)
        before = db.execute("SHOW TABLES").fetchall()
    with pytest.raises(StoreError, match=told):
        Store(path)
    with duckdb.connect(str(path)) as db:
        assert db.execute("SHOW TABLES").fetchall() == before

"""A store on a PostgreSQL server: as one in a file, and for many programs at once."""

import multiprocessing
import random

import pytest
from hypothesis import HealthCheck, given, settings
from ocwire import record
from onecard.database import DatabaseError, is_url
from onecard.errors import OneCardError
from onecard.settle.audit import audit
from onecard.settle.engines import open_engine
from onecard.settle.merchants import keep_merchants
from onecard.settle.rates import Rates
from onecard.settle.settlement import close, settle
from onecard.sim.county import bring, make_county, plant, tamper
from onecard.store import Store, StoreConflict, StoreError

from tests.unit.test_store_pulls import DAY, HEADS, content, county, pulls, wanted

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]  # make test-scale
TABLES = ("records", "heads", "conflicts", "repeats", "merchants", "settled", "closings")


@pytest.fixture
def place(postgresql, new_database):
    """The URL of an empty database."""
    return new_database()


def test_it_has_the_tables_and_columns_of_one_in_a_file(place):
    query = "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = ?"
    with Store(place) as server, Store.in_memory() as file:
        assert sorted(server.database.run(query, ["onecard"])) == sorted(
            file.database.run(query, ["main"])
        )
        assert is_url(server.place) and server.terminals() == []


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(batches=pulls())
def test_any_split_order_or_repetition_of_pulls_gives_the_same_store(new_database, batches):
    with Store(new_database()) as store:
        for terminal, first, last in batches:
            store.append(terminal, county().terminals[terminal].records[first:last])
        assert same(content(store), wanted())


def same(one, other):
    """Rows, bytes compared as bytes."""
    plain = [
        [tuple(bytes(v) if isinstance(v, memoryview) else v for v in row) for row in rows]
        for rows in (*one, *other)
    ]
    return plain[: len(one)] == plain[len(one) :]


def test_what_is_read_back_is_what_was_stored(place):
    terminal, records = county().pulls(10_000)[0]
    with Store(place) as store:
        assert store.last(terminal) == (0, record.FIRST_MAC)
        assert store.append(terminal, records) == len(records)
        assert store.append(terminal, records) == 0
        assert store.last(terminal) == (records[-1].seq, records[-1].mac)
    with Store(place) as store:
        assert [r.raw for r in store.records(terminal, 3)] == [r.raw for r in records[2:]]
        assert store.database.run("SELECT * FROM repeats") == [(terminal, 1, records[-1].seq, 1)]
        with Store.in_memory() as file:
            file.append(terminal, records)
            assert store.debited(terminal) == file.debited(terminal) == file.debited() > 0


def test_what_came_under_a_taken_number_is_kept_as_evidence(place):
    terminal, records = county().pulls()[0]
    other = record.Record(2, record.seal(bytes(16), 2, bytes(4), record.BOOT, bytes(15)))
    with Store(place) as store:
        store.append(terminal, records)
        for _ in range(2):
            with pytest.raises(StoreConflict):
                store.append(terminal, [other])
        assert store.database.run("SELECT * FROM conflicts") == [(terminal, 2, other.raw)]


def _pull(url, seed, results):
    """Of another program: every window of the county in an order of its own."""
    windows = county().pulls(64)
    random.Random(seed).shuffle(windows)
    with Store(url) as store:
        results.put(sum(store.append(*window) for window in windows))


def test_programs_that_pull_the_same_at_once_store_each_record_once(place):
    print("seeds 0 to 3")
    forked = multiprocessing.get_context("spawn")
    results = forked.Queue()
    programs = [forked.Process(target=_pull, args=(place, seed, results)) for seed in range(4)]
    for program in programs:
        program.start()
    new = [results.get(timeout=300) for _ in programs]
    for program in programs:
        program.join()
    with Store(place) as store:
        assert same(content(store), wanted())
        assert sum(new) == len(wanted()[0])


def _conflict(url, number, results):
    terminal = county().pulls(10_000)[0][0]
    other = record.Record(
        2, record.seal(bytes([number] * 16), 2, bytes(4), record.BOOT, bytes(15))
    )
    with Store(url) as store:
        try:
            results.put(store.append(terminal, [other]))
        except StoreConflict:
            results.put(-1)


def test_of_two_records_under_a_number_that_come_at_once_one_is_a_conflict(place):
    forked = multiprocessing.get_context("spawn")
    results = forked.Queue()
    programs = [forked.Process(target=_conflict, args=(place, n, results)) for n in range(4)]
    for program in programs:
        program.start()
    assert sorted(results.get(timeout=300) for _ in programs) == [-1, -1, -1, 1]
    for program in programs:
        program.join()
    with Store(place) as store:
        assert store.database.run("SELECT count(*) FROM conflicts") == [(3,)]


def test_an_audit_sees_one_moment_while_records_come(place):
    made = county()
    (first, records), *_ = made.pulls(10_000)
    half = len(records) // 2
    with Store(place) as store, Store(place) as other:
        store.append(first, records[:half])
        with open_engine("", store) as engine:
            other.append(first, records[half:])
            (report,) = audit(engine, made.keystore).reports
        assert report.records == half
        with open_engine("", other) as engine:
            (report,) = audit(engine, made.keystore).reports
        assert report.records == len(records)


def test_of_two_who_close_a_day_at_once_one_does(place):
    made = county()
    with Store(place) as store, Store(place) as other:
        for terminal, records in made.pulls(10_000):
            store.append(terminal, records)
        keep_merchants(store, [(p.terminal, p.merchant, p.scene) for p in made.places])
        with open_engine("", store) as one, open_engine("", other) as two:
            first, second = (settle(e, made.keystore, DAY, Rates()) for e in (one, two))
            assert close(one, DAY, first) > 0
            with pytest.raises(OneCardError, match="closed already"):
                close(two, DAY, second)
        assert store.database.run("SELECT count(*) FROM closings") == [(1,)]


def test_a_connection_that_is_lost_takes_nothing_and_says_so(place, sql):
    terminal, records = county().pulls(10_000)[0]
    with Store(place) as store:
        sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'onecard'")  # fmt: skip
        with pytest.raises(StoreError, match="is gone"):
            store.append(terminal, records)
    with Store(place) as store:
        assert store.append(terminal, records) == len(records)


def test_a_schema_of_somebody_else_is_refused_and_left_alone(place, sql):
    psycopg = pytest.importorskip("psycopg")
    with psycopg.connect(place, autocommit=True) as other:
        other.execute("CREATE SCHEMA onecard CREATE TABLE accounts (id INTEGER)")
        with pytest.raises(StoreError, match="other tables: accounts"):
            Store(place)
        found = other.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'onecard'")
        assert found.fetchall() == [("accounts",)]


def test_a_reader_may_look_and_not_write(place, sql):
    psycopg = pytest.importorskip("psycopg")
    (terminal, records), (another, more), *_ = county().pulls(10_000)
    with Store(place) as store:
        store.append(terminal, records)
    with psycopg.connect(place, autocommit=True) as other:
        other.execute("DROP ROLE IF EXISTS auditor")
        other.execute("CREATE ROLE auditor LOGIN")
        other.execute("GRANT USAGE ON SCHEMA onecard TO auditor")
        other.execute("GRANT SELECT ON ALL TABLES IN SCHEMA onecard TO auditor")
        with Store(place.replace("onecard@", "auditor@")) as store:
            assert len(list(store.records(terminal))) == len(records)
            with pytest.raises(StoreError, match="refuses"):
                store.append(another, more)
        other.execute("DROP OWNED BY auditor")
        other.execute("DROP ROLE auditor")


def test_an_audit_finds_the_same_in_a_file_and_on_a_server(place, tmp_path):
    print("seed 7")
    made = make_county(7, DAY, terminals=30, records=5000)
    plan = plant(made)
    path = tmp_path / "store.duckdb"
    with Store(path) as file:
        bring(made, plan, file)
    tamper(path, plan)
    with Store(path) as file, Store(place) as server:
        for name in TABLES:
            server.database.put("copied", file.database.table(f"SELECT * FROM {name}"))
            columns = ", ".join(file.database.table(f"SELECT * FROM {name} LIMIT 0").column_names)
            server.database.run(f"INSERT INTO {name} ({columns}) SELECT {columns} FROM copied")
        with open_engine("", server) as here, open_engine("", file) as there:
            found, known = audit(here, made.keystore), audit(there, made.keystore)
        assert found == known and sum(len(one.findings) for one in found.reports) > 10
        assert same([server.database.run(HEADS)], [file.database.run(HEADS)])


def test_a_password_in_the_stores_url_is_refused():
    with pytest.raises(StoreError, match="a password in a URL") as told:
        Store("postgresql://me:hush@127.0.0.1/db")
    assert "hush" not in str(told.value)
    assert isinstance(told.value.__cause__, DatabaseError)

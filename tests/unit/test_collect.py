"""Collectors: a batch is durable before it is acknowledged, comes as often as it likes, and what a
peer does is that peer's affair."""

import contextlib
import os
import socket
import struct
import threading

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fleet_rig import (
    Deaths,
    answer,
    content,
    fleet,
    listener,
    records_of,
    report,
    stored,
    wanted,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from inproc import Died
from ocwire import frame, message, record
from onecard.collect import depot as depots
from onecard.collect import importing, parquet
from onecard.collect.batches import Batches
from onecard.collect.depot import DepotError, Folder, open_depot
from onecard.link import LinkClient
from onecard.store import Store, StoreError


class Memory:
    """A depot that is a dictionary."""

    def __init__(self):
        self.files = {}

    def put(self, name, content):
        self.files[name] = content

    def names(self):
        return sorted(self.files)

    def get(self, name):
        return self.files[name]


def imported(depot):
    with Store.in_memory() as store:
        result = importing.import_batches(depot, store)
        return result, content(store)


def test_what_terminals_report_is_in_the_store_after_an_import(tmp_path):
    made = fleet()
    listening = listener(tmp_path, made.keystore)
    for terminal in made.terminals:
        assert report(listening, terminal).new == terminal.whole == terminal.acked
    result, store = imported(Folder(tmp_path))
    assert store == wanted() and result.is_well
    assert result.new == result.records == made.records
    counts = listening.counts.values
    assert (counts.sessions, counts.records) == (9, made.records)
    assert counts.failed == counts.alarms == 0


def test_batches_have_the_columns_of_the_store_and_a_day(tmp_path):
    made = fleet()
    report(listener(tmp_path, made.keystore), made.terminals[0])
    (name,) = Folder(tmp_path).names()
    assert name.startswith("received=20")
    with Store.in_memory() as store:
        columns = [row[0] for row in store.database.run("DESCRIBE records")]
    assert sorted(pq.read_schema(tmp_path / name).names) == sorted(columns)


def test_sessions_at_once_share_a_batch(tmp_path):
    made = fleet()
    depot = Memory()
    together = Batches(depot, linger_s=60, most_windows=9)
    threads = [
        threading.Thread(target=together.append, args=(one.number, records_of(one)))
        for one in made.terminals
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(depot.files) == 1
    assert imported(depot)[1] == wanted()


# -- deaths ----------------------------------------------------------------------------------


def test_a_collector_that_is_killed_at_any_step_loses_and_doubles_nothing(tmp_path, monkeypatch):
    inner = LinkClient.pull
    monkeypatch.setattr(LinkClient, "pull", lambda self, seq: inner(self, seq, 1500))
    link = [(LinkClient, name) for name in ("_send", "_receive", "acknowledge")]
    deaths = Deaths(monkeypatch, *link)
    at = 0
    while True:
        at += 1
        terminal = max(fleet().terminals, key=lambda one: one.whole)
        place = tmp_path / str(at)
        deaths.at, deaths.count = at, 0
        try:
            report(listener(place, fleet().keystore), terminal)
        except Died:
            pass
        else:
            break  # every step has had its turn
        deaths.at = None
        durable = stored(place, terminal)
        assert set(range(1, terminal.acked + 1)) <= set(durable), "acknowledged and not durable"
        assert report(listener(place, fleet().keystore), terminal) is not None
        assert terminal.acked == terminal.whole
        assert stored(place, terminal) == {r.seq: r.raw for r in records_of(terminal)}
    with Store.in_memory() as store:  # of all the deaths together
        assert importing.import_batches(Folder(tmp_path), store).is_well
        assert [r.raw for r in store.records(terminal.number)] == [
            r.raw for r in records_of(terminal)
        ]
    print("steps:", at - 1)
    assert at > 60


def test_two_collectors_that_know_nothing_of_each_other_share_a_terminal(tmp_path):
    made = fleet()
    terminal, ends = made.terminals[0], made.terminals[0].whole
    sides = [listener(tmp_path, made.keystore), listener(tmp_path, made.keystore)]
    for turn, until in enumerate((ends // 3, ends // 2, ends // 2 + 1, ends)):
        terminal._now_s = lambda until=until: terminal.times()[until - 1]
        result = report(sides[turn % 2], terminal)
        assert result.findings == [] and terminal.acked == terminal.count
    with Store.in_memory() as store:
        importing.import_batches(Folder(tmp_path), store)
        assert list(r.raw for r in store.records(terminal.number)) == [
            r.raw for r in records_of(terminal)
        ]


def test_a_terminal_that_has_let_go_of_what_was_acknowledged_goes_on_behind_it(tmp_path):
    made = fleet()
    terminal = made.terminals[0]
    terminal.acked = terminal.whole // 2
    terminal.oldest = terminal.acked + 1
    result = report(listener(tmp_path, made.keystore), terminal)
    assert result.findings == [] and result.new == terminal.whole - terminal.whole // 2


def full(handle):
    raise OSError(28, "No space left on device")


def test_a_full_disk_is_told_and_nothing_is_acknowledged(tmp_path, monkeypatch):
    made = fleet()
    listening = listener(tmp_path, made.keystore)
    with monkeypatch.context() as patch:
        patch.setattr(depots.os, "fsync", full)
        assert report(listening, made.terminals[0]) is None
    assert made.terminals[0].acked == 0 and Folder(tmp_path).names() == []
    assert listening.counts.values.failed == 1
    assert not [name for _, _, names in os.walk(tmp_path) for name in names]
    assert report(listening, made.terminals[0]).new == made.terminals[0].whole


# -- hostile peers -----------------------------------------------------------------------------


def silent(terminal, sock):
    with contextlib.suppress(OSError):
        sock.recv(4096)
        while sock.recv(4096):
            pass
    sock.close()


def noise(terminal, sock):
    with contextlib.suppress(OSError), sock:
        while True:
            sock.sendall(bytes(range(256)) * 16)


def gone(terminal, sock):
    sock.close()


def altered(terminal, sock):
    """Its third record is another than it wrote, its CRC and the session right."""
    good = terminal._raw
    ends = terminal._ends
    raw = bytearray(good[ends[1] : ends[2]])
    raw[6] ^= 1
    raw[-4:] = struct.pack(">I", record.occrypto.crc32(bytes(raw[:-4])))
    terminal._raw = good[: ends[1]] + bytes(raw) + good[ends[2] :]
    try:
        answer(terminal, sock)
    finally:
        terminal._raw = good


def wrong_key(terminal, sock):
    own, terminal._key = terminal._key, bytes(16)
    try:
        answer(terminal, sock)
    finally:
        terminal._key = own


def stranger(terminal, sock):
    """Greets under a number that is none, and proves nothing."""
    decoder = frame.Decoder()
    with contextlib.suppress(OSError), sock:
        while chunk := sock.recv(4096):
            for payload in decoder.feed(chunk):
                if payload[0] == message.HELLO:
                    fields = (1, 1, b"\xaa\xbb\xcc\xdd\xee\xff", bytes(16))
                    sock.sendall(frame.encode(message.pack(0x81, *fields, tail=b"x")))


@pytest.mark.parametrize(
    ("peer", "alarms"),
    [(silent, 0), (noise, 0), (gone, 0), (altered, 1), (wrong_key, 0), (stranger, 0)],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_hostile_peer_ends_alone_and_in_time(tmp_path, peer, alarms):
    made = fleet()
    bad, good = made.terminals[:2]
    listening = listener(tmp_path, made.keystore, timeout_s=0.1, login_s=0.5, session_s=2.0)
    assert report(listening, bad, peer) is None
    counts = listening.counts.values
    assert (counts.failed, counts.alarms) == (1 - alarms, alarms)
    assert bad.acked <= 2
    assert report(listening, good).new == good.whole


def test_more_peers_than_sessions_wait_and_all_are_served(tmp_path):
    made = fleet()
    listening = listener(tmp_path, made.keystore, linger_s=0.01, sessions=2)
    running = threading.Thread(target=listening.run)
    running.start()
    peers = []
    for terminal in made.terminals:
        sock = socket.create_connection(("127.0.0.1", listening.port))
        peers.append(threading.Thread(target=answer, args=(terminal, sock)))
        peers[-1].start()
    for peer in peers:
        peer.join()
    listening.stop()
    running.join()
    assert all(terminal.acked == terminal.whole for terminal in made.terminals)
    assert imported(Folder(tmp_path))[1] == wanted()


# -- imports -----------------------------------------------------------------------------------


@st.composite
def lakes(draw):
    """Every record at least once, in windows of any size, some again, in files of any windows."""
    windows = []
    for terminal in fleet().terminals[:4]:
        items = records_of(terminal)
        cuts = sorted(draw(st.sets(st.integers(1, len(items) - 1), max_size=6)))
        for first, last in zip([0, *cuts], [*cuts, len(items)], strict=True):
            first = max(0, first - draw(st.integers(0, 4)))
            windows.append(parquet.Window(terminal.number, items[first:last]))
    windows += draw(st.lists(st.sampled_from(windows), max_size=5))
    windows = draw(st.permutations(windows))
    files = []
    while windows:
        size = draw(st.integers(1, len(windows)))
        files.append(windows[:size])
        windows = windows[size:]
    return files


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(lakes())
def test_any_split_order_or_repetition_of_batches_gives_the_same_store(files):
    depot = Memory()
    for number, windows in enumerate(files):
        depot.put(f"{number}.parquet", parquet.pack(windows, number))
    with Store.in_memory() as store:
        assert importing.import_batches(depot, store).is_well
        once = content(store)
        again = importing.import_batches(depot, store)
        assert (again.new, again.is_well, content(store)) == (0, True, once)
        assert store.database.run("SELECT count(*) FROM repeats") == [(0,)]
    numbers = {terminal.number for terminal in fleet().terminals[:4]}
    assert once == [[row for row in rows if row[0] in numbers] for rows in wanted()]


def lake(*windows):
    depot = Memory()
    depot.put("a.parquet", parquet.pack(windows, 7))
    return depot


def whole(at=0):
    terminal = fleet().terminals[at]
    return parquet.Window(terminal.number, records_of(terminal))


def other(seq=2):
    return record.Record(seq, record.seal(bytes(16), seq, bytes(4), record.BOOT, bytes(15)))


def test_another_record_under_a_number_is_kept_and_told_and_the_rest_is_taken():
    first, second = whole(0), whole(1)
    with Store.in_memory() as store:
        importing.import_batches(lake(first), store)
        bad = parquet.Window(first.terminal, [other()])
        result = importing.import_batches(lake(bad, second), store)
        assert not result.is_well and first.terminal in result.conflicts[0]
        assert result.new == len(second.records)
        kept = store.database.run("SELECT * FROM conflicts")
        assert kept == [(first.terminal, 2, other().raw)]
        assert [r.raw for r in store.records(first.terminal)] == [r.raw for r in first.records]


def test_two_records_under_a_number_in_one_file_are_told():
    first = whole(0)
    with Store.in_memory() as store:
        bad = parquet.Window(first.terminal, [other()])
        result = importing.import_batches(lake(first, bad), store)
        assert len(result.conflicts) == 1
        assert store.database.run("SELECT count(*) FROM conflicts") == [(1,)]


def test_a_damaged_or_foreign_file_is_told_and_nothing_of_it_is_taken():
    good = parquet.pack([whole(0)], 7)
    table = pq.read_table(pa.BufferReader(good))
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"terminal": ["1"]}), sink)
    lame = table.set_column(
        table.schema.get_field_index("raw"), "raw", pa.array([b"\x0c" * 12] * len(table))
    )
    short = pa.BufferOutputStream()
    pq.write_table(lame, short)
    bad = {
        "cut": good[: len(good) // 2],
        "empty": b"",
        "flipped": good[:900] + bytes([good[900] ^ 1]) + good[901:],
        "foreign": sink.getvalue().to_pybytes(),
        "records": short.getvalue().to_pybytes(),
        "text": b"terminal,seq\n",
    }
    for name, data in bad.items():
        depot = Memory()
        depot.files = {"1.parquet": data, "2.parquet": parquet.pack([whole(1)], 7)}
        with Store.in_memory() as store:
            result = importing.import_batches(depot, store)
            assert len(result.damaged) == 1 and "1.parquet" in result.damaged[0], name
            assert store.terminals() == [whole(1).terminal], name


def test_an_import_that_dies_takes_a_file_whole_or_not_at_all(monkeypatch):
    depot = lake(whole(0), whole(1))
    with Store.in_memory() as store:
        for step in ("_KNOWN", "_HEADS"):
            with monkeypatch.context() as patch:
                patch.setattr(f"onecard.store.adding.{step}", "SELECT error('the disk is full')")
                with pytest.raises(StoreError):
                    importing.import_batches(depot, store)
            assert content(store) == [[], []]
        assert importing.import_batches(depot, store).new == len(
            whole(0).records + whole(1).records
        )


# -- places ------------------------------------------------------------------------------------


def test_an_object_store_holds_batches_too():
    depot = open_depot("memory://lake/records")
    made = fleet()
    listening = listener(None, made.keystore, depot=depot)
    for terminal in made.terminals:
        report(listening, terminal)
    assert len(depot.names()) == 9 and depot.names()[0].startswith("received=")
    assert imported(open_depot("memory://lake/records"))[1] == wanted()


def test_a_place_that_cannot_be_is_told(tmp_path):
    with pytest.raises(DepotError, match="is no folder"):
        Folder(tmp_path / "none").names()
    with pytest.raises(DepotError, match="unheard"):
        open_depot("unheard://of/it")
    (tmp_path / "file").touch()
    with pytest.raises(DepotError):
        Folder(tmp_path / "file").put("a/b.parquet", b"x")

"""A small fleet, and a line from one of its terminals to a collector in this process."""

import contextlib
import functools
import logging
import socket
import threading

import deaths
from ocwire import frame
from onecard.collect import depot, parquet
from onecard.collect.batches import Batches
from onecard.collect.counts import Counts
from onecard.collect.depot import Folder
from onecard.collect.tcp import Listener
from onecard.sim.fleet.day import make_fleet
from onecard.store import Store
from onecard.store.schema import NAMES

SEED = 5
COLUMNS = NAMES.replace(" stored_s,", "")
KEPT = f"SELECT {COLUMNS} FROM records ORDER BY terminal, seq"
HEADS = "SELECT * FROM heads ORDER BY terminal"

logging.getLogger("onecard.pull").addHandler(logging.NullHandler())


@functools.cache
def _made():
    return make_fleet(SEED, 9, 400)


def fleet():
    """Nine terminals at the end of their day, nothing of it acknowledged."""
    made = _made()
    made.clock.now_s = lambda: made.clock.end_s
    for terminal in made.terminals:
        terminal._now_s = made.clock.now_s
        terminal.acked, terminal.oldest = 0, 1
        terminal.hang_up()
    return made


def records_of(terminal):
    """All records of a fleet's terminal."""
    from ocwire import record

    return record.split(terminal._raw, 1)


def content(store):
    """What has to be the same however it came."""
    return [store.database.run(query) for query in (KEPT, HEADS)]


@functools.cache
def wanted():
    """The store of the whole day, put there without a collector."""
    with Store.in_memory() as store:
        for terminal in _made().terminals:
            store.append(terminal.number, records_of(terminal))
        return content(store)


def listener(folder, keystore, linger_s=0.0, depot=None, **options):
    """A collector that writes there; it is not running: hand connections to serve()."""
    options = {"timeout_s": 0.5, "login_s": 5.0} | options
    batches = Batches(depot or Folder(folder), linger_s)
    made = Listener(("127.0.0.1", 0), keystore, batches, Counts(), **options)
    made.batches = batches
    return made


def answer(terminal, sock, on_payload=lambda payload: None):
    """Be a terminal at this end of the line until the host is gone."""
    decoder = frame.Decoder()
    with contextlib.suppress(OSError), sock:
        while chunk := sock.recv(4096):
            for payload in decoder.feed(chunk):
                on_payload(payload)
                for one in terminal.answers(payload):
                    sock.sendall(frame.encode(one))


def report(listening, terminal, peer=answer):
    """One connection, from its beginning to its end; what serve() returned."""
    host, other = socket.socketpair()
    terminal.hang_up()
    thread = threading.Thread(target=peer, args=(terminal, other))
    thread.start()
    try:
        return listening.serve(host, terminal.number)
    finally:
        host.close()
        thread.join()


class Deaths(deaths.Deaths):
    """Before or after each call of `places`, and of what makes a batch durable."""

    def __init__(self, monkeypatch, *places):
        durable = [(depot.os, "fsync"), (depot.os, "replace"), (depot, "_make_folders")]
        super().__init__(monkeypatch, *places, *durable, (parquet, "pack"), is_before=True)


def stored(place, terminal):
    """What a folder's batches have of a terminal: number -> bytes."""
    out = {}
    if place.is_dir():
        for name in Folder(place).names():
            for row in parquet.unpack(Folder(place).get(name), name).to_pylist():
                if row["terminal"] == terminal.number:
                    assert out.setdefault(row["seq"], row["raw"]) == row["raw"]
    return out

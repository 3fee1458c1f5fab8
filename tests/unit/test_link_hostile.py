"""Hostile terminals: whatever comes from the other end, the host ends with a typed error in
bounded time and memory, stores nothing unproved and is not made to acknowledge."""

import random
import struct
import tracemalloc

import occrypto
import pytest
from inproc import TERMINAL, Running, card, host_time, keystore
from ocwire import frame, message, record
from ocwire.session import TERMINAL as SIDE
from ocwire.session import Session, proof
from onecard import pull as pulling
from onecard.errors import OneCardError
from onecard.link import LinkClient, LinkFailed
from onecard.provision import bring
from onecard.settings import Settings
from onecard.store import Store
from onecard.update import UpdateError, update
from update_slots import bundle_of
from updates import KEY
from virtual import clock

KEYS = keystore()
LINK_KEY, JOURNAL_KEY = KEYS.link_key(TERMINAL), KEYS.journal_key(TERMINAL)
NUMBER = bytes.fromhex(TERMINAL)
STATUS = (1, 1767225600, 1, 500, 0, 0, 10**6, 1, 5, 0, 10**5)
MOST_READ = 64_000_000  # bytes of a stream that never ends: time ends it
MOST_MEMORY = 16 * 1024 * 1024


@pytest.fixture(autouse=True)
def time_is_virtual(monkeypatch):
    names = ("link.client", "pull", "update", "provision")
    host_time(monkeypatch, *(f"onecard.{name}" for name in names))


class Port:
    """A pyserial-like port whose other end holds the keys and answers as `behave` says.

    behave(kind, fields) -> an iterable, perhaps endless, of bytes for the line.
    """

    def __init__(self, behave):
        self._behave = behave
        self._decoder, self._session, self._nonce = frame.Decoder(), None, bytes(16)
        self._out, self._held = iter(()), b""
        self.given = 0

    def write(self, data):
        for payload in self._decoder.feed(data):
            self._out = iter(self._answer(payload))
        return len(data)

    def _answer(self, payload):
        kind, fields, tail = message.unpack(payload)
        if kind == message.HELLO:
            self._session, self._host = None, fields[1]
            answer = (1, 1, NUMBER, self._nonce)
            yield self.plain(message.pack(message.HELLO | 0x80, *answer, tail=b"unix 0.1.0"))
            return
        if kind == message.AUTHENTICATE:
            nonces = self._host, self._nonce
            self._session = Session(SIDE, LINK_KEY, NUMBER, *nonces)
            right = proof(LINK_KEY, SIDE, NUMBER, *nonces)
            yield self.plain(message.pack(message.AUTHENTICATE | 0x80, right))
            return
        kind, fields, tail = message.unpack(self._session.open(fields[0], tail))
        yield from self._behave(self, kind, fields)

    @staticmethod
    def plain(payload):
        return frame.encode(payload)

    def sealed(self, payload):
        return frame.encode(self._session.seal(payload))

    @property
    def in_waiting(self):
        return 4096

    def read(self, size=1):
        while len(self._held) < size:
            part = next(self._out, b"")
            if not part:
                break
            self._held += part
        clock.advance(0.4)  # a slow line: what is asked of it ends by time
        data, self._held = self._held[:size], self._held[size:]
        self.given += len(data)
        return data

    def close(self):
        pass


def honest(port, kind, fields):
    """As a terminal with records 1 to 499 that never gives any."""
    tails = {message.READ_CONFIG: b"{}", message.QUESTION: b"", message.UPDATE_STATUS: b""}
    values = {
        message.STATUS: STATUS,
        message.PULL: (1,),
        message.ACKNOWLEDGE: (0,),
        message.HOTLIST: (5,),
        message.CONFIG_PART: (0,),
        message.UPDATE_STATUS: (b"\0\1\0", 0, 0, 0, b"the base", 0, bytes(8)),
        message.UPDATE_BEGIN: (0,),
        message.UPDATE_DATA: (0,),
    }.get(kind, ())
    yield port.sealed(message.pack(kind | 0x80, *values, tail=tails.get(kind, b"")))


def right_records(count, first=1):
    """Records that the journal's key proves."""
    mac, out = record.FIRST_MAC, b""
    for seq in range(1, first + count):
        body = record.pack(record.REFUSED, 1767225600, 1, bytes(10), 0)
        raw = record.seal(JOURNAL_KEY, seq, mac, record.REFUSED, body)
        mac = record.Record(seq, raw).mac
        out += raw if seq >= first else b""
    return out


def endless(make):
    def behave(port, kind, fields):
        if kind != message.PULL:
            yield from honest(port, kind, fields)
            return
        while True:
            yield make(port)

    return behave


def lying_head(size):
    """A frame's head that promises `size` bytes, its own check right."""
    head = frame.SYNC + struct.pack(">H", size)
    return head + struct.pack("<H", occrypto.crc_a(head))


BATCH = right_records(40)
ENDLESS = {
    "noise": lambda port: bytes(range(256)) * 16,
    "sync bytes": lambda port: frame.SYNC * 2048,
    "oversized frames": lambda port: lying_head(60000) + bytes(60000),
    "largest frames that are damaged": lambda port: lying_head(2112) + bytes(2112 + 4),
    "frames of one byte": lambda port: frame.encode(b"\x99") * 200,
    "answers in clear": lambda port: port.plain(message.pack(message.PULL | 0x80, 9)) * 100,
    "other answers, sealed": lambda port: port.sealed(message.pack(message.SET_TIME | 0x80)),
    "the same records again and again": lambda port: port.sealed(
        message.pack(message.RECORDS, 1, tail=BATCH)
    ),
    "records from far behind": lambda port: port.sealed(
        message.pack(message.RECORDS, 2**32 - 2, tail=BATCH)
    ),
    "records that are none": lambda port: port.sealed(
        message.pack(message.RECORDS, 1, tail=bytes(900))
    ),
    "empty batches": lambda port: port.sealed(message.pack(message.RECORDS, 1)),
    "errors of other requests": lambda port: port.sealed(
        message.pack(message.ERROR, message.HELLO, 2, tail=b"x" * 190)
    ),
}


@pytest.mark.parametrize("name", ENDLESS)
def test_p7_a_stream_that_never_ends_ends_in_an_error_with_bounded_memory(name, tmp_path):
    port = Port(endless(ENDLESS[name]))
    with Store(tmp_path / "s.duckdb") as store:
        start_s = clock.now_s
        tracemalloc.start()
        try:
            with pytest.raises(OneCardError):
                pulling.pull(LinkClient(port, 0.3), KEYS, store)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert port.given < MOST_READ and peak < MOST_MEMORY, (port.given, peak)
        assert clock.now_s - start_s < 120
        kept = list(store.records(TERMINAL))
    assert len(kept) <= 40 and all(item.seq <= 40 for item in kept)


def test_p7_a_terminal_that_has_no_end_of_right_records_does_not_fill_the_disk(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(pulling, "_MOST_MORE", 200)
    chain = record.split(right_records(800), 1)

    def behave(port, kind, fields):
        if kind == message.STATUS:
            yield port.sealed(message.pack(kind | 0x80, *STATUS[:3], 100, *STATUS[4:]))
        elif kind == message.ACKNOWLEDGE:
            yield port.sealed(message.pack(kind | 0x80, fields[0]))
        elif kind == message.PULL:
            first = fields[0]
            tail = b"".join(item.raw for item in chain[first - 1 : first + 29])
            yield port.sealed(message.pack(message.RECORDS, first, tail=tail))
            yield port.sealed(message.pack(message.PULL | 0x80, first + 30))
        else:
            yield from honest(port, kind, fields)

    with Store(tmp_path / "s.duckdb") as store:
        result = pulling.pull(LinkClient(Port(behave), 1.0), KEYS, store)
    assert 300 <= result.new <= 360


def test_p7_an_update_that_never_gets_on_ends(tmp_path):
    made = bundle_of(bytes(9000), (0, 1, 1), KEY)
    port = Port(honest)
    with pytest.raises(UpdateError, match="does not get on"):
        update(lambda: LinkClient(port, 1.0), KEYS, made)


def test_p7_a_configuration_without_end_ends():
    def behave(port, kind, fields):
        if kind == message.READ_CONFIG:
            yield port.sealed(message.pack(kind | 0x80, tail=b"[" * message.PART_SIZE))
        else:
            yield from honest(port, kind, fields)

    client = LinkClient(Port(behave), 1.0)
    pulling.connect(client, KEYS)
    with pytest.raises(OneCardError, match="has no end"):
        client.read_config()


def wild(rng):
    """Answers of every kind: right ones, wrong kinds, wrong sizes, random fields and tails, lying
    frames, pieces, repetitions."""
    old = []

    def anything(port, kind, fields):
        choice = rng.randrange(10)
        if choice < 4:
            yield from honest(port, kind, fields)
        elif choice == 4:
            kinds = [k for k in message._FORMATS if k != message.SEALED]
            some = rng.choice(kinds)
            size = struct.calcsize(message._FORMATS[some])
            raw = bytes([some]) + rng.randbytes(size) + rng.randbytes(rng.randrange(60))
            yield port.sealed(raw[:2000])
        elif choice == 5:
            yield port.plain(rng.randbytes(rng.randrange(1, 2000)))
        elif choice == 6:
            yield lying_head(rng.randrange(65536)) + rng.randbytes(rng.randrange(3000))
        elif choice == 7:
            first = rng.choice([0, 1, 7, 2**31, 2**32 - 1])
            raw = bytearray(right_records(rng.randrange(1, 9)))
            raw[rng.randrange(len(raw))] ^= rng.choice([0, 1 << rng.randrange(8)])
            yield port.sealed(message.pack(message.RECORDS, first, tail=bytes(raw)))
            yield port.sealed(message.pack(message.PULL | 0x80, rng.randrange(2**32)))
        elif choice == 8 and old:
            yield rng.choice(old)
        else:
            part = port.sealed(message.pack(message.STATUS | 0x80, *STATUS))
            old.append(part)
            yield part[: rng.randrange(len(part))]

    return anything


def test_p7_wild_answers_end_in_typed_errors_and_nothing_unproved_is_stored(tmp_path):
    seed = 21
    print("seed", seed)
    made = bundle_of(bytes(5000), (0, 1, 1), KEY)
    ends = {}
    right = {item.seq: item.raw for item in record.split(right_records(9), 1)}
    with Store(tmp_path / "s.duckdb") as store:
        for n in range(120):
            port = Port(wild(random.Random(seed * 1000 + n)))

            def client(port=port):
                return LinkClient(port, 0.3)

            actions = (
                lambda: pulling.pull(client(), KEYS, store),
                lambda: update(client, KEYS, made, wait_s=2),
                lambda: bring(client(), KEYS, TERMINAL, Settings(price=5), None, 0),
                lambda: pulling.connect(client(), KEYS),
            )
            try:
                actions[n % 4]()
                end = "done"
            except OneCardError as error:
                end = type(error).__name__
            ends[end] = ends.get(end, 0) + 1
            assert port.given < MOST_READ
        for item in store.records(TERMINAL):
            assert right.get(item.seq) == item.raw or item.seq > 9, item.seq
    print(ends)
    assert ends.get("LinkFailed", 0) > 5 and len(ends) > 2


def test_p3_receipts_that_are_replayed_free_nothing(tmp_path):
    terminal = Running(tmp_path)
    try:
        client = terminal.client()
        client.hello()
        client.provision(KEYS.provision_fields(TERMINAL), {"price": 100})
        terminal.run(1)
        sent = []
        terminal.line.to_terminal = lambda data: sent.append(data) or data
        for n in range(3):
            terminal.tap(card(n), seconds=0.3)
        with Store(tmp_path / "s.duckdb") as store:
            pulling.pull(terminal.client(), KEYS, store)
            terminal.line.to_terminal = lambda data: data
            for n in range(3):
                terminal.tap(card(10 + n), seconds=0.3)
            client = terminal.client()
            pulling.connect(client, KEYS)
            before = client.status()
            for data in sent:  # a whole session again, receipts and all
                terminal.line.write(data)
                terminal.run(0.05)
            terminal.port.outgoing.clear()
            again = terminal.client()
            pulling.connect(again, KEYS)
            after = again.status()
            assert (after.acked_seq, after.oldest_seq) == (before.acked_seq, before.oldest_seq)
            assert pulling.pull(terminal.client(), KEYS, store).new >= 6
            assert store.debited() == 600
    finally:
        terminal.close()


def test_a_stranger_without_the_keys_is_not_believed():
    port = Port(honest)
    client = LinkClient(port, 0.5)
    client.hello()
    with pytest.raises(LinkFailed, match="does not hold the keys"):
        client.authenticate(bytes(16))

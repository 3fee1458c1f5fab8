"""Reports and receipts that stand alone, and what becomes of those that are not right."""

import os
import types

import pytest
from fleet_rig import Deaths, content, fleet, records_of, stored, wanted
from inproc import Died
from ocwire import record
from ocwire.errors import WireError
from onecard.collect import broker, importing, post
from onecard.collect.address import Broker
from onecard.collect.counts import Counts
from onecard.collect.depot import DepotError, Folder
from onecard.collect.mqtt import Subscriber
from onecard.store import Store

KEY, NUMBER, NONCE = bytes(range(16)), "340100000001", bytes(range(100, 116))


class Client:
    """What a Subscriber asks of paho's client."""

    def __init__(self):
        self.acks, self.sent = [], []

    def ack(self, mid, qos):
        self.acks.append(mid)

    def publish(self, topic, payload, qos=0):
        self.sent.append((topic, payload))


@pytest.fixture
def client(monkeypatch):
    made = Client()
    monkeypatch.setattr(broker, "open_client", lambda *args: made)
    return made


def subscriber(folder, depot=None):
    return Subscriber(Broker("", 0), fleet().keystore, depot or Folder(folder), Counts(), 0.0)


def said(terminal, mid, payload=None, topic=None):
    payload = terminal.sealed_report() if payload is None else payload
    topic = topic or post.up(terminal.number)
    return types.SimpleNamespace(topic=topic, payload=payload, mid=mid, qos=1)


def delivered(made, client):
    """Receipts to their terminals."""
    by_number = {terminal.number: terminal for terminal in made.terminals}
    for topic, payload in client.sent:
        by_number[post.terminal_of(topic)].take_receipt(payload)
    client.sent.clear()


def test_what_is_sealed_is_opened_by_the_same_key_role_and_terminal_alone():
    sealed = post.seal(KEY, post.TERMINAL, NUMBER, NONCE, b"records")
    assert post.unseal(KEY, post.TERMINAL, NUMBER, sealed) == b"records"
    assert b"records" not in sealed
    for key, role, number in (
        (bytes(16), post.TERMINAL, NUMBER),
        (KEY, post.HOST, NUMBER),
        (KEY, post.TERMINAL, "340100000002"),
    ):
        with pytest.raises(WireError, match="wrong MAC"):
            post.unseal(key, role, number, sealed)
    for at in range(len(sealed)):
        bad = sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :]
        with pytest.raises(WireError):
            post.unseal(KEY, post.TERMINAL, NUMBER, bad)
        with pytest.raises(WireError):
            post.unseal(KEY, post.TERMINAL, NUMBER, sealed[:at])


def test_the_seal_is_made_of_the_primitives_that_its_docstring_names():
    """Against another implementation of SM3's HMAC, SM4-CTR and SM4-CMAC."""
    cryptography = pytest.importorskip("cryptography.hazmat.primitives.ciphers")
    from cryptography.hazmat.primitives import cmac, hashes, hmac
    from cryptography.hazmat.primitives.ciphers import algorithms, modes

    mac = hmac.HMAC(KEY, hashes.SM3())
    mac.update(b"OCT1 post T" + bytes.fromhex(NUMBER) + NONCE)
    keys = mac.finalize()
    encrypt = cryptography.Cipher(algorithms.SM4(keys[:16]), modes.CTR(bytes(16))).encryptor()
    text = encrypt.update(b"records of a day") + encrypt.finalize()
    check = cmac.CMAC(algorithms.SM4(keys[16:]))
    check.update(text)
    sealed = post.seal(KEY, post.TERMINAL, NUMBER, NONCE, b"records of a day")
    assert sealed == NONCE + text + check.finalize()[:8]


def test_a_receipt_follows_a_durable_batch_and_repetition_changes_nothing(tmp_path, client):
    made = fleet()
    taking = subscriber(tmp_path)
    reports = [said(terminal, mid) for mid, terminal in enumerate(made.terminals)]
    for again in (reports, reports[2:4], reports[:1] * 3):
        taking.take(again)
    assert len(client.acks) == len(reports) + 5
    delivered(made, client)
    assert all(terminal.acked == terminal.whole for terminal in made.terminals)
    with Store.in_memory() as store:
        assert importing.import_batches(Folder(tmp_path), store).is_well
        assert content(store) == wanted()


def test_a_collector_that_is_killed_at_any_step_loses_and_doubles_nothing(
    tmp_path, client, monkeypatch
):
    deaths = Deaths(monkeypatch, (Client, "publish"), (Client, "ack"))
    at = 0
    while True:
        at += 1
        made, place = fleet(), tmp_path / str(at)
        deaths.at, deaths.count = at, 0
        try:
            subscriber(place).take([said(one, 1) for one in made.terminals[:2]])
        except Died:
            pass
        else:
            break  # every step has had its turn
        deaths.at = None
        for is_again in (False, True):
            delivered(made, client)
            for one in made.terminals[:2]:
                durable = stored(place, one)
                assert set(range(1, one.acked + 1)) <= set(durable)
                assert not is_again or durable == {r.seq: r.raw for r in records_of(one)}
            if not is_again:  # they had no receipt: they report again, to another collector
                waiting = [one for one in made.terminals[:2] if one.acked < one.whole]
                subscriber(place).take([said(one, 1) for one in waiting])
    print("steps:", at - 1)
    assert at > 18


def test_nothing_is_acknowledged_that_is_not_durable(tmp_path, client):
    made = fleet()

    class Full:
        def put(self, name, data):
            raise DepotError("the disk is full")

    taking = subscriber(tmp_path, Full())
    taking._stopping.set()  # no pause after the failure
    taking.take([said(terminal, mid) for mid, terminal in enumerate(made.terminals)])
    assert client.sent == [] and len(client.acks) == 9
    assert taking.counts.values.failed == 9


def test_reports_that_are_not_right_get_no_receipt_and_the_others_do(tmp_path, client):
    made = fleet()
    one, good = made.terminals[:2]
    key = made.keystore.link_key(one.number)

    def sealed(plain):
        return post.seal(key, post.TERMINAL, one.number, os.urandom(16), plain)

    raws = [item.raw for item in records_of(one)]
    forged = record.seal(bytes(16), 2, records_of(one)[0].mac, record.BOOT, bytes(15))
    bad = [
        b"",
        os.urandom(200),
        sealed(b""),
        sealed(post.report(bytes(4), 0, raws[0])),
        sealed(post.report(bytes(4), 1, raws[0][:-1])),
        sealed(post.report(bytes(4), 1, raws[0][:5] + bytes([raws[0][5] ^ 1]) + raws[0][6:])),
        sealed(post.report(records_of(one)[0].mac, 2, forged)),
    ]
    messages = [said(one, mid, payload) for mid, payload in enumerate(bad)]
    messages += [
        said(one, 50, topic="onecard/up"),
        said(one, 51, topic="onecard/../../up"),
        said(one, 52, topic=post.up(good.number)),  # another's
        said(good, 53),
    ]
    taking = subscriber(tmp_path)
    taking.take(messages)
    assert [topic for topic, _ in client.sent] == [post.down(good.number)]
    assert len(client.acks) == len(messages)
    counts = taking.counts.values
    assert (counts.sessions, counts.alarms) == (1, 1)
    assert counts.failed == len(messages) - 2


def test_of_an_altered_record_those_before_it_are_taken(tmp_path, client):
    made = fleet()
    one = made.terminals[0]
    items = records_of(one)
    forged = record.seal(bytes(16), 3, items[1].mac, record.BOOT, bytes(15))
    raw = items[0].raw + items[1].raw + forged
    key = made.keystore.link_key(one.number)
    payload = post.seal(key, post.TERMINAL, one.number, NONCE, post.report(bytes(4), 1, raw))
    subscriber(tmp_path).take([said(one, 1, payload)])
    delivered(made, client)
    assert one.acked == 2

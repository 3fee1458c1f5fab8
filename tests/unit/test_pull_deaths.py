"""Pulls that die at every step, terminals that are not who they were: nothing lost or doubled."""

import types

import duckdb
import pytest
from deaths import Deaths
from inproc import NOW_S, TERMINAL, Died, Running, card, host_time, keystore
from onecard import pull as pulling
from onecard import verify
from onecard.devices import BUSY, Found
from onecard.devices import TERMINAL as KIND
from onecard.fleet import pulling as fleet
from onecard.fleet.watching import Health, open_log, tell
from onecard.link import LinkClient
from onecard.store import Store, StoreConflict, StoreError, adding

KEYS = keystore()
PRICE = 1200


@pytest.fixture(autouse=True)
def time_is_virtual(monkeypatch):
    host_time(monkeypatch, "onecard.link.client", "onecard.pull")


@pytest.fixture
def terminal(tmp_path):
    made = begin(tmp_path / "one")
    yield made
    made.close()


def begin(folder, **options):
    folder.mkdir(exist_ok=True)
    made = Running(folder, **options)
    client = made.client()
    if not client.hello().is_provisioned:
        client.provision(KEYS.provision_fields(TERMINAL), {"price": PRICE})
        made.run(1)
    return made


def pulled(running, path, **options):
    """A pull by a process of its own: it opens the store and is gone afterwards."""
    with Store(path) as store:
        return pulling.pull(running.client(), KEYS, store, **options)


def judged(path):
    with Store(path) as store:
        report = verify.verify(
            TERMINAL, store.records(TERMINAL), KEYS.journal_key(TERMINAL), KEYS.purse
        )
        assert report.findings == []
        assert store.debited() == report.debited
        return report.debited // PRICE


STEPS = (
    (LinkClient, "_send"),
    (LinkClient, "_receive"),
    (Store, "_add"),
    (Store, "last"),
    (LinkClient, "acknowledge"),
)


def test_a_pull_that_is_killed_at_any_step_loses_and_doubles_nothing(
    terminal, tmp_path, monkeypatch
):
    path, taps, at = tmp_path / "store.duckdb", 0, 0
    monkeypatch.setattr("onecard.link.client.WINDOW_SIZE", 400)
    inner = LinkClient.pull
    monkeypatch.setattr(LinkClient, "pull", lambda self, seq: inner(self, seq, 400))
    deaths = Deaths(monkeypatch, *STEPS)
    while True:
        at += 1
        taps += 1
        terminal.tap(card(taps), seconds=0.2)
        deaths.at, deaths.count = at, 0
        try:
            pulled(terminal, path)
        except Died:
            pass
        else:
            break  # every step has had its turn
        deaths.at = None
        terminal.port.outgoing.clear()
        assert pulled(terminal, path).unread <= 1
        assert judged(path) == taps
    print("steps:", at - 1)
    assert at > 20 and judged(path) == taps


def test_a_full_disk_is_told_and_nothing_is_acknowledged(terminal, tmp_path, monkeypatch):
    path = tmp_path / "store.duckdb"
    terminal.tap(card(1))

    def full(db, incoming):
        with db._told():
            raise duckdb.IOException("IO Error: No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(adding, "add", full)
        with pytest.raises(StoreError, match="is the disk full"):
            pulled(terminal, path)
    client = terminal.client()
    pulling.connect(client, KEYS)
    assert client.status().acked_seq == 0
    pulled(terminal, path)
    assert judged(path) == 1


def test_two_pulls_at_once_share_no_store(tmp_path):
    with Store(tmp_path / "s.duckdb") as one:
        assert one.terminals() == []
        import subprocess
        import sys

        code = (
            "import sys; sys.path[:0] = ['host', 'firmware', 'native']\n"
            "from pathlib import Path\nfrom onecard.store import Store, StoreError\n"
            f"try: Store(Path({str(tmp_path / 's.duckdb')!r}))\n"
            "except StoreError as e: print(e)"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "another onecard at work" in done.stdout, done.stderr


def test_another_terminal_than_the_expected_one_is_not_pulled(terminal, tmp_path):
    terminal.tap(card(1))
    with pytest.raises(pulling.PullError, match=f"terminal {TERMINAL} is there, not 000000000009"):
        pulled(terminal, tmp_path / "s.duckdb", expected="000000000009")
    assert pulled(terminal, tmp_path / "s.duckdb", expected=TERMINAL).new > 3


def test_a_clone_that_went_its_own_way_is_told_whoever_is_pulled_first(terminal, tmp_path):
    path = tmp_path / "store.duckdb"
    terminal.tap(card(1))
    copy = terminal.board.journal_flash.nor.image()
    import shutil

    shutil.copytree(tmp_path / "one", tmp_path / "clone")
    clone = begin(tmp_path / "clone")
    clone.close()
    clone.board.journal_flash.nor.load(copy)
    again = begin(tmp_path / "clone", flash=clone.board.journal_flash)
    try:
        terminal.tap(card(2))
        for n in range(6):
            again.tap(card(10 + n))
        pulled(terminal, path)
        before = judged(path)
        with pytest.raises(pulling.PullError, match="two devices with one number"):
            pulled(again, path)
        assert judged(path) == before == 2
        client = again.client()
        pulling.connect(client, KEYS)
        assert client.status().acked_seq == 0  # it lost nothing either
        terminal.tap(card(3))
        pulled(terminal, path)
        assert judged(path) == 3
    finally:
        again.close()


def test_a_replaced_flash_is_told_even_when_it_has_more_records(terminal, tmp_path):
    path = tmp_path / "store.duckdb"
    for n in range(3):
        terminal.tap(card(n))
    pulled(terminal, path)
    fresh = begin(tmp_path / "fresh")
    try:
        for n in range(9):
            fresh.tap(card(20 + n))
        with pytest.raises(pulling.PullError, match="or a replaced flash"):
            pulled(fresh, path)
        assert judged(path) == 3
    finally:
        fresh.close()


# -- a round over many ------------------------------------------------------------------------


def found(device, number="", kind=KIND):
    return Found(device, kind, device, terminal=number)


def test_twins_busy_ports_and_blank_terminals_are_left_alone_and_told(tmp_path):
    here = [
        found("/dev/a", "000000000001"),
        found("/dev/b", "000000000001"),
        found("/dev/c"),
        found("/dev/d", kind=BUSY),
        found("/dev/e", kind="silent"),
    ]

    def never():
        raise AssertionError("the store was opened")

    done = fleet.pull_all(here, KEYS, never)
    assert [one.result for one in done] == ["alarm", "alarm", "not provisioned", "failed"]
    assert "/dev/a and /dev/b both say" in done[0].text
    assert fleet.exit_code(done) == 4 and fleet.exit_code(done[3:]) == 1
    assert fleet.exit_code(done[2:3]) == 3 == fleet.exit_code([])


def test_health_and_log_tell_what_happened_and_do_not_grow(tmp_path, monkeypatch):
    now = [NOW_S]
    health = Health(tmp_path / "health.json", lambda: now[0])
    good = fleet.Pulled("/dev/a", "000000000001", fleet.PULLED, 5, 9, 1)
    bad = fleet.Pulled("/dev/a", "000000000001", fleet.FAILED, text="no answer")
    assert health.take([good])["is_well"]
    now[0] += 60
    state = health.take([bad])
    one = state["terminals"]["000000000001"]
    assert not state["is_well"] and (one["pulled_s"], one["seen_s"]) == (NOW_S, NOW_S + 60)
    assert (one["records"], one["text"]) == (5, "no answer")
    assert not health.take([], "the store cannot be opened")["is_well"]
    assert (tmp_path / "health.json").read_text().count("000000000001") == 1
    monkeypatch.setattr("onecard.fleet.watching._LOG_SIZE", 10_000)
    log = open_log(tmp_path / "logs" / "pull.log")
    for _ in range(2_000):
        tell(log, [good])
    sizes = [file.stat().st_size for file in (tmp_path / "logs").iterdir()]
    assert len(sizes) <= 6 and sum(sizes) <= 60_000
    assert "000000000001 /dev/a: pulled, 5 new" in (tmp_path / "logs" / "pull.log").read_text()


def test_a_conflict_in_the_store_is_an_alarm_and_a_full_disk_is_not(monkeypatch, tmp_path):
    def failing(error):
        def pull(*args, **kwargs):
            raise error

        return pull

    monkeypatch.setattr(fleet, "open_port", lambda device: types.SimpleNamespace(close=int))
    for error, result in (
        (StoreConflict("another record 5 than before"), "alarm"),
        (StoreError("the store cannot be written"), "failed"),
        (pulling.PullError("altered"), "alarm"),
    ):
        monkeypatch.setattr(fleet, "pull", failing(error))
        with Store(tmp_path / "s.duckdb") as store:
            (done,) = fleet.pull_all(
                [found("/dev/a", "000000000001")], KEYS, lambda store=store: store
            )
        assert done.result == result, done

"""Provisioning that is killed, and lines that spoil it, at every step: one more run ends right."""

import pytest
from deaths import Deaths
from inproc import TERMINAL, Died, Running, card, host_time, keystore
from onecard.errors import OneCardError
from onecard.link import LinkClient
from onecard.provision import bring
from onecard.settings import Settings

KEYS = keystore()
HOTLIST = tuple(card(n).serial for n in range(1, 4))
VERSION = 1767225600


@pytest.fixture(autouse=True)
def time_is_virtual(monkeypatch):
    host_time(monkeypatch, "onecard.link.client", "onecard.provision")


@pytest.fixture
def terminal(tmp_path):
    made = Running(tmp_path)
    yield made
    made.close()


def settings(n):
    """Others each time; every third too long for one frame."""
    rows = [{"number": k, "name": f"第{k}号套餐", "price": 900} for k in range(1, 61)]
    more = {"canteen": {"mode": "menu", "menu": rows}} if n % 3 == 0 else {}
    return Settings(merchant=f"食堂{n}", price=100 + n, **more)


def provisioned(running, n):
    return bring(running.client(0.3), KEYS, TERMINAL, settings(n), HOTLIST, VERSION + n)


def is_right(running, n):
    client = running.client()
    client.hello()
    client.authenticate(KEYS.link_key(TERMINAL))
    read = client.read_config()
    status = client.status()
    wanted = settings(n).values
    return (read["merchant"], read["price"], read["canteen"], status.hotlist_version) == (
        wanted["merchant"], wanted["price"], wanted["canteen"], VERSION + n,
    )  # fmt: skip


def settle(running):
    running.run(0.5)
    running.port.outgoing.clear()
    running.port.incoming.clear()


def test_provisioning_that_is_killed_at_any_step_is_ended_by_the_next_run(terminal, monkeypatch):
    deaths = Deaths(monkeypatch, (LinkClient, "_send"), (LinkClient, "_receive"))
    n = 0
    while True:
        n += 1
        deaths.at, deaths.count = (
            (n + 1) // 2,
            0,
        )  # twice: short and long settings
        try:
            provisioned(terminal, n)
        except Died:
            pass
        else:
            break
        deaths.at = None
        terminal.port.outgoing.clear()
        assert provisioned(terminal, n) in ("new", "provisioned again", "unchanged")
        assert is_right(terminal, n)
    print("steps:", n // 2)
    deaths.at = None
    assert n > 40 and is_right(terminal, n)


def late(held):
    """A piece is held back until the one after it has gone."""

    def change(data):
        if held:
            return data + held.pop()
        held.append(data)
        return b""

    return change


SPOILS = {
    "lost": lambda held: lambda data: b"",
    "garbled": lambda held: lambda data: data[:-3] + b"\x00" + data[-2:],
    "doubled": lambda held: lambda data: data + data,
    "reordered": late,
}


@pytest.mark.parametrize("way", ["to_terminal", "to_host"])
@pytest.mark.parametrize("spoil", SPOILS)
def test_a_line_that_spoils_any_piece_of_provisioning_costs_one_more_run(terminal, spoil, way):
    n = 0
    while True:
        n += 1
        seen, held = [0], []
        change = SPOILS[spoil](held)

        def once(data, n=n, seen=seen, held=held, change=change):
            seen[0] += 1
            return change(data) if seen[0] == n or held else data

        setattr(terminal.line, way, once)
        try:
            provisioned(terminal, n)
        except OneCardError:
            pass
        setattr(terminal.line, way, lambda data: data)
        settle(terminal)
        if not is_provisioned_right(terminal, n):
            provisioned(terminal, n)
        assert is_right(terminal, n), (spoil, way, n)
        if seen[0] < n:
            break
    assert n > 8


def is_provisioned_right(running, n):
    try:
        return is_right(running, n)
    except OneCardError:
        return False

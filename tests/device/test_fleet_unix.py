"""Provisioning from an inventory on a terminal of the unix port: only what differs is written."""

import os

import pytest
from ocwire import pin
from onecard.devices import Search, scan
from onecard.fleet import read_inventory
from onecard.fleet.provisioning import assign, provision_all
from onecard.sim.worlds.unix import UnixWorld
from terminal_rig import TERMINAL, TerminalRig


@pytest.fixture
def rig(unix_binary, tmp_path):
    one = TerminalRig(UnixWorld(unix_binary, tmp_path / "world", time_scale=0.0), tmp_path)
    one.power_on("终端未初始化")
    yield one
    one.close()


def records(rig):
    """How many records there ever were: whatever is written anew leaves one."""
    with rig.connected() as client:
        return client.status().next_seq


def test_an_inventory_is_brought_about_and_a_second_run_writes_nothing(rig, tmp_path):
    hot, table = tmp_path / "hot.txt", tmp_path / "fleet.csv"
    hot.write_text(rig.deck.cards["c"].serial.hex() + "\n")
    first, second = (pin.make(digits, bytes(8)) for digits in ("246813", "975312"))
    operators = f'[[operators]]\nnumber = 1\npin = "{first}"\n'
    (tmp_path / "shop.toml").write_text('scene = "canteen"\nprice = 12.00\n' + operators)

    def run(row, is_free=True):
        table.write_text(f"terminal,config,merchant,hotlist\n{row}\n", encoding="utf-8")
        search = Search((rig.world.link_path,), is_usb=False)
        found = scan(search, rig.keystore, timeout_s=1.0)
        matches = assign(read_inventory(table), found, is_free)
        (done,) = provision_all(matches, rig.keystore, 5.0)
        return done.result

    row = f"{TERMINAL},shop.toml,食堂,hot.txt"
    assert run(row, is_free=False) == "not plugged in"
    assert run(row) == "new"
    rig.session.wait_screen("请刷卡", 0)
    written = records(rig)
    assert run(row) == "unchanged" and run(row, is_free=False) == "unchanged"
    assert records(rig) == written
    (tmp_path / "shop.toml").write_text(
        (tmp_path / "shop.toml").read_text().replace(first, second)
    )
    assert run(row) == "provisioned again"  # a PIN, which cannot be read back
    assert run(row) == "unchanged"
    hot.write_text("")
    os.utime(hot, (1800000000, 1800000000))
    assert run(row) == "provisioned again" and run(row) == "unchanged"
    assert run(f"{TERMINAL},shop.toml,图书馆,") == "provisioned again"
    rig.tap("c", "支付成功")  # on no list any more
    assert run("440300000002,shop.toml,食堂,", is_free=False) == "not plugged in"
    with rig.connected() as client:
        assert client.read_config()["merchant"] == "图书馆"

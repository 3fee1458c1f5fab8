"""A pay-out of farm subsidies on the unix port, in plain words."""

import time

import pytest
from ocwire import cardlist, record
from onecard import cardlist as lists
from onecard.link import Refused
from onecard.sim.office import IssuerOffice
from updates import KEY, OTHER_KEY


def give(at, name, numbers, key=KEY, version=None):
    """The host sends the terminal a signed list of what each card gets."""
    raw = lists.build(name, numbers, key, version or int(time.time()))
    with at.rig.connected() as client:
        client.send_list(cardlist.PAYOUT, raw)


def test_each_farmer_is_paid_once_whatever_the_power_does(tell):
    at = tell("无有效名单", scene="subsidy", list_roots=KEY.root, subsidy={"list": "2026-05"})
    one, two, other = at.card(1, 0), at.card(2, 0), at.card(3, 0)
    give(at, "2026-05", {one.serial: 30_000, two.serial: 12_000})
    at.sees("0/2")
    office = IssuerOffice(at.rig.keystore.purse)
    with at.host(load=office.load):
        at.taps(one, "充值成功", then="1/2")
        at.taps(one, "请勿重复刷卡", then="1/2")
        at.taps(other, "未在名单内", then="1/2")
    at.power_cycle("1/2")
    with at.host(load=office.load):
        at.taps(one, "请勿重复刷卡", then="1/2")
        at.taps(two, "充值成功", then="2/2")
    assert (one.balance, two.balance, other.balance) == (30_000, 12_000, 0)
    assert office.authorised == 42_000
    (taken,) = at.told(record.LIST)
    assert (taken["entries"], taken["list_name"]) == (2, b"2026-05")


def test_a_list_that_a_stranger_signed_is_not_taken(tell):
    at = tell("无有效名单", scene="subsidy", list_roots=KEY.root, subsidy={"list": "2026-05"})
    with pytest.raises(Refused, match="not signed"):
        give(at, "2026-05", {at.card(1).serial: 1}, OTHER_KEY)
    assert not at.told(record.LIST)

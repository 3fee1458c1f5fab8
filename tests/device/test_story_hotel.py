"""A hotel's reception on the unix port, in plain words."""

from ocwire import record
from onecard.identity import open_identity
from onecard.sim.cards.chip import Chip
from onecard.sim.cards.purse import Purse, PurseState
from onecard.sim.cards.social import Social, SocialState
from terminal_rig import TERMINAL


def guest(at, id_number="11010519491231002X"):
    """A third-generation card: identity and purse."""
    purse = at.card(5).purse.memory
    own = [Purse(PurseState(**vars(purse))), Social(SocialState(id_number=id_number))]
    return Chip(own, apdu_us=0.0)


def test_two_guests_a_deposit_and_the_departure(tell):
    at = tell("请输入房号", scene="hotel", hotel={"rooms": "101-120, 201", "deposit": 5000})
    card = guest(at)
    at.key(*"305", "confirm", says="无此房号")
    at.key(*"108", "confirm", says="请刷卡")
    at.taps(card, "110105****2X", then="请输入房号")
    at.key("f2", says="同住登记")
    at.key(*"108", "confirm", says="请刷卡")
    at.taps(card, "110105****2X", then="请输入房号")
    at.key("f2", "f2", says="收押金")
    at.key(*"108", "confirm", says="¥50.00")
    at.taps(card, "支付成功", then="请输入房号")
    at.key("f2", "f2", "f2", says="退房")
    at.key(*"108", "confirm", says="退房")
    assert card.applications[0].memory.balance == 5_000
    stays = [(row["event"], row["room"]) for row in at.told(record.STAY)]
    assert stays == [
        (record.ARRIVES, b"108"),
        (record.JOINS, b"108"),
        (record.DEPOSITS, b"108"),
        (record.LEAVES, b"108"),
    ]
    sealed = [item for item in at.pull() if item.kind == record.IDENTITY]
    assert len(sealed) == 2 and all(b"11010519491231002X" not in item.raw for item in sealed)
    key = at.rig.keystore.identity_key(TERMINAL)
    assert open_identity(sealed[0], TERMINAL, key).id_number == "11010519491231002X"


def test_a_card_without_an_identity_checks_nobody_in(tell):
    at = tell("请输入房号", scene="hotel")
    at.key(*"1", "confirm", says="请刷卡")
    at.taps(at.card(1), "无法识别此卡", then="请刷卡")
    assert not at.told(record.STAY, record.IDENTITY)

"""A museum's gate on the unix port, in plain words."""

import time

from ocwire import record
from onecard.sim.cards import qr

ALL_DAY = {"begin": 0, "end": 1439}


def test_a_family_pays_for_itself_and_the_gate_opens(tell):
    at = tell(
        "请刷卡",
        scene="museum",
        merchant="博物馆",
        price=500,
        museum={"mode": "priced", "gate_ms": 300},
    )
    opened = []
    at.session.call(lambda: at.world.parts.gate.listen(opened.append))
    father = at.card(1)
    at.key("3", says="请输入人数")
    at.key("confirm", says="¥15.00")
    at.taps(father, "欢迎参观", then="今日3")
    assert father.balance == 8_500 and opened[:2] == [True, False]
    (paid,) = at.told(record.INTENT)
    assert (paid["amount"], paid["payload"]) == (1500, b"gate\x03")


def test_a_free_entry_is_proved_by_the_card_and_not_given_twice(tell):
    at = tell("请刷卡", scene="museum", passback_s=3600, museum={"mode": "free"})
    visitor = at.card(1, 0)
    at.taps(visitor, "欢迎参观", then="今日1")
    at.taps(visitor, "请勿重复进入", then="今日1")
    at.key("f2", says="欢迎参观")  # somebody without a card is let in by hand
    at.sees("今日2")
    at.power_cycle("今日2")
    assert [row["way"] for row in at.told(record.ENTRY)] == [record.BY_HAND]


def test_a_full_slot_lets_nobody_in(tell):
    slot = ALL_DAY | {"capacity": 1}
    at = tell("请刷卡", scene="museum", museum={"mode": "slots", "slots": [slot]})
    at.taps(at.card(1), "欢迎参观", then="今日1")
    at.taps(at.card(2), "E04", then="今日1")


def test_the_electronic_cards_code_opens_the_gate_once(tell):
    root = qr.Sm2Key()
    roots = f"1={root.compressed.hex()}"
    at = tell("请刷卡", scene="museum", qr_roots=roots, museum={"mode": "free"})
    code = qr.make(int(time.time()), root=root).encode()
    at.scans(code, "欢迎参观")
    at.sees("今日1")
    at.scans(code, "二维码已失效")
    at.sees("今日1")
    at.scans(qr.token(), "需联机办理")
    (taken,) = at.told(record.CODE)  # not of the token that nobody knew
    assert taken["purpose"] == record.ADMISSION

"""An enquiry desk on the unix port, in plain words."""

from ocwire import record


def test_a_card_tells_its_balance_and_its_log_and_loses_nothing(tell):
    at = tell("请刷卡", price=1200)
    citizen = at.card(77)
    at.taps(citizen, "支付成功", then="请刷卡")
    at.configure("查询", scene="enquiry")
    at.lays(citizen, "余额 ¥88.00")
    at.key("8", "8", "8", says="-12.00")  # further down: what it paid
    at.takes_away()
    at.key("cancel", says="查询")
    assert citizen.balance == 8_800
    assert len(at.told(record.INTENT)) == 1

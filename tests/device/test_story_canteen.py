"""A canteen's day on the unix port, in plain words."""

import datetime

from ocwire import pin, record
from onecard.sim.office import IssuerOffice

ALL_DAY = {"name": "午餐", "begin": 0, "end": 1439}
PIN = pin.make("4321", b"saltsalt")
CST = datetime.timezone(datetime.timedelta(hours=8))


def test_lunch_at_a_fixed_price_a_second_portion_and_no_third(tell):
    meal = ALL_DAY | {"price": 800, "second_price": 500, "count": 2}
    at = tell("午餐 请刷卡", canteen={"meals": [meal]})
    at.sees("8.00")
    pupil, teacher = at.card(1), at.card(2)
    at.taps(pupil, "支付成功", then="请刷卡")
    assert pupil.balance == 9_200
    at.taps(pupil, "支付成功", then="请刷卡")
    assert pupil.balance == 8_700
    at.taps(pupil, "超过限定次数", then="请刷卡")
    at.power_cycle("请刷卡")
    at.taps(pupil, "超过限定次数", then="请刷卡")  # a reset forgets nobody's lunch
    at.taps(teacher, "支付成功", then="请刷卡")
    assert (pupil.balance, teacher.balance) == (8_700, 9_200)
    assert [row["amount"] for row in at.told(record.INTENT)] == [800, 500, 800]


def test_between_meals_nobody_is_served(tell):
    now = datetime.datetime.now(CST)
    begin = (now.hour * 60 + now.minute + 120) % 1440
    later = {"name": "晚餐", "begin": begin, "end": (begin + 60) % 1440, "price": 800}
    at = tell("非营业时段", canteen={"meals": [later]})
    pupil = at.card(1)
    at.taps(pupil, "E07", then="非营业时段")
    assert pupil.balance == 10_000
    at.configure("请刷卡", canteen={"meals": [ALL_DAY | {"price": 700}]})
    at.taps(pupil, "支付成功", then="请刷卡")
    assert pupil.balance == 9_300


def test_dishes_by_number_with_their_names(tell):
    menu = [
        {"number": 1, "name": "红烧排骨", "price": 100},
        {"number": 12, "name": "牛肉面", "price": 900},
        {"number": 20, "name": "青菜", "price": 300},
    ]
    at = tell("请输入菜号", canteen={"mode": "menu", "menu": menu})
    at.key("1", "confirm", says="红烧排骨")
    at.key("1", "2", "confirm", says="10.00")
    at.key("9", "9", "confirm")
    at.key("2", "0", "confirm", says="13.00")
    at.key("cancel", says="10.00")  # the last dish is taken back
    guest = at.card(1)
    at.taps(guest, "支付成功", then="请输入菜号")
    assert guest.balance == 9_000


def test_meals_are_counted_without_money(tell):
    at = tell("请刷卡", canteen={"mode": "count", "meals": [ALL_DAY | {"count": 1}]})
    worker = at.card(1, 0)
    at.taps(worker, "支付成功", then="请刷卡")
    at.taps(worker, "超过限定次数", then="请刷卡")
    assert worker.balance == 0
    (meal,) = at.told(record.INTENT)
    assert (meal["amount"], meal["payload"]) == (0, b"meal")


def test_a_shift_its_totals_and_an_undone_sale(tell):
    operators = [{"number": 7, "name": "王", "pin": PIN, "level": 2}]
    at = tell("请刷卡", price=1200, shift_needed=1, operators=operators, canteen={"mode": "fixed"})
    guest = at.card(1)
    at.taps(guest, "请先开班", then="请刷卡")
    at.key("f1", says="操作员号")
    at.key("7", "confirm", says="请输入密码")
    at.key(*"1234", "confirm", says="密码错误")
    at.sees("操作员号")
    at.key("7", "confirm", says="请输入密码")
    at.key(*"4321", "confirm", says="操作菜单")
    at.key("8", "8", "8", "confirm", says="操作菜单")
    at.key("cancel", says="请刷卡")
    at.taps(guest, "支付成功", then="请刷卡")
    at.taps(guest, "支付成功", then="请刷卡")
    at.power_cycle("请刷卡")  # the shift goes on
    with at.host(load=IssuerOffice(at.rig.keystore.purse).load):
        at.key("f1", "7", "confirm", *"4321", "confirm", says="操作菜单")
        at.key(*"88888", "confirm", says="请刷原卡")  # undo the last sale
        at.lays(guest, "充值成功")
        at.takes_away("操作菜单")
    at.key(*"888", "confirm", says="消费 2 笔")
    at.sees("¥24.00")
    at.key("confirm", says="操作菜单")
    at.key("cancel", says="请刷卡")
    at.taps(guest, "请先开班", then="请刷卡")
    at.key("f1", "7", "confirm", *"4321", "confirm", says="操作菜单")
    bright = at.world.parts.display.contrast
    at.key("2", "confirm", "2", says="亮度 1")  # the last line
    assert at.world.parts.display.contrast < bright
    at.key("2", "confirm", says="上次联机")  # the line before it
    at.key("confirm", says="操作菜单")
    at.key("cancel", says="请刷卡")
    assert guest.balance == 10_000 - 1200
    assert "撤销 1 笔" in at.slip and "￥12.00" in at.slip
    events = [(r["event"], r["operator"]) for r in at.told(record.ADMIN, record.SHIFT)]
    assert events == [
        (record.LOCKED_OUT, 7),
        (record.ENTERED, 7),
        (record.BEGUN, 7),
        (record.ENTERED, 7),
        (record.UNDONE, 7),
        (record.ENDED, 7),
        (record.ENTERED, 7),
    ]
    (ended,) = [r for r in at.told(record.SHIFT) if r["event"] == record.ENDED]
    assert (ended["count"], ended["amount"]) == (2, 2400)


def test_who_guesses_pins_has_to_wait_even_after_switching_off_and_on(tell):
    operators = [{"number": 7, "name": "王", "pin": PIN, "level": 2}]
    at = tell("请刷卡", price=1200, operators=operators)
    at.key("f1", says="操作员号")
    for _ in range(3):
        at.key("7", "confirm", *"1111", "confirm", says="密码错误")
    at.key("cancel", "f1", says="请等待")
    at.power_cycle("请刷卡")
    at.key("f1", says="请等待")


def test_subsidies_are_spent_first_and_the_rest_is_cash(tell):
    """The subsidy is in the card's deposit (ED), which wants its PIN; the purse (EP) does not."""
    at = tell("¥12.00", price=1200, canteen={"subsidy_account": "bank"})
    pupil = at.card(1, 5_000, has_deposit=True, deposit=2_000, pin=bytes.fromhex("123456"))
    at.lays(pupil, "请输入密码")
    at.key(*"123456", "confirm", says="支付成功")
    at.sees("8.00")  # what is left of the subsidy
    at.takes_away("请刷卡")
    assert (pupil.deposit, pupil.balance) == (800, 5_000)
    at.taps(pupil, "支付成功", then="请刷卡")  # 8.00 do not cover a meal
    stranger = at.card(2, 3_000)
    at.taps(stranger, "支付成功", then="请刷卡")
    assert (pupil.deposit, pupil.balance, stranger.balance) == (800, 3_800, 1_800)
    assert [row["tti"] for row in at.told(record.INTENT)] == [5, 6, 6]


def test_what_a_broken_tap_left_open_is_settled_before_a_subsidy_is_spent_p2(tell):
    at = tell("¥12.00", price=1200, canteen={"subsidy_account": "bank"})
    pupil = at.card(1, 5_000)
    pupil.on_commit = lambda _: at.world.field.leave_after(5)
    at.lays(pupil, "请重刷同一张卡")
    pupil.on_commit = None
    at.taps(pupil, "上次已扣款", then="请刷卡")
    assert pupil.balance == 3_800

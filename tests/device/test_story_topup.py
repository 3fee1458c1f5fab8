"""A top-up counter on the unix port, in plain words."""

from ocwire import record
from onecard.sim.office import IssuerOffice


def test_cash_becomes_money_on_the_card_and_never_twice(tell):
    at = tell("主机未联机", scene="topup")
    office = IssuerOffice(at.rig.keystore.purse)
    citizen = at.card(1, 500)
    with at.host(load=office.load):
        at.sees("请输入金额")
        at.key("5", "0", "confirm", says="¥50.00")
        at.taps(citizen, "充值成功", then="请输入金额")
        assert citizen.balance == 5_500
        assert "+ ￥50.00" in at.slip and "= ￥55.00" in at.slip
        # the answer to the next credit is lost
        at.key("2", "0", "confirm", says="¥20.00")
        citizen.on_commit = lambda _: at.world.field.leave_after(5)
        at.lays(citizen, "请重刷同一张卡")
        citizen.on_commit = None
        assert citizen.balance == 7_500
        at.takes_away("¥20.00")
        at.taps(citizen, "充值成功", then="请输入金额")  # the one from before
        assert citizen.balance == 7_500
    assert office.authorised == 7_000
    done = at.told(record.RESULT, record.DEBITED)
    assert len(done) == 2


def test_a_closed_account_and_a_full_float(tell):
    at = tell("主机未联机", scene="topup", topup={"float": 3000})
    office = IssuerOffice(at.rig.keystore.purse)
    citizen = at.card(1, 500)
    office.closed.add(citizen.serial.hex())
    at.key("f1", says="操作菜单")
    at.key("8", "8", "8", "confirm", says="操作菜单")  # a shift begins
    at.key("cancel")
    with at.host(load=office.load):
        at.sees("请输入金额")
        at.key("5", "0", "confirm", says="¥5")  # 50.00 is more than the float: "0" is not taken
        at.sees("¥5.00")
        at.taps(citizen, "未获授权", then="¥5.00")
        at.key("cancel", says="请输入金额")
        other = at.card(2, 0)
        at.key("3", "0", "confirm", says="¥30.00")
        at.taps(other, "充值成功", then="请输入金额")
        at.key("1", says="未获授权")  # the float is full
    assert (citizen.balance, other.balance) == (500, 3_000)


def test_without_a_host_nothing_is_loaded(tell):
    at = tell("主机未联机", scene="topup")
    citizen = at.card(1, 500)
    at.key("5", "0", "confirm", says="¥50.00")
    at.taps(citizen, "未获授权", then="¥50.00")
    assert citizen.balance == 500 and not at.told(record.INTENT)

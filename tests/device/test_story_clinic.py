"""A clinic's counter on the unix port, in plain words."""

import threading

from ocwire import record
from onecard.sim.cards.chip import Chip
from onecard.sim.cards.social import Social, SocialState
from onecard.sim.office import FundOffice

ID = "11010519491231002X"


def patient(id_number=ID):
    """A card with an identity."""
    return Chip([Social(SocialState(id_number=id_number))], apdu_us=0.0)


def handlers(fund):
    return {"authorise": fund.authorise, "commit": fund.commit, "reverse": fund.reverse}


def is_reversed(at, fund):
    """The host is back, and the fund is told what to take back."""
    told = threading.Event()

    def reverse(terminal, values):
        told.set()
        return fund.reverse(terminal, values)

    with at.host(**handlers(fund) | {"reverse": reverse}):
        assert told.wait(60)


def test_the_fund_pays_or_says_why_not(tell):
    at = tell("主机未联机", scene="clinic", merchant="诊所")
    fund = FundOffice({ID: 30_000})
    with at.host(**handlers(fund)):
        at.sees("按确认键开始")
        at.key("confirm", says="处方号")
        at.key(*"77", "confirm", says="请输入金额")
        at.key(*"250", "confirm", says="¥250.00")
        at.taps(patient(), "支付成功", then="按确认键开始")
        at.key("confirm", says="处方号")
        at.key(*"78", "confirm", says="请输入金额")
        at.key(*"60", "confirm", says="¥60.00")
        at.taps(patient(), "未获授权", then="¥60.00")
    assert fund.accounts[ID] == 5_000 and fund.committed == 25_000 and not fund.held
    told = [(row["event"], row["amount"]) for row in at.told(record.MEDICAL)]
    assert told == [
        (record.ASKED, 25_000),
        (record.COMMITTED, 25_000),
        (record.ASKED, 6_000),
        (record.REVERSED, 6_000),
    ]
    assert all(ID.encode() not in item.raw for item in at.pull())


def test_nothing_is_charged_off_line_and_a_late_answer_is_reversed(tell):
    at = tell("主机未联机", scene="clinic", clinic={"deadline_s": 1})
    at.key("confirm", *"5", "confirm", *"10", "confirm", says="¥10.00")
    at.taps(patient(), "需联机办理", then="¥10.00")
    assert not at.told(record.MEDICAL)
    fund = FundOffice({ID: 30_000})
    slow = []

    def late(terminal, values):
        answer = fund.authorise(terminal, values)
        at.session.wait_screen("需联机办理", slow[0])  # it answers when nobody waits any more
        return answer

    with at.host(authorise=late):  # and nobody there takes reversals
        at.sees("¥10.00")
        slow.append(at.session.mark())
        at.lays(patient(), "需联机办理")
    at.takes_away()
    assert fund.accounts[ID] == 29_000  # held back, for nothing
    at.power_cycle("主机未联机")
    is_reversed(at, fund)
    assert fund.accounts[ID] == 30_000 and not fund.held
    assert at.told(record.MEDICAL)[-1]["event"] == record.REVERSED


def test_a_power_cut_while_the_fund_thinks_is_reversed_when_it_is_back(tell):
    at = tell("主机未联机", scene="clinic", clinic={"deadline_s": 30})
    at.key("confirm", *"5", "confirm", *"10", "confirm", says="¥10.00")
    fund, asked = FundOffice({ID: 30_000}), threading.Event()

    def think(terminal, values):
        fund.authorise(terminal, values)
        at.session.call(at.world.power_off)
        asked.set()
        return {}

    with at.host(is_cut_off=True, authorise=think):
        at.session.call(lambda: at.world.field.place(patient()))
        assert asked.wait(60)
    at.session.call(at.world.field.remove)
    at.power_cycle("主机未联机")
    is_reversed(at, fund)
    assert fund.accounts[ID] == 30_000 and fund.committed == 0
    events = [row["event"] for row in at.told(record.MEDICAL)]
    assert events == [record.ASKED, record.REVERSED]

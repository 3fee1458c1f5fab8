"""The clinic's screens."""

from onecard.sim.office import FundOffice

ID = "11010519491231002X"


def walk(tour):
    tour.provision(scene="clinic", merchant="医院药房", clinic={"deadline_s": 2})
    tour.snap("host is away")
    fund = FundOffice({ID: 300_00})
    tour.host(authorise=fund.authorise, commit=fund.commit, reverse=fund.reverse)
    tour.snap("idle")
    tour.press("confirm", "7", "7")
    tour.snap("prescription")
    tour.enter("")
    tour.press("2", "5", "0")
    tour.snap("amount")
    tour.press("confirm")
    tour.snap("the card")
    tour.ask("paid", tour.citizen(), 2)
    tour.run(6)
    tour.press("confirm")
    tour.enter("78")
    tour.enter("60")
    tour.tap("needs the host", tour.citizen())

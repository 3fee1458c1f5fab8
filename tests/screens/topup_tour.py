"""The top-up counter's screens."""

from onecard.sim.office import IssuerOffice


def walk(tour):
    tour.provision(scene="topup", merchant="服务中心")
    tour.snap("host is away")
    office = IssuerOffice(tour.keystore.purse)
    tour.host(load=office.load)
    tour.snap("idle")
    tour.press("5")
    tour.snap("keying in")
    tour.enter("0")
    tour.snap("amount")
    citizen = tour.card(1, 5_00)
    tour.place(citizen, wait_s=0.2)
    tour.snap("asking")
    tour.answer()
    tour.snap("loaded")
    tour.take()
    tour.enter("20")
    closed = tour.card(2)
    office.closed.add(closed.serial.hex())
    tour.ask("refused", closed)

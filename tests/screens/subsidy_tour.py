"""The pay-out's screens."""

import inproc
from ocwire import cardlist
from onecard import cardlist as lists
from onecard.sim.office import IssuerOffice
from updates import KEY


def walk(tour):
    tour.provision(scene="subsidy", list_roots=KEY.root, subsidy={"list": "2026-01"})
    tour.snap("no list")
    farmer = tour.card(1, 0)
    numbers = {farmer.serial: 300_00, tour.card(2).serial: 120_00}
    raw = lists.build("2026-01", numbers, KEY, inproc.NOW_S)
    tour.send_list(cardlist.PAYOUT, raw)
    tour.snap("host is away")
    tour.host(load=IssuerOffice(tour.keystore.purse).load)
    tour.snap("idle")
    tour.ask("paid out", farmer)
    tour.tap("not twice", farmer)
    tour.tap("not listed", tour.card(3))

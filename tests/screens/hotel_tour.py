"""The hotel's screens."""

DESK = {"rooms": "101-120", "deposit": 5000}


def walk(tour):
    tour.provision(scene="hotel", merchant="酒店", hotel=DESK)
    tour.snap("room")
    tour.enter("305")
    tour.snap("no such room")
    tour.run(2)
    tour.enter("108")
    tour.snap("the card")
    tour.tap("checked in", tour.citizen())
    tour.press("f2")
    tour.snap("second guest")
    tour.press("f2")
    tour.enter("108")
    tour.snap("check-out")
    tour.run(2)
    tour.press("f2")
    tour.enter("108")
    tour.snap("deposit")
    tour.tap("paid", tour.card(1))

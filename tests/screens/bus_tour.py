"""The bus's screens."""


def walk(tour):
    tour.provision(scene="bus", price=200, bus={"line": "6路", "stops": 9})
    tour.snap("no trip")
    tour.press("confirm")
    tour.snap("driver")
    tour.enter("88")
    tour.snap("on the way")
    tour.tap("a ride", tour.card(1))
    tour.tap("not enough", tour.card(2, 100))
    tour.press("f2")
    tour.snap("next stop")
    tour.press("0")
    tour.snap("back")

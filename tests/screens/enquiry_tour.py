"""The enquiry desk's screens."""


def walk(tour):
    tour.provision(price=1200, repeat_ms=0)
    citizen = tour.card(77)
    tour.place(citizen)
    tour.take()
    tour.configure(scene="enquiry")
    tour.snap("idle")
    tour.place(citizen)
    tour.snap("balance")
    tour.press("8", "8", "8")
    tour.snap("log")
    tour.take()
    tour.press("cancel")

"""The museum's screens."""


def walk(tour):
    tour.provision(scene="museum", merchant="博物馆", price=500, museum={"mode": "priced"})
    tour.snap("idle")
    tour.press("3")
    tour.snap("group size")
    tour.press("confirm")
    tour.snap("a group")
    tour.tap("welcome", tour.card(1))
    tour.press("f2")
    tour.snap("by hand")
    tour.run(2)
    tour.configure(scene="museum", merchant="博物馆", museum={"mode": "free"}, passback_s=600)
    tour.snap("free")
    visitor = tour.card(2)
    tour.tap("one more", visitor)
    tour.tap("entered already", visitor)
    tour.scan("https://example.org")
    tour.snap("no codes here")
    tour.run(2)
    slot = {"begin": 1380, "end": 1381, "capacity": 5}
    tour.configure(scene="museum", merchant="博物馆", museum={"mode": "slots", "slots": [slot]})
    tour.snap("closed")

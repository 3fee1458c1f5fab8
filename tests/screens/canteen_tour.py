"""The canteen's screens."""

INITIALIZE, DEBIT = 0x50, 0x54


def walk(tour):
    tour.snap("not provisioned")
    lost = tour.card(3)
    tour.provision([lost.serial], merchant="第一小学食堂", price=1200, repeat_ms=0)
    tour.snap("idle")
    tour.tap("approved", tour.card(1))
    tour.tap("a long amount left", tour.card(2, 9_999_999_99))
    tour.tap("not enough", tour.card(4, 5_00))
    tour.tap("hotlisted", lost)
    tour.tap("expired", tour.card(5, end_date=bytes.fromhex("20250101")))
    tour.tap("locked", tour.card(6, locked="temporary"))
    _interrupted(tour)
    tour.place(tour.card(1), tour.card(2))
    tour.snap("several cards")
    tour.take()
    tour.press("1")
    tour.snap("keying in")
    tour.press("2", "3", ".", "5", "0")
    tour.snap("keyed in")
    tour.press("confirm")
    tour.snap("a keyed amount")
    tour.tap("approved, 123.50", tour.card(9, 500_00))
    tour.fill_journal()
    tour.snap("journal full")
    tour.terminal.stop()
    tour.run(1)
    tour.snap("service")


def _interrupted(tour):
    """Cards that leave too early, and what becomes of them."""
    torn = tour.card(7)
    tour.tear(torn, INITIALIZE)
    tour.snap("hold still")
    tour.take()
    tour.tear(torn, DEBIT, acts=True)
    tour.snap("same card again")
    tour.take()
    tour.tap("resolved", torn)

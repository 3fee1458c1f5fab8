"""The canteen's other ways: meals, dishes, counted meals, shifts and the operator's menu."""

from ocwire import pin

LUNCH = {"name": "午餐", "begin": 0, "end": 1439, "price": 800, "second_price": 500, "count": 2}
LATER = LUNCH | {"name": "晚餐", "begin": 1200, "end": 1260}
MENU = [
    {"number": 1, "name": "米饭", "price": 100},
    {"number": 12, "name": "牛肉面", "price": 900},
]
OPERATOR = {"number": 7, "name": "", "pin": pin.make("4321", b"saltsalt"), "level": 2}
OWN = {"merchant": "第一小学食堂", "repeat_ms": 0}


def walk(tour):
    tour.provision(**OWN, canteen={"meals": [LUNCH]})
    tour.snap("a meal")
    pupil = tour.card(1)
    tour.tap("first portion", pupil)
    tour.tap("second portion", pupil)
    tour.tap("no third", pupil)
    tour.configure(**OWN, canteen={"meals": [LATER]})
    tour.snap("between meals")
    tour.configure(**OWN, canteen={"mode": "menu", "menu": MENU})
    tour.snap("dishes")
    tour.press("1")
    tour.snap("a dish's number")
    tour.enter("2")
    tour.snap("a dish")
    tour.enter("99")
    tour.press("cancel")
    tour.enter("99")
    tour.snap("no such dish")
    tour.configure(**OWN, canteen={"mode": "count", "meals": [LUNCH]})
    tour.snap("counted meals")
    tour.configure(**OWN, price=1200, shift_needed=1, operators=[OPERATOR])
    tour.tap("no shift", pupil)
    _operator(tour, pupil)


def _operator(tour, pupil):
    tour.press("f1")
    tour.snap("operator")
    tour.enter("7")
    tour.press("1", "2")
    tour.snap("their PIN")
    tour.enter("34")
    tour.snap("wrong PIN")
    tour.enter("7")
    tour.enter("4321")
    tour.snap("menu")
    tour.press("8", "8", "8", "confirm")
    tour.snap("a shift begins")
    tour.run(2)
    tour.press("cancel")
    tour.run(1)
    tour.tap("paid in a shift", pupil)
    tour.press("f1")
    tour.enter("7")
    tour.enter("4321")
    tour.press("confirm")
    tour.snap("status")
    tour.press("cancel", "8", "confirm")
    tour.snap("totals")
    tour.press("cancel", "8", "8", "confirm")
    tour.snap("last records")
    tour.press("cancel", "8", "8", "8", "8", "8", "confirm")
    tour.snap("undo")
    tour.press("cancel", "2", "2", "confirm")
    tour.snap("network")
    tour.press("cancel", "cancel")

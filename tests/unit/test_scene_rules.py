"""The rules of scenes, apart from screens and cards: properties over all inputs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ocwire import calendar, record, settings
from terminal.engine.order import Refusal
from terminal.outcomes import CLOSED, NOT_LISTED, OFFLINE, OVER_COUNT, OVER_MEAL
from terminal.scenes.bus import by_stops
from terminal.scenes.canteen import Amount, Basket
from terminal.scenes.canteen_rules import Meter, Tariff
from terminal.scenes.hotel import is_room, shortened
from terminal.scenes.library import may_do
from terminal.scenes.museum import places_left
from terminal.scenes.periods import Periods
from terminal.ui.dialogs import can_follow, fen_of

MIDNIGHT_S = calendar.unix(2026, 5, 4)
MINUTES = st.integers(0, 1439)
SERIAL = bytes(10)


def meal(begin, end, **more):
    plain = {"name": "x", "price": 0, "second_price": 0, "count": 0, "limit": 0}
    return plain | {"begin": begin, "end": end} | more


def at(minute):
    return MIDNIGHT_S + 60 * minute + 30


# -- meals ----------------------------------------------------------------------------------


@given(begin=MINUTES, end=MINUTES, now=MINUTES)
def test_a_meal_is_on_from_its_first_minute_to_its_last_over_midnight_too(begin, end, now):
    served = Periods([meal(begin, end)]).at(at(now)) is not None
    inside = begin <= now < end if begin <= end else now >= begin or now < end
    assert served == (inside and begin != end)


@given(begin=MINUTES, end=MINUTES, now=MINUTES, later=st.integers(0, 3 * 86400))
def test_a_period_begins_before_every_moment_in_it_and_never_goes_back(begin, end, now, later):
    meals, time_s = Periods([meal(begin, end)]), at(now)
    begun_s = meals.begun_s(time_s)
    assert begun_s <= time_s < begun_s + 86400
    if meals.at(time_s) is not None:
        assert meals.at(begun_s) is not None and meals.begun_s(begun_s) == begun_s
        last = begun_s + (end - begin) % 1440 * 60 - 1
        assert meals.begun_s(last) == begun_s
    assert meals.begun_s(time_s + later) >= begun_s - 86400


ROW = {"name": "x", "card_type": 2, "list": "", "percent": 50, "price": 0}


@given(
    price=st.integers(0, 10**7),
    second=st.integers(0, 10**7),
    keyed=st.integers(0, 10**7),
    portions=st.integers(0, 9),
    percent=st.integers(0, 200),
)
def test_what_is_due_is_what_was_keyed_or_the_portions_price_at_the_class_percent(
    price, second, keyed, portions, percent
):
    tariff = Tariff({"classes": [ROW | {"percent": percent}]}, 700)
    now = meal(0, 60, price=price, second_price=second)
    full = keyed or (second if portions and second else price or 700)
    assert tariff.due(now, keyed, portions, None) == full
    row = tariff.class_of(SERIAL, 2)
    assert tariff.due(now, keyed, portions, row) == full * percent // 100
    assert tariff.class_of(SERIAL, 3) is None


class Held:
    """A list as cardlist.CardList shows it."""

    def __init__(self, name, serials, is_over=False):
        self.header = type("Header", (), {"name": name})
        self._serials, self._is_over = serials, is_over

    def __contains__(self, serial):
        return serial in self._serials

    def is_over(self, now_s):
        return self._is_over


def test_a_class_may_be_a_list_and_the_first_row_that_fits_counts():
    rows = [
        {"card_type": 0, "list": "staff", "percent": 80, "price": 900},
        {"card_type": 2, "list": "", "percent": 50, "price": 0},
    ]
    tariff = Tariff({"classes": rows}, 1000, [Held("staff", {SERIAL})])
    assert tariff.class_of(SERIAL, 2) is rows[0]
    assert tariff.due(None, 0, 0, rows[0]) == 720
    assert tariff.class_of(bytes(9) + b"\1", 2) is rows[1]


def refusal(meter, amount, now_s):
    with pytest.raises(Refusal) as caught:
        meter.check(SERIAL, amount, now_s)
    return caught.value.outcome.kind


def test_a_meter_holds_count_and_limit_of_a_meal_and_forgets_them_at_the_next():
    meals = Periods([meal(360, 480, count=2, limit=1000), meal(660, 780)])
    meter = Meter(meals, 10)
    assert refusal(meter, 1, at(500)) == CLOSED
    meter.check(SERIAL, 1000, at(400))
    assert refusal(meter, 1001, at(400)) == OVER_MEAL
    meter.took(SERIAL, 400, at(400), 6, b"")
    meter.took(SERIAL, 5000, at(400), 2, b"")  # a load is no meal
    assert refusal(meter, 601, at(401)) == OVER_MEAL
    meter.took(SERIAL, 400, at(402), 6, b"")
    assert refusal(meter, 0, at(403)) == OVER_COUNT and meter.portions(SERIAL, at(403)) == 2
    meter.check(SERIAL, 10**6, at(700))
    assert meter.portions(SERIAL, at(700)) == 0


def test_who_has_not_booked_does_not_eat_nor_anybody_on_an_old_list():
    booked = Meter(Periods([]), 10, Held("", {SERIAL}))
    booked.check(SERIAL, 1, at(1))
    assert refusal(Meter(Periods([]), 10, Held("", set())), 1, at(1)) == NOT_LISTED
    assert refusal(Meter(Periods([]), 10, Held("", {SERIAL}, True)), 1, at(1)) == NOT_LISTED


# -- what is keyed in -------------------------------------------------------------------------

KEYS = st.lists(st.sampled_from([*"0123456789.", "confirm", "cancel", "f2"]), max_size=30)


@given(keys=KEYS)
def test_no_keys_make_an_amount_that_may_not_be(keys):
    amount = Amount()
    for key in keys:
        amount.press(key)
        assert 0 <= amount.keyed <= 10**7 and len(amount.digits) <= 9
        assert not amount.digits or 0 <= fen_of(amount.digits) <= 10**7


@given(keys=KEYS)
def test_a_basket_holds_dishes_that_there_are_and_costs_what_they_cost(keys):
    menu = [{"number": n, "name": str(n), "price": 100 * n} for n in (1, 2, 12)]
    basket = Basket(menu)
    for key in keys:
        basket.press(key)
        assert len(basket.digits) <= 3 and len(basket.taken) <= 20
        assert all(dish in menu for dish in basket.taken)
        assert basket.keyed == sum(dish["price"] for dish in basket.taken)


@given(text=st.text("0123456789.", max_size=12), most=st.integers(1, 10**7))
def test_an_entry_grows_only_to_amounts_up_to_the_most(text, most):
    typed = ""
    for key in text:
        if can_follow(typed, key, most):
            typed += key
    assert not typed or fen_of(typed) <= most
    assert typed.count(".") <= 1 and len(typed.partition(".")[2]) <= 2


# -- the other places ---------------------------------------------------------------------------


@given(begin=MINUTES, end=MINUTES, now=MINUTES, inside=st.integers(0, 500))
def test_a_slot_has_places_left_while_it_is_on(begin, end, now, inside):
    slots = Periods([{"begin": begin, "end": end, "capacity": 200}])
    left = places_left(slots, at(now), inside)
    assert slots.is_open(at(now)) == (left is not None)
    assert left in (None, max(0, 200 - inside))
    assert slots.begun_s(at(now)) <= at(now)


def test_without_slots_a_museum_is_open_and_holds_any_number():
    assert Periods(()).is_open(at(0)) and places_left(Periods(()), at(0), 10**6) is None


@given(
    rows=st.dictionaries(st.integers(1, 40), st.integers(0, 10**5), min_size=1, max_size=8),
    stops=st.integers(0, 60),
)
def test_a_fare_is_that_of_the_first_row_that_reaches_so_far(rows, stops):
    fares = by_stops([{"stops": n, "fare": fare} for n, fare in rows.items()])
    reached = [n for n in sorted(rows) if stops <= n]
    wanted = rows[reached[0] if reached else max(rows)]
    assert fares[min(stops, len(fares) - 1)] == wanted


@given(number=st.integers(0, 999999))
def test_a_room_is_one_of_the_ranges(number):
    rooms = "101-120, 201"
    assert is_room(rooms, str(number)) == (101 <= number <= 120 or number == 201)
    assert is_room("", str(number)) and settings.ranges(rooms) == [(101, 120), (201, 201)]


def test_p6_a_masked_number_stays_masked_when_it_is_shortened():
    assert shortened("110105**********2X") == "110105****2X"


@pytest.mark.parametrize(
    ("mode", "lent", "is_online", "offline", "kind"),
    [
        (record.LEND, 99, True, 0, None),  # the library's system has the last word
        (record.LEND, 0, False, 0, OFFLINE),
        (record.LEND, 1, False, 1, None),
        (record.LEND, 2, False, 1, OVER_COUNT),
        (record.RENEW, 0, False, 1, OFFLINE),
        (record.RETURN, 9, False, 0, None),
    ],
)
def test_what_a_library_does_without_its_system(mode, lent, is_online, offline, kind):
    assert may_do({"offline": offline, "patron_limit": 2}, mode, lent, is_online) == kind

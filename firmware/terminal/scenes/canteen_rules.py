"""What a meal costs whom, and how often: no screens, no cards, no flash."""

from ocwire import record

from ..engine.order import Refusal
from ..outcomes import CLOSED, NOT_LISTED, OVER_COUNT, OVER_MEAL, Outcome
from ..tally import Tally


class Tariff:
    """settings: config["canteen"]. price: the common setting, fen. lists: cardlist.CardLists."""

    def __init__(self, settings, price, lists=()):
        self._price = price
        self._classes = settings["classes"]
        self._lists = lists

    @property
    def needs_type(self):
        """True if the card's type is to be read."""
        return any(row["card_type"] for row in self._classes)

    def class_of(self, serial, card_type):
        """The first row of canteen.classes that fits a card, or None."""
        for row in self._classes:
            if row["card_type"] and row["card_type"] == card_type:
                return row
            if row["list"] and self._is_on(row["list"], serial):
                return row
        return None

    def _is_on(self, name, serial):
        for one in self._lists:
            if one.header is not None and one.header.name == name and serial in one:
                return True
        return False

    def price(self, meal):
        """Fen of a first portion, before any discount."""
        return meal["price"] if meal is not None and meal["price"] else self._price

    def due(self, meal, amount, portions, row):
        """Fen to be paid. amount: what was keyed in or chosen, 0 for the meal's price.

        portions: how many this card had in this meal. row: its class, or None.
        """
        if not amount:
            amount = row["price"] if row is not None and row["price"] else self.price(meal)
            if portions and meal is not None and meal["second_price"]:
                amount = meal["second_price"]
        return amount * row["percent"] // 100 if row is not None else amount


class Meter:
    """How often each card had a meal, and for how much. One of the rules' meters.

    meals: periods.Periods of the setting canteen.meals.

    booked: the cardlist.CardList of those who may eat, or None for all.
    """

    def __init__(self, meals, cards, booked=None):
        self._meals = meals
        self._booked = booked
        self._tally = Tally(cards, meals.begun_s)

    def restore(self, journal, now_s):
        """Count the present meal from the journal."""
        self._tally.restore(journal, now_s)

    def portions(self, serial, now_s):
        """How many portions this card had in the meal that is on."""
        return self._tally.of(serial, now_s)[1]

    def check(self, serial, amount, now_s):
        """Raises Refusal."""
        meal = self._meals.at(now_s)
        if meal is None and self._meals:
            raise Refusal(Outcome(CLOSED))
        if self._booked is not None and (
            self._booked.is_over(now_s) or serial not in self._booked
        ):
            raise Refusal(Outcome(NOT_LISTED))
        if meal is None:
            return
        spent, count, _ = self._tally.of(serial, now_s)
        if meal["count"] and count >= meal["count"]:
            raise Refusal(Outcome(OVER_COUNT, detail="%d times this meal" % count))
        if meal["limit"] and spent + amount > meal["limit"]:
            raise Refusal(Outcome(OVER_MEAL, amount, detail="%d fen this meal" % spent))

    def release(self):
        """Another configuration comes."""
        self._tally.release()

    def took(self, serial, amount, time_s, tti, payload):
        """A transaction was done."""
        if tti not in record.LOADS:
            self._tally.add(serial, amount, time_s)

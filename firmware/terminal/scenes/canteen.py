"""Canteen counter: a fixed price, or an amount keyed in for the next card."""

MAX_AMOUNT = 10000000  # fen


class Amount:
    """What the next card pays: the fixed price until the cashier keys in another amount.

    Keys: "0" to "9", "." , "confirm", "cancel". A keyed amount holds for one sale.
    """

    def __init__(self, price):
        self._price = price
        self._digits = ""
        self._keyed = None

    @property
    def fen(self):
        """Amount to charge, 0 if none has been keyed in and there is no fixed price."""
        return self._price if self._keyed is None else self._keyed

    @property
    def digits(self):
        """What has been keyed in so far; empty when nothing is being entered."""
        return self._digits

    def press(self, key):
        """Take one key. Keys that make no sense now change nothing."""
        if key == "cancel":
            self._digits, self._keyed = "", None
        elif key == "confirm":
            if self._digits:
                self._keyed = _fen(self._digits) or None
                self._digits = ""
        elif _can_follow(self._digits, key):
            self._digits += key

    def done(self):
        """The sale was made: back to the fixed price."""
        self._keyed = None


def _can_follow(digits, key):
    if key == ".":
        return digits != "" and "." not in digits
    if len(key) != 1 or key not in "0123456789":
        return False
    if _fen(digits + key) > MAX_AMOUNT:
        return False
    if "." in digits:
        return len(digits) - digits.find(".") <= 2
    return digits != "0"


def _fen(digits):
    whole, _, part = digits.partition(".")
    return int(whole) * 100 + int((part + "00")[:2])


async def run(till):
    """Serve cards until the till is over. till: see app.Till."""
    amount = Amount(till.config["price"])
    while True:
        target = await _next_card(till, amount)
        if target is None:
            return
        outcome = await till.engine.purchase(target, amount.fen, till.config["account"])
        till.show_outcome(outcome)
        if outcome.is_sale:
            amount.done()
        await till.card_left(target)


async def _next_card(till, amount):
    """The next card that comes while there is something to pay, or None when the till is over."""
    shown = None
    while not till.is_over:
        state = (amount.digits, amount.fen, till.can_sell())
        if state != shown and not till.is_showing():
            shown = state
            _show(till, amount)
        target = await till.next_card()
        if till.was_drawn_over():
            shown = None
        key = till.key()
        while key is not None:
            amount.press(key)
            key = till.key()
        if target is not None and amount.fen and not amount.digits:
            return target
    return None


def _show(till, amount):
    if not till.can_sell():
        till.ui.journal_full()
    elif amount.digits or not amount.fen:
        till.ui.enter(till.title, amount.digits)
    else:
        till.ui.idle(till.title, amount.fen)

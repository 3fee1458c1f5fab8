"""Canteen counter: a price by meal, an amount keyed in, dishes by number, or meals only counted.

Keys: digits and "." key in, "confirm" takes it, "cancel" takes it back.
"""

from occard import transit
from occard.purse import EF_MANAGEMENT
from ocwire.cardlist import BOOKED

from .. import events
from ..engine.order import Purchase, Refusal
from ..outcomes import NO_ACCOUNT, NOT_ENOUGH, PIN_NEEDED, PIN_WRONG, UNKNOWN_CARD, Outcome
from ..ui import dialogs, moods, texts
from ..ui.facade import yuan
from .canteen_rules import Meter, Tariff
from .periods import Periods

MAX_AMOUNT = 10000000  # fen
KEYED, MENU, COUNT = "keyed", "menu", "count"  # beside "fixed"
_MOST_DISHES = 20
_OTHER_ACCOUNT = (NOT_ENOUGH, NO_ACCOUNT, UNKNOWN_CARD)  # then the next account is tried


class Amount:
    """What the cashier keys in for the next card. Keys: "0" to "9", ".", "confirm", "cancel".

    digits: as far as it has come. keyed: fen, 0 if there is none; it holds for one sale.
    """

    def __init__(self):
        self.digits, self.keyed = "", 0

    def press(self, key):
        """Take one key. Keys that make no sense now change nothing."""
        if key == "cancel":
            self.digits, self.keyed = "", 0
        elif key == "confirm":
            if self.digits:
                self.keyed = dialogs.fen_of(self.digits)
                self.digits = ""
        elif dialogs.can_follow(self.digits, key, MAX_AMOUNT):
            self.digits += key

    def done(self):
        """The sale was made."""
        self.keyed = 0


class Basket:
    """Dishes by their number. rows: the setting canteen.menu. Keys as Amount's."""

    def __init__(self, rows):
        self._dishes = {row["number"]: row for row in rows}
        self.taken = []
        self.digits = ""
        self.is_unknown = False  # the number confirmed last is no dish's

    @property
    def keyed(self):
        """What they cost together, fen."""
        return sum(dish["price"] for dish in self.taken)

    def press(self, key):
        """Take one key. "cancel" takes back digits, then the last dish."""
        self.is_unknown = False
        if key == "cancel":
            if self.digits:
                self.digits = ""
            elif self.taken:
                self.taken.pop()
        elif key == "confirm":
            dish = self._dishes.get(int(self.digits or "0"))
            self.is_unknown = dish is None and self.digits != ""
            if dish is not None and len(self.taken) < _MOST_DISHES:
                self.taken.append(dish)
            self.digits = ""
        elif len(key) == 1 and key in "0123456789" and len(self.digits) < 3:
            self.digits += key

    def done(self):
        """The sale was made."""
        self.taken = []


class Sale(Purchase):
    """A purchase whose amount depends on the card. counter: Canteen. keyed: fen, 0: the price.

    is_subsidy: only if the account covers it, which is asked before any PIN. A meal without money
    is a purchase of 0 fen: its TAC proves that the card was there.
    """

    def __init__(self, counter, keyed, pin, account, is_subsidy=False):
        payload = b"meal" if counter.mode == COUNT else b""
        super().__init__(keyed, account, payload, pin)
        self._counter = counter
        self._is_subsidy = is_subsidy
        self._keyed = keyed

    async def prepare(self, engine, card):
        """Settle the amount by meal, class and portion."""
        counter = self._counter
        if counter.mode == COUNT:
            self.amount = 0
            return
        card_type = None
        if counter.tariff.needs_type and card.profile.is_transit:
            card_type = transit.Management(await card.binary(EF_MANAGEMENT)).card_type
        now_s = engine.clock.now_s()
        portions = counter.meter.portions(card.serial, now_s) if counter.meter else 0
        meal = counter.meals.at(now_s)
        row = counter.tariff.class_of(card.serial, card_type)
        self.amount = counter.tariff.due(meal, self._keyed, portions, row)
        if self._is_subsidy:
            balance = await card.balance()
            if balance < self.amount:
                raise Refusal(Outcome(NOT_ENOUGH, self.amount, balance))
        if counter.pin_over and self.amount > counter.pin_over and not self.pin:
            raise Refusal(Outcome(PIN_NEEDED, self.amount))


class Canteen:
    """The counter: its rules, and what is being keyed in."""

    def __init__(self, till):
        self._till = till
        settings = till.settings
        self.mode = settings["mode"]
        self.account = till.config["account"]
        self.subsidy_account = settings["subsidy_account"]
        self.pin_over = settings["pin_over"]
        self.meals = Periods(settings["meals"])
        self.tariff = Tariff(settings, till.config["price"], till.lists)
        self.meter = None
        if self.meals or settings["booked_only"]:
            booked = till.lists[BOOKED] if settings["booked_only"] else None
            self.meter = Meter(self.meals, till.config["counted_cards"], booked)
            self.meter.restore(till.journal, till.clock.now_s())
            till.engine.rules.count_also(self.meter)
        self.entry = Basket(settings["menu"]) if self.mode == MENU else Amount()
        self._pin = ""

    @property
    def meal(self):
        """The meal that is on, or None."""
        return self.meals.at(self._till.clock.now_s())

    def price(self):
        """What the next card pays before any discount, fen; 0: to be keyed in."""
        if self.entry.keyed or self.mode in (MENU, COUNT):
            return self.entry.keyed
        return 0 if self.mode == KEYED else self.tariff.price(self.meal)

    def state(self):
        """What decides the idle screen."""
        entry = self.entry
        taken = len(entry.taken) if self.mode == MENU else 0
        return (entry.digits, self.price(), taken, self.meal, self._till.can_sell())

    def is_open(self):
        """True while meals are served."""
        return self.meals.is_open(self._till.clock.now_s())

    def can_charge(self):
        """True if a card that comes now is charged."""
        if self.entry.digits:
            return False
        return self.mode == COUNT or self.price() > 0 or not self.is_open()

    async def charge(self, target):
        """One tap. A card whose PIN is wanted is charged once that is keyed in."""
        till = self._till
        outcome = await self._sell(target)
        till.show_outcome(outcome)
        self._pin = ""
        if outcome.is_sale:
            self.entry.done()
        elif outcome.kind in (PIN_NEEDED, PIN_WRONG):
            pin = await dialogs.number(till, texts.PIN_NEEDED, 12, is_secret=True)
            if pin:
                self._pin = pin
                await self.charge(target)
                return
        await till.card_left(target)

    async def _sell(self, target):
        """From the account for subsidies if that covers it all, else from the common one: one
        meal is one debit, so that a card which leaves in between owes nothing."""
        till, keyed, pin = self._till, self.entry.keyed, self._pin
        if self.subsidy_account:
            if till.journal.open:
                known = await till.engine.settle(target, self.account)
                if known is not None and known.kind not in _OTHER_ACCOUNT:
                    return known
            sale = Sale(self, keyed, pin, self.subsidy_account, True)
            outcome = await till.engine.run(target, sale)
            if outcome.kind not in _OTHER_ACCOUNT:
                return outcome
        return await till.engine.run(target, Sale(self, keyed, pin, self.account))

    def draw(self):
        """The screen that waits."""
        till, entry, ui = self._till, self.entry, self._till.ui
        if not till.can_sell():
            ui.journal_full()
        elif not self.is_open():
            ui.page(moods.IDLE, till.title, texts.CLOSED)
        elif self.mode == MENU and (entry.digits or not entry.taken):
            foot = texts.NO_DISH if entry.is_unknown else texts.ENTER_DISH
            ui.entry(till.title, entry.digits, foot)
        elif self.mode == MENU:
            name = "%d %s" % (len(entry.taken), entry.taken[-1]["name"])
            ui.page(moods.IDLE, name, "¥" + yuan(entry.keyed), texts.TAP)
        elif self.mode == COUNT:
            ui.page(moods.IDLE, till.title, self._meal_name() or texts.MEAL, texts.TAP)
        elif entry.digits or not self.price():
            ui.enter(till.title, entry.digits)
        else:
            name, tap = self._meal_name(), ui.pick(texts.TAP)
            ui.page(
                moods.IDLE, till.title, "¥" + yuan(self.price()), name + " " + tap if name else tap
            )

    def _meal_name(self):
        meal = self.meal
        return meal["name"] if meal is not None else ""


async def run(till):
    """Serve cards until the till is over."""
    counter = Canteen(till)
    while True:
        state = counter.state()
        if till.must_draw(state):
            counter.draw()
        kind, value = await till.next()
        if kind == events.OVER:
            return
        if kind == events.KEY:
            counter.entry.press(value)
        elif kind == events.CARD and counter.can_charge():
            await counter.charge(value)
            till.redraws()

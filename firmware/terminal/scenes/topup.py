"""Top-up counter: cash against money on the card, authorised by the card's issuer on line.

Keys: the amount, then "confirm"; the card is laid down then. A load that was torn is settled when
its card comes again, before anything else.
"""

from .. import events
from ..engine.order import Load
from ..online import OnlineIssuer
from ..outcomes import LOADED, NOT_AUTHORISED, PIN_NEEDED, PIN_WRONG, Outcome
from ..ui import dialogs, moods, texts
from ..ui.facade import yuan


class Counter:
    """What is loaded next, and the cash that was taken in."""

    def __init__(self, till):
        self._till = till
        settings = till.settings
        self._most = settings["load_most"]
        self._float = settings["float"]
        self._issuer = OnlineIssuer(till.online)
        self.amount = 0

    def room(self):
        """Fen that may still be taken in this shift; None without a limit."""
        return max(0, self._float - self._till.shift.loaded) if self._float else None

    async def ask(self, first):
        """The amount of the next load, keyed in from its first digit on."""
        room = self.room()
        most = self._most if room is None else min(self._most, room)
        if most <= 0:
            self._till.show_outcome(Outcome(NOT_AUTHORISED, detail="the float is full"))
            return
        fen = await dialogs.amount(self._till, texts.TOP_UP, most, texts.ENTER_AMOUNT, first)
        self.amount = fen or 0

    async def load(self, target):
        """One tap."""
        till = self._till
        till.ui.page(moods.BUSY, texts.TOP_UP, "¥" + yuan(self.amount), texts.PLEASE_WAIT)
        account, pin = till.config["account"], ""
        while True:
            order = Load(self.amount, self._issuer, account, b"cash", pin)
            outcome = await till.engine.run(target, order)
            if outcome.kind not in (PIN_NEEDED, PIN_WRONG):
                break
            till.show_outcome(outcome)
            pin = await dialogs.number(till, texts.PIN_NEEDED, 12, is_secret=True)
            if not pin:
                break
        till.show_outcome(outcome)
        if outcome.kind == LOADED:
            rows = ("+ ¥" + yuan(outcome.amount), "= ¥" + yuan(outcome.balance))
            await till.print_rows(texts.TOP_UP, rows)
            self.amount = 0
        await till.card_left(target)

    def draw(self):
        """The screen that waits."""
        till, ui = self._till, self._till.ui
        if not till.can_sell():
            ui.journal_full()
        elif self.amount:
            ui.page(moods.IDLE, texts.TOP_UP, "¥" + yuan(self.amount), texts.TAP)
        else:
            foot = texts.ENTER_AMOUNT if till.online.is_there else texts.HOST_IS_AWAY
            ui.page(moods.IDLE, till.title, ui.pick(texts.TOP_UP), foot)


async def run(till):
    """Load cards until the till is over."""
    counter = Counter(till)
    while True:
        state = (counter.amount, till.online.is_there, till.can_sell())
        if till.must_draw(state):
            counter.draw()
        kind, value = await till.next()
        if kind == events.OVER:
            return
        if kind == events.KEY:
            if value == "cancel":
                counter.amount = 0
            elif not counter.amount and value in "123456789":
                await counter.ask(value)
                till.redraws()
        elif kind == events.CARD and counter.amount:
            await counter.load(value)
            till.redraws()

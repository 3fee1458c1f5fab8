"""Pay-out of subsidies and benefits: a signed list says who gets what, the card's issuer loads it.

Exactly once: a place of the list that was served is marked, and after a power cut the journal
tells; the issuer authorises each place once, however many terminals hold it.
"""

from ocwire import record
from ocwire.cardlist import PAYOUT

from .. import events
from ..cardlist import Paid
from ..engine.order import Load, Refusal
from ..online import OnlineIssuer
from ..outcomes import CLOSED, LOADED, NOT_LISTED, REPEATED, Outcome
from ..tally import done, since
from ..ui import moods, texts
from ..ui.facade import yuan

PAYLOAD = b"pays"  # then the list's version 4 and the place in it 2


class PayOut(Load):
    """A load whose amount the list tells once the card is known. counter: Counter."""

    def __init__(self, counter, issuer, account):
        super().__init__(0, issuer, account)
        self._counter = counter

    async def prepare(self, engine, card):
        """Look the card up."""
        self.amount, self.payload = self._counter.due(card.serial, engine.clock.now_s())


class Counter:
    """The list, and who has been served; one of the rules' meters."""

    def __init__(self, till):
        self._till = till
        self._issuer = OnlineIssuer(till.online)
        self._list = till.lists[PAYOUT]
        self._paid = None
        self._version = None
        self.turn()
        till.engine.rules.count_also(self)

    def turn(self):
        """A new list was taken: begin with it."""
        header = self._list.header
        version = header.version if header is not None else None
        if version == self._version:
            return
        self._version = version
        self._paid = None
        if header is None:
            return
        self._paid = Paid(self._till.root + "/paid.bin", header)
        for intent in done(since(self._till.journal, version)):
            self.took(None, 0, 0, intent["tti"], intent["payload"])

    def due(self, serial, now_s):
        """(fen, payload) of this card. Raises Refusal."""
        if self.is_over(now_s):
            raise Refusal(Outcome(CLOSED))
        found = self._list.find(serial)
        if found is None:
            raise Refusal(Outcome(NOT_LISTED))
        place, amount = found
        if place in self._paid:
            raise Refusal(Outcome(REPEATED, amount))
        return amount, PAYLOAD + self._version.to_bytes(4, "big") + place.to_bytes(2, "big")

    def is_over(self, now_s):
        """True if there is no list of the configured name, or its time is over."""
        settings, held = self._till.settings, self._list
        if held.is_over(now_s) or held.header.name != settings["list"]:
            return True
        until = settings["expires"]
        today = int(self._till.clock.bcd()[:4].hex())
        return until != 0 and today > until

    def check(self, serial, amount, now_s):
        """Nothing is sold here."""

    def release(self):
        """Nothing large is held."""

    def took(self, serial, amount, time_s, tti, payload):
        """A load was done: if it is of this list, its place is served."""
        mine = PAYLOAD + (self._version or 0).to_bytes(4, "big")
        if tti in record.LOADS and payload[:8] == mine and self._paid is not None:
            self._paid.add(int.from_bytes(payload[8:10], "big"))

    async def pay(self, target):
        """One tap."""
        till = self._till
        till.ui.page(moods.BUSY, texts.PAY_OUT, "", texts.PLEASE_WAIT)
        order = PayOut(self, self._issuer, till.settings["account"])
        outcome = await till.engine.run(target, order)
        till.show_outcome(outcome)
        if outcome.kind == LOADED:
            rows = ("+ ¥" + yuan(outcome.amount), "= ¥" + yuan(outcome.balance))
            await till.print_rows(texts.PAY_OUT, rows)
        await till.card_left(target)

    def state(self):
        """What decides the idle screen."""
        till = self._till
        self.turn()
        served = self._paid.count() if self._paid is not None else 0
        return (self._version, served, till.online.is_there, till.can_sell())

    def draw(self):
        """The screen that waits."""
        till, ui, held = self._till, self._till.ui, self._list
        if not till.can_sell():
            ui.journal_full()
        elif self.is_over(till.clock.now_s()):
            ui.page(moods.IDLE, till.title, "", texts.NO_LIST)
        else:
            big = "%d/%d" % (self._paid.count(), len(held))
            foot = texts.TAP if till.online.is_there else texts.HOST_IS_AWAY
            ui.page(moods.IDLE, held.header.name or till.title, big, foot)


async def run(till):
    """Pay out until the till is over."""
    counter = Counter(till)
    while True:
        state = counter.state()
        if till.must_draw(state):
            counter.draw()
        kind, value = await till.next()
        if kind == events.OVER:
            return
        if kind == events.CARD:
            await counter.pay(value)
            till.redraws()

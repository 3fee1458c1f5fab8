"""Museum gate: by card or QR code, free, priced or by time slot; groups; who is in today.

Keys: a number and "confirm" make the next card a group's; "f2" lets one in by hand.
"""

from ocwire import record

from .. import events
from ..engine.order import Purchase, Refusal
from ..outcomes import APPROVED, CLOSED, IDENTIFIED, JOURNAL_FULL, OVER_COUNT, Outcome
from ..tally import done, since
from ..ui import moods, texts
from ..ui.facade import yuan
from .periods import Periods

PAYLOAD = b"gate"
_NOBODY = bytes(10)


def places_left(slots, time_s, inside):
    """Places left in the slot at that time, None for any number."""
    slot = slots.at(time_s)
    return None if slot is None else max(0, slot["capacity"] - inside)


class Gate:
    """Who was let in; one of the rules' meters."""

    def __init__(self, till):
        self._till = till
        settings = till.settings
        self.slots = Periods(settings["slots"] if settings["mode"] == "slots" else ())
        self.price = till.config["price"] if settings["mode"] != "free" else 0
        self.group_most = settings["group_most"]
        self._gate_ms = settings["gate_ms"]
        self.digits = ""
        self.group = 1
        self._begun_s = 0
        self._count = 0
        self._restore()
        till.engine.rules.count_also(self)

    def _restore(self):
        self._turn(self._till.clock.now_s())
        for intent in done(since(self._till.journal, self._begun_s)):
            self.took(None, 0, intent["time_s"], intent["tti"], intent["payload"])
        for item in since(self._till.journal, self._begun_s):
            if item.kind == record.ENTRY:
                self._count += item.fields()["count"]
            elif item.kind == record.CODE:
                self._count += 1

    def _turn(self, now_s):
        begun_s = self.slots.begun_s(now_s)
        if begun_s != self._begun_s:
            self._begun_s, self._count = begun_s, 0

    def count(self):
        """People let in since the slot or the day began."""
        self._turn(self._till.clock.now_s())
        return self._count

    def fee(self):
        """Fen of the group that comes next."""
        return self.price * self.group

    # -- as a meter -----------------------------------------------------------------------

    def check(self, serial, amount, now_s):
        """Raises Refusal outside the hours and when all places are taken."""
        if not self.slots.is_open(now_s):
            raise Refusal(Outcome(CLOSED))
        left = places_left(self.slots, now_s, self.count())
        if left is not None and left < self.group:
            raise Refusal(Outcome(OVER_COUNT, detail="%d places left" % left))

    def release(self):
        """Nothing large is held."""

    def took(self, serial, amount, time_s, tti, payload):
        """A card's entry was done."""
        if payload[:4] == PAYLOAD:
            self._turn(time_s)
            self._count += payload[4]

    # -- letting in -------------------------------------------------------------------------

    async def by_card(self, target):
        """One tap: pays for its group, or proves by 0 fen that the card was there."""
        till = self._till
        payload = PAYLOAD + bytes((self.group,))
        order = Purchase(self.fee(), till.config["account"], payload)
        outcome = await till.engine.run(target, order)
        if outcome.is_sale:
            self._open(outcome)
        else:
            till.show_outcome(outcome)
        await till.card_left(target)

    async def by_code(self, raw):
        """A QR code lets its holder in where nothing is to be paid."""
        till = self._till
        now_s = till.clock.now_s()
        try:
            self.check(None, 0, now_s)
        except Refusal as refusal:
            till.show_outcome(refusal.outcome)
            return
        outcome = await till.engine.take_code(raw, record.ADMISSION, 0, till.online.refuses_code)
        if outcome.kind == IDENTIFIED:
            self._count += 1
            self._open(outcome)
        else:
            till.show_outcome(outcome)

    def by_hand(self):
        """The attendant lets one in: counted, no card seen. Recorded before it is shown (P1)."""
        till = self._till
        if not till.can_sell():
            till.show_outcome(Outcome(JOURNAL_FULL))
            return
        body = record.pack(record.ENTRY, till.clock.now_s(), record.BY_HAND, _NOBODY, 1)
        till.journal.append(record.ENTRY, body)
        self._count += 1
        self._open(Outcome(IDENTIFIED))

    def _open(self, outcome):
        till = self._till
        if till.gate is not None:
            till.gate.play((self._gate_ms,))
        people = till.ui.say(texts.PEOPLE, self.group if outcome.kind == APPROVED else 1)
        till.ui.page(moods.GOOD, texts.WELCOME, people, till.ui.say(texts.INSIDE, self.count()))
        till.ui.sound(moods.GOOD)
        till.stays()
        self.group = 1

    def press(self, key):
        """Digits and "confirm" set the group, "cancel" forgets it."""
        if key == "cancel":
            self.digits, self.group = "", 1
        elif key == "confirm":
            if self.digits:
                self.group = max(1, min(int(self.digits), self.group_most))
            self.digits = ""
        elif key == "f2":
            self.by_hand()
        elif len(key) == 1 and key in "0123456789" and len(self.digits) < 2:
            self.digits += key

    def draw(self):
        """The screen that waits."""
        till, ui = self._till, self._till.ui
        if not till.can_sell():
            ui.journal_full()
        elif not self.slots.is_open(till.clock.now_s()):
            ui.page(moods.IDLE, till.title, texts.CLOSED)
        elif self.digits:
            ui.entry(till.title, self.digits, texts.GROUP_SIZE)
        else:
            big = "¥" + yuan(self.fee()) if self.price else ui.say(texts.PEOPLE, self.group)
            foot = ui.say(texts.INSIDE, self.count()) + " " + ui.pick(texts.TAP)
            ui.page(moods.IDLE, till.title, big, foot)


async def run(till):
    """Let people in until the till is over."""
    gate = Gate(till)
    while True:
        now_s = till.clock.now_s()
        state = (gate.digits, gate.group, gate.count(), gate.slots.is_open(now_s), till.can_sell())
        if till.must_draw(state):
            gate.draw()
        kind, value = await till.next()
        if kind == events.OVER:
            return
        if kind == events.KEY:
            gate.press(value)
        elif kind == events.CODE:
            await gate.by_code(value)
            till.redraws()
        elif kind == events.CARD and not gate.digits:
            await gate.by_card(value)
            till.redraws()

"""Hotel reception: check-in by card, a second guest, check-out, a deposit.

Who the guest is goes sealed into the journal; on the screen it is masked, and the host's gateway
alone can open it (the hotel's system, the police's registration client).
Keys: the room number and "confirm" choose the room; then the card. "f2" goes to the next of
check-in, guest joins, check-out, deposit.
"""

from ocwire import record, settings

from .. import events
from ..engine.order import Purchase
from ..outcomes import IDENTIFIED, JOURNAL_FULL, Outcome
from ..ui import moods, texts
from ..ui.facade import yuan

_MODES = (record.ARRIVES, record.JOINS, record.LEAVES, record.DEPOSITS)
_NAMES = {
    record.ARRIVES: texts.CHECK_IN,
    record.JOINS: texts.SECOND_GUEST,
    record.LEAVES: texts.CHECK_OUT,
    record.DEPOSITS: texts.DEPOSIT,
}
_NOBODY = bytes(10)
_MOST_ROOM = 6


def is_room(rooms, digits):
    """True if there is such a room. rooms: the setting hotel.rooms; empty: any."""
    number = int(digits)
    return not rooms or any(first <= number <= last for first, last in settings.ranges(rooms))


def shortened(masked):
    """A masked citizen number of 18 characters as a row of the screen takes it."""
    return masked[:6] + "****" + masked[-2:]


class Desk:
    """The room that is being dealt with, and what is done."""

    def __init__(self, till):
        self._till = till
        self.mode = record.ARRIVES
        self.digits = self.room = ""

    @property
    def deposit(self):
        """Fen."""
        return self._till.settings["deposit"]

    async def by_card(self, target):
        """One tap."""
        if self.mode == record.DEPOSITS:
            await self._deposit(target)
        else:
            await self._identify(target)
        await self._till.card_left(target)

    async def _identify(self, target):
        till = self._till
        till.ui.page(moods.BUSY, _NAMES[self.mode], self.room, texts.PLEASE_WAIT)
        outcome = await till.engine.identify(target, record.CHECK_IN)
        if outcome.kind != IDENTIFIED:
            till.show_outcome(outcome)
            return
        self._stays(self.mode, _NOBODY)
        till.ui.page(moods.GOOD, _NAMES[self.mode], self.room, shortened(outcome.detail))
        till.ui.sound(moods.GOOD)
        till.stays()
        self.room = ""

    async def _deposit(self, target):
        till = self._till
        payload = b"depo" + self.room.encode()
        order = Purchase(self.deposit, till.config["account"], payload)
        outcome = await till.engine.run(target, order)
        if outcome.is_sale:
            self._stays(record.DEPOSITS, _NOBODY)
            await till.print_rows(texts.DEPOSIT, (self.room, "¥" + yuan(self.deposit)))
            self.room = ""
        till.show_outcome(outcome)

    def leave(self):
        """A guest goes: no card is needed."""
        till = self._till
        if not till.can_sell():
            till.show_outcome(Outcome(JOURNAL_FULL))
            return
        self._stays(record.LEAVES, _NOBODY)
        till.ui.page(moods.GOOD, texts.CHECK_OUT, self.room)
        till.ui.sound(moods.GOOD)
        till.stays()
        self.room = ""

    def _stays(self, event, serial):
        till = self._till
        till.journal.append(
            record.STAY,
            record.pack(record.STAY, till.clock.now_s(), event, serial, tail=self.room.encode()),
        )

    def press(self, key):
        """The receptionist's keys."""
        if key == "f2":
            modes = _MODES if self.deposit else _MODES[:-1]
            self.mode = modes[(modes.index(self.mode) + 1) % len(modes)]
        elif key == "cancel":
            self.digits, self.room = self.digits[:-1], ""
        elif key == "confirm":
            if self.digits and not is_room(self._till.settings["rooms"], self.digits):
                self._till.ui.page(moods.REFUSED, texts.ROOM, self.digits, texts.NO_ROOM)
                self._till.ui.sound(moods.REFUSED)
                self._till.stays()
                self.digits = ""
            elif self.digits:
                self.room, self.digits = self.digits, ""
                if self.mode == record.LEAVES:
                    self.leave()
        elif len(key) == 1 and key in "0123456789" and len(self.digits) < _MOST_ROOM:
            self.digits += key

    def draw(self):
        """The screen that waits."""
        till, ui = self._till, self._till.ui
        if not till.can_sell():
            ui.journal_full()
        elif self.room:
            foot = texts.TAP
            if self.mode == record.DEPOSITS:
                foot = "¥" + yuan(self.deposit) + " " + ui.pick(texts.TAP)
            ui.page(moods.IDLE, _NAMES[self.mode], self.room, foot)
        else:
            ui.entry(_NAMES[self.mode], self.digits, texts.ROOM)


async def run(till):
    """Receive guests until the till is over."""
    desk = Desk(till)
    while True:
        state = (desk.mode, desk.digits, desk.room, till.can_sell())
        if till.must_draw(state):
            desk.draw()
        kind, value = await till.next()
        if kind == events.OVER:
            return
        if kind == events.KEY:
            desk.press(value)
        elif kind == events.CARD and desk.room:
            await desk.by_card(value)
            till.redraws()

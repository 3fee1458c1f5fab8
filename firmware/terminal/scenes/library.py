"""Library: the patron's card, then the items by bar code: lend, return, renew, list.

Keys: "f2" goes to the next of lend, return and renew, "f3" lists what the patron has, "cancel"
ends the patron's turn; a bar code may also be keyed in and confirmed. Without a host lending goes
on, within the limit, and is told to the library system from the journal later.
"""

from occard import purse
from occard.errors import CardError, StatusError, WrongCard
from occard.profiles import of_account
from ocwire import record

from drivers.reader.base import CardGone, LinkError

from .. import clock, events
from ..online import NoAnswer, Offline
from ..outcomes import (
    CARD_ERROR,
    HOLD_STILL,
    HOTLISTED,
    JOURNAL_FULL,
    OFFLINE,
    OVER_COUNT,
    UNKNOWN_CARD,
    Outcome,
)
from ..ui import dialogs, moods, texts

_MODES = (record.LEND, record.RETURN, record.RENEW)
_QUESTIONS = {record.LEND: "lend", record.RETURN: "return", record.RENEW: "renew"}
_NAMES = {record.LEND: texts.LEND, record.RETURN: texts.RETURN, record.RENEW: texts.RENEW}
_NOBODY = bytes(10)
_MOST_CODE = 32
_DEADLINE_MS = 8000


def may_do(settings, mode, count, is_online):
    """None, or the kind of refusal. Without a host the limit is counted here, per turn; whether a
    loan may be renewed the library's system alone knows."""
    if is_online or mode == record.RETURN:
        return None
    if mode == record.RENEW or not settings["offline"]:
        return OFFLINE
    if count >= settings["patron_limit"]:
        return OVER_COUNT
    return None


class Desk:
    """The patron whose turn it is, and what was done with which items."""

    def __init__(self, till):
        self._till = till
        self._settings = till.settings
        self.mode = record.LEND
        self.patron = b""
        self.name = ""
        self.lent = 0
        self.digits = ""
        self._slip = []

    async def begin(self, target):
        """A card comes: its holder's turn."""
        till = self._till
        try:
            if not target.is_iso_dep:
                raise WrongCard("not an ISO/IEC 14443-4 card")
            card = await purse.select(target, of_account(till.config["account"]))
        except CardGone:
            till.show_outcome(Outcome(HOLD_STILL))
        except WrongCard as error:
            till.show_outcome(Outcome(UNKNOWN_CARD, detail=str(error)))
        except (CardError, StatusError, LinkError) as error:
            till.show_outcome(Outcome(CARD_ERROR, detail=str(error)))
        else:
            if card.serial in till.engine.rules.hotlist:
                till.show_outcome(Outcome(HOTLISTED))
            elif card.serial != self.patron:
                await self.end()
                if await self._greet(card.serial):
                    self.draw()
        await till.card_left(target)

    async def _greet(self, serial):
        """True if this patron may borrow, as far as is known."""
        till = self._till
        self.patron, self.name, self.lent, self._slip = serial, "", 0, []
        till.ui.sound(moods.GOOD)
        try:
            answer = await self._ask("patron", {})
        except (Offline, NoAnswer):
            return True
        if "refused" in answer:
            till.ui.sound(moods.REFUSED)
            till.ui.page(moods.REFUSED, texts.PATRON, "", str(answer["refused"]))
            till.stays()
            self.patron = b""
            return False
        self.name = str(answer.get("name", ""))
        self.lent = int(answer.get("lent", 0))
        return True

    async def end(self):
        """The patron's turn is over: a slip of what was done."""
        if self._slip and self._settings["receipt"]:
            await self._till.print_rows(texts.LIBRARY, self._slip)
        self.patron, self.name, self.lent, self._slip = b"", "", 0, []

    async def _ask(self, what, values):
        values["patron"] = self.patron.hex()
        return await self._till.online.ask(what, values, _DEADLINE_MS)

    async def item(self, code):
        """An item's bar code. Returning needs no patron."""
        till, mode = self._till, self.mode
        if mode != record.RETURN and not self.patron:
            till.ui.page(moods.REFUSED, texts.PATRON_FIRST, code, texts.TAP)
            till.ui.sound(moods.REFUSED)
            till.stays()
            return
        if not till.can_sell():
            till.show_outcome(Outcome(JOURNAL_FULL))
            return
        answer, is_online = {}, True
        try:
            answer = await self._ask(_QUESTIONS[mode], {"item": code})
        except (Offline, NoAnswer):
            is_online = False
        refused = answer.get("refused")
        kind = may_do(self._settings, mode, self.lent, is_online)
        if refused is None and kind is None:
            self._done(code, answer, is_online)
            return
        if refused is not None:
            till.ui.page(moods.REFUSED, _NAMES[mode], code, str(refused))
            till.ui.sound(moods.REFUSED)
            till.stays()
        else:
            till.show_outcome(Outcome(kind))

    def _done(self, code, answer, is_online):
        """Recorded before it is shown (P1)."""
        till, mode = self._till, self.mode
        serial = self.patron or _NOBODY
        body = record.pack(
            record.LOAN, till.clock.now_s(), mode, is_online, serial, tail=code.encode()
        )
        till.journal.append(record.LOAN, body)
        if mode != record.RENEW and self.patron:
            self.lent += 1 if mode == record.LEND else -1
        title = str(answer.get("title", "")) or code
        due = str(answer.get("due", ""))
        if not is_online:
            due = till.ui.pick(texts.UPLOADED_LATER)
            if mode == record.LEND:
                due_s = till.clock.now_s() + self._settings["loan_days"] * 86400
                due += " " + clock.text(due_s)[:5]
        fee = answer.get("fee", 0)
        if fee:
            due = till.ui.say(texts.FEE, fee // 100, fee % 100)
        self._slip += [till.ui.pick(_NAMES[mode]) + " " + title, due]
        till.ui.page(moods.GOOD, _NAMES[mode], title, due)
        till.ui.sound(moods.GOOD)
        till.stays()

    async def list(self):
        """What the patron has."""
        till = self._till
        if not self.patron:
            return
        try:
            answer = await self._ask("loans", {})
            rows = ["%s %s" % (row["due"], row["title"]) for row in answer["loans"]]
        except (Offline, NoAnswer):
            till.show_outcome(Outcome(OFFLINE))
            return
        except (KeyError, TypeError):
            rows = []
        await dialogs.show(till, texts.LOANS_OF, rows or ("-",))

    async def press(self, key):
        """The librarian's keys."""
        if key == "f2":
            self.mode = _MODES[_MODES.index(self.mode) % len(_MODES) - 2]
        elif key == "f3":
            await self.list()
        elif key == "cancel":
            if self.digits:
                self.digits = ""
            else:
                await self.end()
        elif key == "confirm":
            code, self.digits = self.digits, ""
            if code:
                await self.item(code)
        elif len(key) == 1 and len(self.digits) < _MOST_CODE:
            self.digits += key

    def draw(self):
        """The screen that waits."""
        till, ui = self._till, self._till.ui
        if self.digits:
            ui.entry(_NAMES[self.mode], self.digits, texts.ITEM)
        elif self.patron or self.mode == record.RETURN:
            who = self.name or self.patron.hex()[-4:]
            foot = ui.say(texts.LENT, self.lent) if self.patron else texts.ITEM
            ui.page(moods.IDLE, _NAMES[self.mode], who if self.patron else "", foot)
        else:
            ui.page(moods.IDLE, till.title, ui.pick(_NAMES[self.mode]), texts.TAP)


async def run(till):
    """Serve patrons until the till is over."""
    desk = Desk(till)
    while True:
        state = (desk.mode, desk.patron, desk.name, desk.lent, desk.digits)
        if till.must_draw(state):
            desk.draw()
        kind, value = await till.next()
        if kind == events.OVER:
            await desk.end()
            return
        if kind == events.KEY:
            await desk.press(value)
        elif kind == events.CODE:
            await desk.item(events.text_of(value, _MOST_CODE))
            till.redraws()
        elif kind == events.CARD:
            await desk.begin(value)
            till.redraws()
        if kind == events.KEY and value in ("f3", "confirm"):
            till.redraws()

"""Clinic and pharmacy: the medical account, on line only, never charged here without an answer.

Keys: the prescription's number, "confirm", the amount, "confirm"; then the card. The fund is asked
within a deadline; what it granted is recorded and committed, what came too late, or was cut off by
the power, is reversed: until the fund has taken that back nothing else is asked of it.
"""

from occard import social
from occard.errors import CardError, StatusError, WrongCard
from ocwire import record

from drivers.reader.base import CardGone, LinkError

from .. import events
from ..online import NoAnswer, Offline
from ..outcomes import (
    APPROVED,
    CARD_ERROR,
    EXPIRED,
    HOLD_STILL,
    JOURNAL_FULL,
    NOT_AUTHORISED,
    OFFLINE,
    UNKNOWN_CARD,
    Outcome,
)
from ..tally import day_start, since
from ..ui import dialogs, moods, texts
from ..ui.facade import yuan

_NOBODY = bytes(10)
_MOST_REFERENCE = 12
_MOST = 10000000  # fen
_DAY_S = 86400


class Counter:
    """One prescription at a time."""

    def __init__(self, till):
        self._till = till
        self._deadline_ms = till.settings["deadline_s"] * 1000
        self._most = till.settings["amount_most"] or _MOST
        self.reference, self.amount = "", 0
        self._pending = self._left_open()  # the prescription that is to be reversed, or ""

    def _left_open(self):
        """What the journal's last medical record leaves to be reversed; the fund may have heard
        of it, and takes it twice for once."""
        till, last = self._till, None
        for item in since(till.journal, day_start(till.clock.now_s()) - _DAY_S):
            if item.kind == record.MEDICAL:
                last = item.fields()
        if last is None or last["event"] == record.COMMITTED:
            return ""
        reference = last["reference"].decode()
        if last["event"] == record.ASKED:
            self._record(record.REVERSED, reference, last["amount"])
        return reference

    async def settle(self):
        """Have the fund take back what is pending: True if nothing is any more."""
        if self._pending and self._till.online.is_there:
            if await self._tell("reverse", self._pending):
                self._pending = ""
        return not self._pending

    async def ask(self):
        """Prescription and amount, keyed in."""
        till = self._till
        self.reference, self.amount = "", 0
        reference = await dialogs.number(till, texts.PRESCRIPTION, _MOST_REFERENCE)
        if not reference:
            return
        fen = await dialogs.amount(till, texts.PRESCRIPTION, self._most, texts.ENTER_AMOUNT)
        if fen:
            self.reference, self.amount = reference, fen

    async def charge(self, target):
        """One tap: read who it is, ask, and commit or reverse."""
        till = self._till
        outcome = await self._guarded(target)
        till.show_outcome(outcome)
        if outcome.kind == APPROVED:
            rows = (self.reference, "¥" + yuan(self.amount))
            await till.print_rows(texts.PRESCRIPTION, rows)
            self.reference, self.amount = "", 0
        await till.card_left(target)

    async def _guarded(self, target):
        try:
            return await self._charge(target)
        except CardGone:
            return Outcome(HOLD_STILL)
        except WrongCard as error:
            return Outcome(UNKNOWN_CARD, detail=str(error))
        except (CardError, StatusError, LinkError) as error:
            return Outcome(CARD_ERROR, detail=str(error))
        except Offline as error:
            return Outcome(OFFLINE, detail=str(error))

    async def _charge(self, target):
        till = self._till
        if not till.can_sell():
            return Outcome(JOURNAL_FULL)
        if not till.online.is_there or not await self.settle():
            return Outcome(OFFLINE)
        if not target.is_iso_dep:
            raise WrongCard("not an ISO/IEC 14443-4 card")
        till.ui.page(moods.BUSY, texts.PRESCRIPTION, "¥" + yuan(self.amount), texts.PLEASE_WAIT)
        identity = await social.read(target)
        if not identity.is_id_right:
            return Outcome(CARD_ERROR, detail="the citizen number on the card is wrong")
        if not identity.is_valid_on(till.clock.bcd()[:4].hex()):
            return Outcome(EXPIRED)
        self._record(record.ASKED, self.reference, self.amount)
        values = {
            "id": identity.id_number,
            "card": identity.card_number,
            "reference": self.reference,
            "amount": self.amount,
        }
        try:
            answer = await till.online.ask("authorise", values, self._deadline_ms)
        except (Offline, NoAnswer) as error:
            self._record(record.REVERSED, self.reference, self.amount)
            self._pending = self.reference
            return Outcome(OFFLINE, self.amount, detail=str(error))
        if "refused" in answer or not answer.get("approval"):
            self._record(record.REVERSED, self.reference, self.amount)
            return Outcome(NOT_AUTHORISED, self.amount, detail=str(answer.get("refused", "")))
        approval = str(answer["approval"])[:32]
        self._record(record.COMMITTED, self.reference + " " + approval, self.amount)
        await self._tell("commit", approval)
        return Outcome(APPROVED, self.amount, answer.get("balance"))

    def _record(self, event, reference, amount):
        till = self._till
        body = record.pack(
            record.MEDICAL,
            till.clock.now_s(),
            event,
            _NOBODY,
            amount,
            tail=reference.encode(),
        )
        till.journal.append(record.MEDICAL, body)

    async def _tell(self, what, reference):
        """True if the fund has taken it. The journal has it already."""
        try:
            values = {"reference": reference}
            return "refused" not in await self._till.online.ask(what, values, self._deadline_ms)
        except (Offline, NoAnswer):
            return False

    def draw(self):
        """The screen that waits."""
        till, ui = self._till, self._till.ui
        if not till.can_sell():
            ui.journal_full()
        elif self.amount:
            ui.page(moods.IDLE, self.reference, "¥" + yuan(self.amount), texts.TAP)
        else:
            foot = texts.PRESS_CONFIRM if till.online.is_there else texts.HOST_IS_AWAY
            ui.page(moods.IDLE, till.title, ui.pick(texts.PRESCRIPTION), foot)


async def run(till):
    """Serve patients until the till is over."""
    counter = Counter(till)
    while True:
        state = (counter.amount, counter.reference, till.online.is_there, till.can_sell())
        if till.must_draw(state):
            counter.draw()
        kind, value = await till.next()
        if kind == events.OVER:
            return
        if kind == events.TICK:
            await counter.settle()
        if kind == events.KEY:
            if value == "confirm" and not counter.amount:
                await counter.ask()
            elif value == "cancel":
                counter.reference, counter.amount = "", 0
            till.redraws()
        elif kind == events.CARD and counter.amount:
            await counter.charge(value)
            till.redraws()

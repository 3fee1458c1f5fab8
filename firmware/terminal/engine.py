"""The transaction engine: what happens between "a card is there" and "it is done".

Every scene sells through it. Order of a purchase: open debits of this card are resolved first;
INITIALIZE; SAM; intent into the journal; DEBIT; MAC2; result into the journal; only then is
anything told to the cardholder (P1, P2).
"""

import time

from occard import purse
from occard.errors import CardError, ProtocolError, StatusError, WrongCard
from ocwire import calendar, record

from drivers.reader.base import CardGone, LinkError

from .journal import JournalFull
from .outcomes import (
    APPROVED,
    CARD_ERROR,
    EXPIRED,
    HOLD_STILL,
    HOTLISTED,
    IN_DOUBT,
    JOURNAL_FULL,
    NO_CLOCK,
    NOT_ENOUGH,
    REPEATED,
    RESOLVED,
    TAP_AGAIN,
    UNKNOWN_CARD,
    Outcome,
)
from .sam.soft import SamError

_MAX_OPEN = 8  # debits of unknown outcome kept waiting for their cards
_NO_TAC = bytes(4)


class Engine:
    """journal, sam, clock and hotlist of this terminal; serial_offset: see `_next_serial`.

    A card that has paid is not charged again before the field was seen empty, not even after a
    power cut with the card left on the reader, nor within repeat_ms (a shaky hand).
    """

    def __init__(self, journal, sam, clock, hotlist, serial_offset=0, repeat_ms=0):
        self._journal = journal
        self._sam = sam
        self._clock = clock
        self._hotlist = hotlist
        self._serial_offset = serial_offset
        self._repeat_ms = repeat_ms
        self._last_refused = None
        self._last_paid = None
        self._last_paid_ms = 0
        self._here = self._last_charged()  # serial of the card that paid and was not seen to leave

    def field_is_empty(self):
        """The reader sees no card: whichever comes next is one that comes."""
        self._here = None

    async def purchase(self, target, amount):
        """Take `amount` fen from the purse of the card `target`. Never raises for a card's sake.

        Raises LinkError if the reader fails before anything was sent that could debit.
        """
        if not self._clock.is_set():
            return Outcome(NO_CLOCK)
        try:
            if not target.is_iso_dep:
                raise WrongCard("not an ISO/IEC 14443-4 card")
            card = await purse.select(target)
            return await self._purchase(card, amount)
        except CardGone:
            return Outcome(HOLD_STILL)
        except WrongCard as error:
            return Outcome(UNKNOWN_CARD, detail=str(error))
        except (CardError, SamError) as error:
            return Outcome(CARD_ERROR, detail=str(error))
        except JournalFull as error:
            return Outcome(JOURNAL_FULL, detail=str(error))

    async def _purchase(self, card, amount):
        intent_seq = self._open_intent(card.serial)
        if intent_seq is not None:
            outcome = await self._resolve(card, intent_seq)
            if outcome is not None:
                return outcome
        if self._has_just_paid(card.serial):
            return Outcome(REPEATED)
        refusal = self._refusal(card, amount)
        if refusal is not None:
            return refusal
        if not self._journal.has_room():
            return Outcome(JOURNAL_FULL)
        try:
            answer = await card.initialize_purchase(
                self._sam.key_index, amount, self._sam.terminal
            )
        except StatusError as error:
            if error.sw != 0x9401:
                raise
            return Outcome(NOT_ENOUGH, amount, await card.balance())
        if answer.balance + answer.overdraft < amount:
            return Outcome(NOT_ENOUGH, amount, answer.balance)
        return await self._debit(card, answer, amount)

    def _refusal(self, card, amount):
        """The Outcome that refuses this card, or None if it may pay."""
        if card.serial in self._hotlist:
            self._record_refusal(card.serial, amount)
            return Outcome(HOTLISTED)
        if not card.is_enabled or not card.is_valid_on(self._clock.bcd()[:4]):
            return Outcome(EXPIRED)
        return None

    def _has_just_paid(self, serial):
        passed_ms = time.ticks_diff(time.ticks_ms(), self._last_paid_ms)
        is_recent = serial == self._last_paid and 0 <= passed_ms < self._repeat_ms
        return is_recent or serial == self._here

    def _remember_paid(self, serial):
        self._last_paid, self._last_paid_ms = serial, time.ticks_ms()
        self._here = serial

    def _last_charged(self):
        """Serial of the card that the journal's newest result says was charged, or None."""
        if self._journal.last_closed is None:
            return None
        intent, result = self._journal.last_closed
        if record.fields(record.PURCHASE_RESULT, result)["outcome"] == record.NOT_DEBITED:
            return None
        return record.fields(record.PURCHASE_INTENT, intent)["serial"]

    def _record_refusal(self, serial, amount):
        """Once for a card that is held there again and again: nobody can fill the journal so."""
        if serial == self._last_refused or not self._journal.has_room():
            return
        self._last_refused = serial
        now_s = self._clock.now_s()
        body = record.pack(record.REFUSED, now_s, record.HOTLISTED, serial, amount)
        self._journal.append(record.REFUSED, body)

    def _next_serial(self):
        """Terminal transaction serial of the next purchase: the journal's next sequence number
        plus an offset given at provisioning. The journal makes it survive resets, and the intent
        that uses it moves it on, so it never comes twice.
        """
        return (self._journal.next_seq + self._serial_offset) & 0xFFFFFFFF

    async def _debit(self, card, answer, amount):
        self._make_room_for_open()
        now_s = self._clock.now_s()
        date_time = calendar.to_bcd(now_s)
        pending = self._sam.purchase(self._next_serial(), card.factor, answer, amount, date_time)
        body = self._intent_body(card, answer, amount, now_s, pending.serial)
        intent_seq = self._journal.append(record.PURCHASE_INTENT, body)
        try:
            tac, mac2 = await card.debit(pending.serial, date_time, pending.mac1)
        except (CardGone, LinkError, ProtocolError) as error:
            return Outcome(TAP_AGAIN, amount, detail=str(error))
        except StatusError as error:
            return await self._after_refused_debit(card, intent_seq, error)
        balance = answer.balance - amount
        is_right = pending.is_mac2(mac2)
        outcome = record.DEBITED if is_right else record.WRONG_MAC2
        self._write_result(intent_seq, outcome, balance, tac, mac2)
        self._last_refused = None
        self._remember_paid(card.serial)
        if not is_right:
            return Outcome(IN_DOUBT, amount, balance, "card's MAC2 is wrong")
        return Outcome(APPROVED, amount, balance)

    def _intent_body(self, card, answer, amount, now_s, serial):
        return record.pack(
            record.PURCHASE_INTENT,
            card.application,
            card.serial,
            now_s,
            amount,
            answer.balance,
            answer.counter,
            serial,
            answer.random,
            answer.key_version,
            answer.algorithm,
            self._sam.key_index,
            purse.TTI_PURCHASE,
        )

    async def _after_refused_debit(self, card, intent_seq, error):
        """The card answered DEBIT with a status word: ask it at once what it did."""
        outcome = await self._resolve(card, intent_seq)
        if outcome is None:
            return Outcome(CARD_ERROR, detail=str(error))
        return outcome

    # -- debits of unknown outcome ------------------------------------------------------

    def _open_intent(self, serial):
        """Sequence number of this card's oldest open intent, or None."""
        for seq in sorted(self._journal.open):
            body = self._journal.open[seq][0]
            if record.fields(record.PURCHASE_INTENT, body)["serial"] == serial:
                return seq
        return None

    def _make_room_for_open(self):
        """With too many cards outstanding, the oldest is recorded as in doubt, with its evidence
        in its intent: the settlement office resolves it from the card's next transactions."""
        while len(self._journal.open) >= _MAX_OPEN:
            self._write_result(min(self._journal.open), record.IN_DOUBT, 0, _NO_TAC, _NO_TAC)

    async def _resolve(self, card, intent_seq):
        """Find out from the card whether an open debit was made; closes it with a result.

        Returns an Outcome, or None if nothing was taken and the card may pay now.
        """
        body = self._journal.open[intent_seq][0]
        intent = record.fields(record.PURCHASE_INTENT, body)
        amount, balance, counter = intent["amount"], intent["balance"], intent["card_counter"]
        serial, random, tti = intent["terminal_serial"], intent["random"], intent["tti"]
        pending = self._sam.resume(serial, card.factor, random, counter, amount)
        try:
            proof = await self._proof(card, tti, counter)
            if proof is not None and pending.is_mac2(proof[1]):
                self._write_result(intent_seq, record.PROVED, balance - amount, *proof)
                self._remember_paid(card.serial)
                return Outcome(RESOLVED, amount, balance - amount)
            now_counter, now_balance = await self._card_state(card)
        except (CardGone, LinkError, ProtocolError) as error:
            return Outcome(TAP_AGAIN, amount, detail=str(error))
        if proof is None and now_counter == counter:
            self._write_result(intent_seq, record.NOT_DEBITED, now_balance, _NO_TAC, _NO_TAC)
            return None
        tac, mac2 = proof or (_NO_TAC, _NO_TAC)
        self._write_result(intent_seq, record.IN_DOUBT, now_balance, tac, mac2)
        return Outcome(IN_DOUBT, amount, now_balance, "card counter %s" % now_counter)

    @staticmethod
    async def _proof(card, tti, counter):
        try:
            return await card.prove(tti, counter + 1)
        except StatusError:
            return None  # a card without this command: its counter must tell

    async def _card_state(self, card):
        """(counter, balance) as the card has them now; INITIALIZE writes nothing on it.

        counter: None if the card does not tell it (one that refuses an amount of 0).
        """
        try:
            answer = await card.initialize_purchase(self._sam.key_index, 0, self._sam.terminal)
        except StatusError:
            return None, await card.balance()
        return answer.counter, answer.balance

    def _write_result(self, intent_seq, outcome, balance, tac, mac2):
        now_s = self._clock.now_s()
        body = record.pack(
            record.PURCHASE_RESULT, intent_seq, now_s, outcome, balance & 0xFFFFFFFF, tac, mac2
        )
        self._journal.append(record.PURCHASE_RESULT, body)

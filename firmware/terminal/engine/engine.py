"""The engine's states: select, decide, authorise, commit intent, complete, confirm; and settle,
for what an earlier tap left unknown. Every scene goes through it, whatever it sells.

The intent is in the journal before the one command that changes the card is sent, and the result
before anything is told to the cardholder (P1, P2).
"""

import binascii
import struct
import time

import occrypto
from occard import purse, social
from occard.errors import Blocked, CardError, ProtocolError, StatusError, WrongCard
from occard.profiles import ACCOUNTS, PURSES, TRANSIT, by_code, of_account
from occard.qr import CodeError
from ocwire import record

from drivers.reader.base import CardGone, LinkError

from ..journal import JournalFull
from ..outcomes import (
    APPROVED,
    CARD_ERROR,
    CODE_EXPIRED,
    CODE_WRONG,
    EXPIRED,
    HOLD_STILL,
    HOTLISTED,
    IDENTIFIED,
    IN_DOUBT,
    JOURNAL_FULL,
    LOADED,
    LOCKED,
    NO_ACCOUNT,
    NO_CLOCK,
    OFFLINE,
    OTHER_CARD,
    REPEATED,
    SAM_FAULT,
    TAP_AGAIN,
    UNKNOWN_CARD,
    Outcome,
)
from ..sam.base import REFUSED, SamError
from .ledger import Ledger
from .order import Load, Purchase, Refusal
from .settle import Settle

_PURCHASES = (0x05, 0x06, 0x09)


class Engine:
    """journal, sam and clock of this terminal; rules: see rules.Rules; serial_offset: see Ledger.

    sealer: sealing.Sealer, to identify people. codes: occard.qr.Codes, to take QR codes.

    A card that has paid is not charged again before the field was seen empty, not even after a
    power cut with the card left on the reader, nor within repeat_ms (a shaky hand).
    """

    def __init__(
        self,
        journal,
        sam,
        clock,
        rules,
        serial_offset=0,
        repeat_ms=0,
        profiles=PURSES,
        sealer=None,
        codes=None,
    ):
        self.sam = sam
        self._sealer = sealer
        self._codes = codes
        self.clock = clock
        self.ledger = Ledger(journal, clock, serial_offset)
        self.rules = rules
        self._settle = Settle(self.ledger, sam)
        self._repeat_ms = repeat_ms
        self._profiles = profiles
        self._profiles_of = {account: of_account(account, profiles) for account in ACCOUNTS}
        self._last_paid = None
        self._last_paid_ms = 0
        self._here = self._last_charged()  # serial of the card that paid and was not seen to leave

    async def start(self):
        """Bring the SAM up. Raises SamError."""
        await self.sam.start()

    def field_is_empty(self):
        """The reader sees no card: whichever comes next is one that comes."""
        self._here = None

    # -- what scenes ask for ------------------------------------------------------------

    async def purchase(self, target, amount, account=TRANSIT, pin="", payload=b""):
        """Take `amount` fen from that account of the card `target`: see `run`."""
        return await self.run(target, Purchase(amount, account, payload, pin))

    async def run(self, target, order):
        """Do `order` with the card `target`: -> Outcome. Never raises for a card's sake.

        Raises LinkError if the reader fails before anything was sent that could change the card.
        """
        return await self._guarded(self._run(target, order))

    async def settle(self, target, account):
        """What became of an open transaction of this card's account: -> Outcome, or None if there
        is none or it was not done: the card may pay."""
        return await self._guarded(self._settle_only(target, account))

    async def undo(self, target, issuer, pin=""):
        """Give back the newest purchase of this terminal to the card that made it: -> Outcome.

        Only the newest: once given back, or followed by another transaction, it no longer is.
        """
        return await self._guarded(self._undo(target, issuer, pin))

    async def identify(self, target, purpose):
        """Read who holds the card and keep it sealed: -> Outcome, masked. purpose: of record."""
        return await self._guarded(self._identify(target, purpose))

    async def take_code(self, raw, purpose, amount=0, ask=None):
        """Take a QR code (bytes from the scanner) once: -> Outcome.

        ask(raw, purpose): a coroutine that tells of a code which is not proved here: None if it is
        right, else the Outcome that refuses it. Without one such codes are refused.
        """
        if self._codes is None:
            return Outcome(CODE_WRONG, detail="no codes are taken here")
        if not self.clock.is_set():
            return Outcome(NO_CLOCK)
        if not self.ledger.has_room():
            return Outcome(JOURNAL_FULL)
        now_s = self.clock.now_s()
        try:
            code = self._codes.take(raw, now_s, amount)
        except CodeError as error:
            return Outcome(CODE_EXPIRED if error.is_stale else CODE_WRONG, detail=str(error))
        if code.is_proved and code.account in self.rules.hotlist:
            self.ledger.refuse(code.account, amount, record.HOTLISTED)
            return Outcome(HOTLISTED)
        if not code.is_proved:
            refused = await ask(raw, purpose) if ask is not None else Outcome(OFFLINE)
            if refused is not None:
                return refused
            if not self.ledger.has_room():
                return Outcome(JOURNAL_FULL)
        self.ledger.take_code(now_s, purpose, code, amount, occrypto.sm3(raw))
        return Outcome(IDENTIFIED, amount or None)

    # -- the states ---------------------------------------------------------------------

    async def _guarded(self, work):
        try:
            return await work
        except CardGone:
            return Outcome(HOLD_STILL)
        except Refusal as refusal:
            return refusal.outcome
        except WrongCard as error:
            return Outcome(UNKNOWN_CARD, detail=str(error))
        except Blocked as error:
            return Outcome(LOCKED, detail=str(error))
        except CardError as error:
            return Outcome(CARD_ERROR, detail=str(error))
        except SamError as error:
            return Outcome(CARD_ERROR if error.kind == REFUSED else SAM_FAULT, detail=str(error))
        except JournalFull as error:
            return Outcome(JOURNAL_FULL, detail=str(error))

    async def _run(self, target, order, allows_repeat=False):
        if not self.clock.is_set():
            return Outcome(NO_CLOCK)
        card = await self._select(target, order.account)
        if order.only_serial not in (None, card.serial):
            return Outcome(OTHER_CARD)
        known = await self._settled(card)
        if known is not None:
            return known
        if not allows_repeat and self._has_just_paid(card.serial):
            return Outcome(REPEATED)
        await order.prepare(self, card)
        await self.rules.check(card, order, self.clock, self.ledger)
        if not self.ledger.has_room():
            return Outcome(JOURNAL_FULL)
        step = await order.authorise(self, card)
        intent_seq = self.ledger.intend(card, order, step)
        return await self._complete(card, order, step, intent_seq)

    async def _settle_only(self, target, account):
        return await self._settled(await self._select(target, account))

    async def _select(self, target, account):
        if not target.is_iso_dep:
            raise WrongCard("not an ISO/IEC 14443-4 card")
        try:
            return await purse.select(target, self._profiles_of[account])
        except WrongCard:
            others = tuple(p for p in self._profiles if p.account != account)
            try:
                other = await purse.select(target, others)
            except (CardError, StatusError):
                other = None
            if other is None:
                raise
            raise Refusal(Outcome(NO_ACCOUNT, detail="it has " + other.profile.name)) from None

    async def _settled(self, card):
        """The Outcome of an open transaction of this card that is now known to have been done or
        to be in doubt; None if there was none or it was not done."""
        found = self.ledger.open_of(card.serial)
        if found is None:
            return None
        intent = found[1]
        outcome = await self._settle.resolve(card, *found)
        if outcome is not None and outcome.is_done:
            self._remember_paid(card.serial)
            self.rules.took(
                card.serial, intent["amount"], intent["time_s"], intent["tti"], intent["payload"]
            )
        return outcome

    async def _complete(self, card, order, step, intent_seq):
        try:
            tac, mac2 = await order.complete(card, step)
        except (CardGone, LinkError, ProtocolError) as error:
            return Outcome(TAP_AGAIN, order.amount, detail=str(error))
        except StatusError as error:  # ask the card at once what it did
            outcome = await self._settled(card)
            return outcome or Outcome(CARD_ERROR, detail=str(error))
        verdict = await order.confirm(step, tac, mac2)
        balance = step.answer.balance + (order.amount if order.adds else -order.amount)
        if verdict == record.DONE and not order.adds:
            mac2 = record.NO_MAC2
        self.ledger.close(intent_seq, verdict, balance, tac, mac2)
        self._remember_paid(card.serial)
        self.rules.took(card.serial, order.amount, step.time_s, step.tti, order.payload)
        if verdict != record.DONE:
            return Outcome(IN_DOUBT, order.amount, balance, record.OUTCOMES[verdict])
        return Outcome(LOADED if order.adds else APPROVED, order.amount, balance)

    async def _identify(self, target, purpose):
        if not self.clock.is_set():
            return Outcome(NO_CLOCK)
        if not target.is_iso_dep:
            raise WrongCard("not an ISO/IEC 14443-4 card")
        if not self.ledger.has_room():
            return Outcome(JOURNAL_FULL)
        identity = await social.read(target)
        if not identity.is_id_right:
            return Outcome(CARD_ERROR, detail="the citizen number on the card is wrong")
        now_s = self.clock.now_s()
        date = binascii.hexlify(self.clock.bcd()[:4]).decode()
        if not identity.is_valid_on(date):
            return Outcome(EXPIRED)
        bound = self.sam.terminal + struct.pack(">IB", now_s, purpose)
        nonce, sealed = self._sealer.seal(identity.pack(), bound)
        self.ledger.identify(now_s, purpose, nonce, sealed)
        return Outcome(IDENTIFIED, detail=social.masked_id(identity.id_number))

    # -- the last purchase --------------------------------------------------------------

    async def _undo(self, target, issuer, pin):
        last = self.ledger.last_closed()
        if last is None or last[0]["tti"] not in _PURCHASES or not _was_done(last[1]):
            return Outcome(CARD_ERROR, detail="there is no purchase to give back")
        intent = last[0]
        account = by_code(intent["application"], self._profiles).account
        payload = b"undo" + intent["terminal_serial"].to_bytes(4, "big")
        order = Load(intent["amount"], issuer, account, payload, pin)
        order.only_serial = intent["serial"]
        return await self._run(target, order, allows_repeat=True)

    def _has_just_paid(self, serial):
        passed_ms = time.ticks_diff(time.ticks_ms(), self._last_paid_ms)
        is_recent = serial == self._last_paid and 0 <= passed_ms < self._repeat_ms
        return is_recent or serial == self._here

    def _remember_paid(self, serial):
        self._last_paid, self._last_paid_ms = serial, time.ticks_ms()
        self._here = serial

    def _last_charged(self):
        """Serial of the card that the journal's newest result says was charged, or None."""
        last = self.ledger.last_closed()
        if last is None or last[1]["outcome"] == record.NOT_DONE:
            return None
        return last[0]["serial"]


def _was_done(result):
    return result["outcome"] in record.COUNTED

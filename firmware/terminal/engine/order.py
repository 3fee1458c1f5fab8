"""What is asked of the engine, and how each kind of transaction speaks to card, SAM and issuer.

An order goes through the same states, whatever it is: authorise (nothing written yet), complete
(the one command that changes the card), confirm. The engine does the rest.
"""

from occard.errors import Blocked, StatusError
from occard.profiles import TRANSIT
from occard.purse import TTI_COMPOUND
from ocwire import calendar, record

from ..outcomes import NOT_AUTHORISED, NOT_ENOUGH, PIN_NEEDED, PIN_WRONG, Outcome
from ..sam.base import REFUSED, Request, SamError

_NOT_ENOUGH = (0x9401, 0x9301)
_NO_KEY = 0x9403
_NO_PIN = 0x6982
_LOCKED = (0x6A81, 0x9303)


class Refusal(Exception):
    """An order that ends before anything is written. outcome: what to say."""

    def __init__(self, outcome):
        super().__init__(outcome.kind)
        self.outcome = outcome


class Step:
    """An order that may be completed. answer: the card's Initialized; serial: the terminal's."""

    def __init__(self, answer, key_index, tti, time_s, date_time, serial):
        self.answer = answer
        self.key_index = key_index
        self.tti = tti
        self.time_s = time_s
        self.date_time = date_time
        self.serial = serial
        self.pending = None  # of the SAM
        self.mac2 = None  # of the issuer


class Order:
    """amount in fen. account: of occard.profiles.ACCOUNTS. payload: kept with the intent.

    pin: digits that the cardholder keyed in, or "".
    """

    adds = False  # True for what puts money on the card
    only_serial = None  # the one card that this order is for, where it is not any

    def __init__(self, amount, account=TRANSIT, payload=b"", pin=""):
        self.amount = amount
        self.account = account
        self.payload = payload
        self.pin = pin

    async def prepare(self, engine, card):
        """Read what the order depends on; may set amount and payload. Raises Refusal."""

    async def _verify_pin(self, card):
        left = await card.verify_pin(self.pin)
        if left is not None:
            raise Refusal(Outcome(PIN_WRONG, detail="%d tries left" % left))

    async def _first_key(self, indexes, try_one):
        """try_one(index) for each index until the card and the SAM know one."""
        refused = None
        for index in indexes:
            try:
                return await try_one(index)
            except StatusError as error:
                if error.sw == _NO_PIN:
                    raise Refusal(Outcome(PIN_NEEDED)) from None
                if error.sw in _LOCKED:
                    raise Blocked(error.sw) from None
                if error.sw != _NO_KEY:
                    raise
                refused = error
            except SamError as error:
                if error.kind != REFUSED:
                    raise
                refused = error
        raise refused


class Purchase(Order):
    """A plain purchase (TTI 05 or 06)."""

    is_compound = False

    def tti(self, card):
        """TTI of this order on this card."""
        return card.profile.tti_purchase

    async def authorise(self, engine, card):
        """INITIALIZE and the SAM's MAC1: -> Step. Writes nothing on the card."""
        if self.pin:
            await self._verify_pin(card)
        elif card.profile.needs_pin:
            raise Refusal(Outcome(PIN_NEEDED, self.amount))
        sam = engine.sam
        now_s = engine.clock.now_s()
        date_time = calendar.to_bcd(now_s)

        async def with_key(index):
            answer = await self._initialize(card, index, sam.terminal)
            engine.rules.check_balance(self, answer)
            for sfi, record_id, data in self.writes_after(answer, sam.terminal, date_time):
                await card.update_cache(sfi, record_id, data)
            request = Request(card, index, answer, self.amount, self.tti(card), date_time)
            pending = await sam.purchase(request, engine.ledger.next_serial())
            step = Step(answer, index, self.tti(card), now_s, date_time, pending.serial)
            step.pending = pending
            return step

        return await self._first_key(sam.key_indexes, with_key)

    async def _initialize(self, card, index, terminal):
        try:
            answer = await card.initialize_purchase(index, self.amount, terminal, self.is_compound)
        except StatusError as error:
            if error.sw not in _NOT_ENOUGH:
                raise
            raise Refusal(Outcome(NOT_ENOUGH, self.amount, await card.balance())) from None
        if answer.balance + answer.overdraft < self.amount:
            raise Refusal(Outcome(NOT_ENOUGH, self.amount, answer.balance))
        return answer

    def writes_after(self, answer, terminal, date_time):
        """What is written beside the purse: (sfi, record id, bytes) each; see update_cache."""
        return ()

    async def complete(self, card, step):
        """The debit: (TAC, MAC2)."""
        return await card.debit(step.serial, step.date_time, step.pending.mac1)

    async def confirm(self, step, tac, mac2):
        """The record outcome of an answered debit."""
        try:
            is_right = await step.pending.is_mac2(mac2)
        except SamError:
            return record.UNCHECKED
        return record.DONE if is_right else record.WRONG_MAC2


class CompoundPurchase(Purchase):
    """A purchase that writes files of the card with the debit, or neither (TTI 09, JT/T 978).

    writes: (sfi, record id, bytes) each, see Purse.update_cache. amount may be 0 (an entry).
    """

    is_compound = True

    def __init__(self, amount, writes, account=TRANSIT, payload=b""):
        super().__init__(amount, account, payload)
        self._writes = writes

    def tti(self, card):
        return TTI_COMPOUND

    def writes_after(self, answer, terminal, date_time):
        return self._writes


class Load(Order):
    """Money on the card, authorised on line. issuer: see `Issuer`. key_indexes: to try, in order.

    A refund is a Load whose payload names what is given back.
    """

    adds = True

    def __init__(self, amount, issuer, account=TRANSIT, payload=b"", pin="", key_indexes=(1,)):
        super().__init__(amount, account, payload, pin)
        self._issuer = issuer
        self._key_indexes = key_indexes

    def tti(self, card):
        """TTI of this order on this card."""
        return card.profile.tti_load

    async def authorise(self, engine, card):
        """INITIALIZE FOR LOAD and the issuer's MAC2: -> Step."""
        if self.pin:
            await self._verify_pin(card)
        now_s = engine.clock.now_s()
        date_time = calendar.to_bcd(now_s)
        terminal = engine.sam.terminal

        async def with_key(index):
            answer = await card.initialize_load(index, self.amount, terminal)
            return Step(
                answer, index, self.tti(card), now_s, date_time, engine.ledger.next_serial()
            )

        step = await self._first_key(self._key_indexes, with_key)
        try:
            step.mac2 = await self._issuer.authorise(card, self, step, terminal)
        except NotAuthorised as error:
            raise Refusal(Outcome(NOT_AUTHORISED, self.amount, detail=str(error))) from None
        return step

    async def complete(self, card, step):
        """The credit: (TAC, the issuer's MAC2 as evidence)."""
        return await card.credit(step.date_time, step.mac2), step.mac2

    async def confirm(self, step, tac, mac2):
        """DONE: the card answered. Its TAC is checked by the issuer, who alone has the key."""
        return record.DONE


class NotAuthorised(Exception):
    """The issuer says no, or cannot be reached in time. Nothing was written."""


class Issuer:
    """The contract of whoever authorises loads, reached through the link."""

    async def authorise(self, card, order, step, terminal):
        """MAC2 of this load, 4 bytes, over amount, TTI, terminal (6 bytes) and step.date_time.

        step.answer has the card's MAC1, which the issuer checks. Raises NotAuthorised.
        """
        raise NotAuthorised("no issuer is connected")

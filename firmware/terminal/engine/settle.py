"""Transactions of unknown outcome: the card that comes back tells what became of its own."""

from occard.errors import ProtocolError, StatusError
from ocwire import calendar, record

from drivers.reader.base import CardGone, LinkError

from ..outcomes import IN_DOUBT, LOADED, RESOLVED, TAP_AGAIN, Outcome
from ..sam.base import Request, SamError
from .ledger import NO_TAC


class Settle:
    """ledger and sam of this terminal."""

    def __init__(self, ledger, sam):
        self._ledger = ledger
        self._sam = sam

    async def resolve(self, card, intent_seq, intent):
        """Find out from the card whether an open transaction was done; closes it with a result.

        Returns an Outcome, or None if nothing was done and the card may go on now.
        """
        amount = intent["amount"]
        is_load = intent["tti"] in record.LOADS
        after = intent["balance"] + (amount if is_load else -amount)
        try:
            proof = await self._proof(card, intent)
            if proof is not None and await self._is_proved(card, intent, proof):
                self._ledger.close(intent_seq, record.PROVED, after, proof[0], record.NO_MAC2)
                return Outcome(RESOLVED, amount, after)
            now_counter, now_balance = await self._state(card, is_load, intent["key_index"])
            is_in_log = await self._is_in_log(card, intent, proof)
        except (CardGone, LinkError, ProtocolError) as error:
            return Outcome(TAP_AGAIN, amount, detail=str(error))
        if proof is None and now_counter == intent["card_counter"]:
            self._ledger.close(intent_seq, record.NOT_DONE, now_balance)
            return None
        if is_in_log:
            self._ledger.close(intent_seq, record.UNCHECKED, after, *proof)
            return Outcome(LOADED if is_load else RESOLVED, amount, after)
        tac, mac2 = proof or (NO_TAC, NO_TAC)
        self._ledger.close(intent_seq, record.IN_DOUBT, now_balance, tac, mac2)
        return Outcome(IN_DOUBT, amount, now_balance, "card counter %s" % now_counter)

    @staticmethod
    async def _proof(card, intent):
        try:
            return await card.prove(intent["tti"], intent["card_counter"] + 1)
        except StatusError:
            return None  # a card without this command: its counter must tell

    async def _is_proved(self, card, intent, proof):
        """True if the SAM finds the proof's MAC2 right; a load has none that we could check."""
        pending = self._pending(card, intent)
        if pending is None:
            return False
        try:
            return await pending.is_mac2(proof[1])
        except SamError:
            return False

    def _pending(self, card, intent):
        if intent["tti"] in record.LOADS:
            return None
        answer = _Answer(intent)
        key_index, amount, tti = intent["key_index"], intent["amount"], intent["tti"]
        request = Request(card, key_index, answer, amount, tti, b"")
        try:
            return self._sam.resume(request, intent["terminal_serial"])
        except SamError:
            return None

    async def _is_in_log(self, card, intent, proof):
        """True if the card proves it and its own log has it, with this terminal and second.

        For what the SAM can check no more: after a PSAM's reset, and for loads. Proof and counter
        alone could be those of a transaction of the same amount elsewhere.
        """
        is_load = intent["tti"] in record.LOADS
        if proof is None or (self._sam.can_resume and not is_load):
            return False
        moment = calendar.to_bcd(intent["time_s"])
        try:
            entries = await card.log()
        except (StatusError, ProtocolError):
            return False
        for entry in entries:
            if (
                entry.counter == intent["card_counter"] + 1
                and entry.amount == intent["amount"]
                and entry.tti == intent["tti"]
                and entry.terminal == self._sam.terminal
                and entry.moment == moment
            ):
                return True
        return False

    async def _state(self, card, is_load, key_index):
        """(counter, balance) as the card has them now; INITIALIZE writes nothing on it.

        counter: None if the card does not tell it (it refuses an amount of 0, or wants a PIN).
        """
        begin = card.initialize_load if is_load else card.initialize_purchase
        try:
            answer = await begin(key_index, 0, self._sam.terminal)
        except StatusError:
            return None, await card.balance()
        return answer.counter, answer.balance


class _Answer:
    """What a SAM needs of the card's answer, from the intent that kept it."""

    def __init__(self, intent):
        self.counter = intent["card_counter"]
        self.random = intent["random"]
        self.key_version = intent["key_version"]
        self.algorithm = intent["algorithm"]

"""A card issuer's host, as far as a load asks it: checks MAC1, makes MAC2, knows its keys.

Its cryptography is the bench's (OpenSSL), not the terminal's.
"""

from inproc import K
from onecard.keystore import PurseKeys
from onecard.sim.cards import pboc
from terminal.engine import Issuer, NotAuthorised


class BenchIssuer(Issuer):
    """dlk: the load key's master. refuses: a text, and no load is authorised."""

    def __init__(self, dlk=K, is_diversified=True):
        self._keys = PurseKeys(dlk, bytes(16), is_diversified=is_diversified)
        self.refuses = ""
        self.authorised = 0

    async def authorise(self, card, order, step, terminal):
        if self.refuses:
            raise NotAuthorised(self.refuses)
        answer = step.answer
        key = pboc.load_session_key(
            self._keys.card_dpk(card.serial), answer.random, answer.counter
        )
        amount, tti = pboc.amount4(order.amount), bytes([step.tti])
        if answer.mac1 != pboc.mac(key, pboc.amount4(answer.balance) + amount + tti + terminal):
            raise NotAuthorised("the card's MAC1 is wrong")
        self.authorised += order.amount
        return pboc.mac(key, amount + tti + terminal + step.date_time)

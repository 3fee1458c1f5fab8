"""A soft SAM: the purchase keys in the terminal's own memory, used through the C core.

It gives what a PSAM gives (JR/T 0025.1): a terminal number, a transaction serial and MAC1 for a
purchase, and the check of the card's MAC2. Keys go in and never come out.
"""

import struct

import occrypto
from occard.purse import TTI_PURCHASE


class SamError(Exception):
    """The SAM cannot serve this card: unknown algorithm or key. Nothing was written."""


ALGORITHM_3DES = (0x00, 0x01)


class Pending:
    """A purchase between MAC1 and MAC2. serial: terminal transaction serial, 32 bits."""

    def __init__(self, serial, mac1, session_key, amount):
        self.serial = serial
        self.mac1 = mac1
        self._session_key = session_key
        self._amount = struct.pack(">I", amount)

    def is_mac2(self, mac2):
        """True if the card's MAC2 (4 bytes) proves the debit of exactly this amount."""
        return occrypto.equal(mac2, occrypto.pboc_mac(self._session_key, self._amount))


class SoftSam:
    """terminal: 6 bytes. purchase_key: DPK or its master, 16 bytes.

    diversified: True if the key is a master from which each card's own key is derived with the
    right-most 8 bytes of its application serial.
    """

    def __init__(self, terminal, purchase_key, key_index, diversified):
        self.terminal = terminal
        self.key_index = key_index
        self._key = purchase_key
        self._diversified = diversified

    def purchase(self, serial, factor, card, amount, date_time):
        """MAC1 for a purchase: -> Pending. card: the answer to INITIALIZE FOR PURCHASE.

        serial: a terminal transaction serial never used before. date_time: 7 BCD bytes.
        Raises SamError for a card that wants an algorithm this SAM does not have.
        """
        if card.algorithm not in ALGORITHM_3DES:
            raise SamError("card wants algorithm %02X" % card.algorithm)
        session_key = self._session_key(factor, card.random, card.counter, serial)
        text = struct.pack(">IB", amount, TTI_PURCHASE) + self.terminal + date_time
        return Pending(serial, occrypto.pboc_mac(session_key, text), session_key, amount)

    def resume(self, serial, factor, random, counter, amount):
        """The Pending of an earlier purchase from its intent record: to check a late MAC2."""
        return Pending(serial, b"", self._session_key(factor, random, counter, serial), amount)

    def _session_key(self, factor, random, counter, serial):
        key = self._key
        if self._diversified:
            key = occrypto.diversify_des(key, factor)
        block = random + struct.pack(">HH", counter, serial & 0xFFFF)
        return occrypto.pboc_session_key(key, block)

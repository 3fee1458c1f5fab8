"""A soft SAM: the purchase keys in the terminal's own memory, used through the C core.

It gives what a PSAM gives (JR/T 0025.1): MAC1 for a purchase and the check of the card's MAC2.
Keys go in, sealed under the terminal's storage key (keys.py), and never come out.
"""

import struct

import occrypto

from .base import REFUSED, Pending, Sam, SamError

_DES = (0x00, 0x01)  # algorithm bytes of 3DES cards
# How SM4 purses make a session key is not published. Each reading has a name; "" refuses them.
SM4_SESSIONS = ("", "complement", "zeros")


class Des:
    """JR/T 0025.1 with two-key 3DES."""

    def diversify(self, key, factor):
        return occrypto.diversify_des(key, factor)

    def session_key(self, key, block):
        return occrypto.pboc_session_key(key, block)

    def mac(self, session_key, data):
        return occrypto.pboc_mac(session_key, data)


class Sm4:
    """The same with SM4, as it is usually read: CBC-MAC, padding 80 00…, left 4 bytes.

    session: of SM4_SESSIONS; what follows the 8 bytes of the 3DES session block.
    """

    def __init__(self, session):
        self._is_complement = session == "complement"

    def diversify(self, key, factor):
        return occrypto.diversify_sm4(key, factor)

    def session_key(self, key, block):
        rest = bytes(byte ^ 0xFF for byte in block) if self._is_complement else bytes(8)
        return occrypto.sm4_ecb_encrypt(key, block + rest)

    def mac(self, session_key, data):
        data += b"\x80" + bytes(-(len(data) + 1) % 16)
        return occrypto.sm4_cbc_mac(session_key, bytes(16), data)[:4]


class PurchaseKey:
    """index: for INITIALIZE FOR PURCHASE. key: DPK or its master, 16 bytes.

    is_diversified: a master, from which each card's own key comes with the right-most 8 bytes of
    its application serial.
    """

    def __init__(self, index, key, is_diversified):
        self.index = index
        self._key = key
        self._is_diversified = is_diversified

    def card_key(self, suite, factor):
        """The key of the card with this factor."""
        return suite.diversify(self._key, factor) if self._is_diversified else self._key


class SoftPending(Pending):
    """session_key and suite make MAC2."""

    def __init__(self, serial, mac1, suite, session_key, amount):
        super().__init__(serial, mac1)
        self._suite = suite
        self._session_key = session_key
        self._amount = struct.pack(">I", amount)

    async def is_mac2(self, mac2):
        return occrypto.equal(mac2, self._suite.mac(self._session_key, self._amount))


class SoftSam(Sam):
    """terminal: 6 bytes. keys: PurchaseKeys, tried in their order.

    sm4_session: how SM4 cards make session keys, of SM4_SESSIONS; sm4_algorithm: the byte such
    cards give in INITIALIZE.
    """

    can_resume = True

    def __init__(self, terminal, keys, sm4_session="", sm4_algorithm=0x04):
        self.terminal = terminal
        self.key_indexes = tuple(key.index for key in keys)
        self._keys = {key.index: key for key in keys}
        self._des = Des()
        self._sm4 = Sm4(sm4_session) if sm4_session else None
        self._sm4_algorithm = sm4_algorithm

    async def purchase(self, request, serial):
        suite, session_key = self._session(request, serial)
        text = struct.pack(">IB", request.amount, request.tti) + self.terminal
        text += request.date_time + request.security_id
        return SoftPending(
            serial, suite.mac(session_key, text), suite, session_key, request.amount
        )

    def resume(self, request, serial):
        suite, session_key = self._session(request, serial)
        return SoftPending(serial, b"", suite, session_key, request.amount)

    def _session(self, request, serial):
        suite = self._suite(request.answer.algorithm)
        key = self._keys.get(request.key_index)
        if key is None:
            raise SamError(REFUSED, "no key with index %d" % request.key_index)
        answer = request.answer
        block = answer.random + struct.pack(">HH", answer.counter, serial & 0xFFFF)
        return suite, suite.session_key(key.card_key(suite, request.factor), block)

    def _suite(self, algorithm):
        if algorithm in _DES:
            return self._des
        if algorithm == self._sm4_algorithm:
            if self._sm4 is None:
                raise SamError(REFUSED, "SM4 cards need a PSAM, or sm4_session in the settings")
            return self._sm4
        raise SamError(REFUSED, "card wants algorithm %02X" % algorithm)

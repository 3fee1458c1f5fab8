"""Personal data is sealed before it is stored or sent: only who has the keystore opens it."""

import os

import occrypto

NONCE_SIZE = 12


class Sealer:
    """journal_key: 16 bytes, of this terminal alone; the sealing key comes from it."""

    def __init__(self, journal_key):
        self._key = occrypto.hmac_sm3(journal_key, b"OCT1 identity")[:16]

    def seal(self, plain, bound):
        """(nonce, ciphertext and tag): AEAD_SM4_CCM (RFC 8998). bound: bytes it belongs to."""
        nonce = os.urandom(NONCE_SIZE)
        return nonce, occrypto.sm4_ccm_seal(self._key, nonce, bound, plain)

"""The two cipher suites of purse cards and PSAMs: 3DES (JR/T 0025) and SM4.

How SM4 cards make session keys, MACs and TACs stands in no public source. What is used here is the
plain replacement of 3DES; a card's `sm4_session` chooses between the readings.
"""

from typing import Protocol

from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import SM4

from onecard.sim.cards import pboc

ALGORITHM_SM4 = 0x04
SM4_SESSIONS = ("complement", "zeros")


def _complement(block: bytes) -> bytes:
    return bytes(byte ^ 0xFF for byte in block)


class Suite(Protocol):
    """What a card or SAM computes. Keys: 16 bytes of this very card. MACs: 4 bytes."""

    def session_key(self, key: bytes, block: bytes) -> bytes:
        """The key of one transaction. block: 8 bytes, random and serials."""

    def mac(self, session_key: bytes, message: bytes) -> bytes:
        """A MAC under a session key."""

    def tac(self, dtk: bytes, message: bytes) -> bytes:
        """A transaction authorisation code."""

    def line_mac(self, key: bytes, challenge: bytes, message: bytes) -> bytes:
        """Line protection: challenge of 4 or 8 bytes as the beginning of the IV."""

    def cryptogram(self, key: bytes, challenge: bytes) -> bytes:
        """EXTERNAL AUTHENTICATE: the challenge, filled with 00 to a block, encrypted."""

    def decrypt(self, key: bytes, data: bytes) -> bytes:
        """ECB, whole blocks."""

    def diversify(self, key: bytes, factor: bytes) -> bytes:
        """A key for one issuer or card from an 8-byte factor."""


class Des3:
    """Two-key 3DES, single-DES MACs (JR/T 0025.1, ISO/IEC 9797-1 algorithm 3 on the line)."""

    def session_key(self, key: bytes, block: bytes) -> bytes:
        return pboc.des3_block(key, block)

    def mac(self, session_key: bytes, message: bytes) -> bytes:
        return pboc.mac(session_key, message)

    def tac(self, dtk: bytes, message: bytes) -> bytes:
        return pboc.mac(pboc.tac_key(dtk), message)

    def line_mac(self, key: bytes, challenge: bytes, message: bytes) -> bytes:
        return pboc.retail_mac(key, challenge.ljust(8, b"\0"), message)

    def cryptogram(self, key: bytes, challenge: bytes) -> bytes:
        return pboc.des3_block(key, challenge.ljust(8, b"\0"))

    def decrypt(self, key: bytes, data: bytes) -> bytes:
        return pboc.des3_decrypt(key, data)

    def diversify(self, key: bytes, factor: bytes) -> bytes:
        return pboc.des3_block(key, factor) + pboc.des3_block(key, _complement(factor))


class Sm4:
    """SM4 in the places of 3DES (unconfirmed reading).

    Session key: SM4(key, block, then its complement or zeros). MACs: CBC-MAC, zero IV, padding
    80 00.. always, left 4 bytes. TAC under DTK itself. session: of SM4_SESSIONS.
    """

    def __init__(self, session: str = SM4_SESSIONS[0]) -> None:
        self.session = session

    def session_key(self, key: bytes, block: bytes) -> bytes:
        rest = _complement(block) if self.session == "complement" else bytes(8)
        return sm4_encrypt(key, block + rest)

    def mac(self, session_key: bytes, message: bytes) -> bytes:
        return self.line_mac(session_key, b"", message)

    def tac(self, dtk: bytes, message: bytes) -> bytes:
        return self.mac(dtk, message)

    def line_mac(self, key: bytes, challenge: bytes, message: bytes) -> bytes:
        padded = message + b"\x80" + bytes(-(len(message) + 1) % 16)
        cipher = Cipher(SM4(key), modes.CBC(challenge.ljust(16, b"\0")))
        return cipher.encryptor().update(padded)[-16:-12]

    def cryptogram(self, key: bytes, challenge: bytes) -> bytes:
        return sm4_encrypt(key, challenge.ljust(16, b"\0"))

    def decrypt(self, key: bytes, data: bytes) -> bytes:
        return Cipher(SM4(key), modes.ECB()).decryptor().update(data)

    def diversify(self, key: bytes, factor: bytes) -> bytes:
        return sm4_encrypt(key, factor + _complement(factor))


def sm4_encrypt(key: bytes, blocks: bytes) -> bytes:
    """SM4 ECB (GB/T 32907) of whole 16-byte blocks."""
    return Cipher(SM4(key), modes.ECB()).encryptor().update(blocks)


def suite_of(algorithm: int, sm4_session: str = SM4_SESSIONS[0]) -> Suite:
    """The suite that an algorithm byte stands for; 04 is SM4, everything else 3DES."""
    return Sm4(sm4_session) if algorithm == ALGORITHM_SM4 else Des3()

"""Operators' PINs as settings keep them: "salt:hash" in hex, never the digits.

PBKDF2 (GM/T 0091-2020, RFC 8018) with HMAC-SM3. A PIN of four digits has 10,000 values: the hash
keeps it from whoever reads a configuration in passing, not from whoever tries them all.
"""

from binascii import hexlify, unhexlify

import occrypto

ROUNDS = 1000  # about 0.15 s on a Cortex-M0+ at 125 MHz
SALT_SIZE = 8
_HASH_SIZE = 16
SHORTEST, LONGEST = 4, 8  # digits


def derive(digits, salt, rounds=ROUNDS):
    """16 bytes of PBKDF2-HMAC-SM3; the first block is enough for them."""
    password = digits.encode()
    last = occrypto.hmac_sm3(password, salt + b"\x00\x00\x00\x01")
    total = int.from_bytes(last, "big")
    for _ in range(rounds - 1):
        last = occrypto.hmac_sm3(password, last)
        total ^= int.from_bytes(last, "big")
    return total.to_bytes(32, "big")[:_HASH_SIZE]


def make(digits, salt):
    """What settings keep of a PIN. salt: SALT_SIZE random bytes. Raises ValueError."""
    if not SHORTEST <= len(digits) <= LONGEST or any(c not in "0123456789" for c in digits):
        raise ValueError("a PIN has %d to %d digits" % (SHORTEST, LONGEST))
    return hexlify(salt).decode() + ":" + hexlify(derive(digits, salt)).decode()


def split(kept):
    """(salt, hash) of what settings keep. Raises ValueError if it is no such thing."""
    salt, _, digest = kept.partition(":")
    try:
        salt, digest = unhexlify(salt), unhexlify(digest)
    except ValueError:
        salt = digest = b""
    if len(salt) != SALT_SIZE or len(digest) != _HASH_SIZE:
        raise ValueError("is no hash of a PIN")  # without it: it may be the PIN itself
    return salt, digest


def is_right(kept, digits):
    """True if these are the digits. Takes the same time for all wrong ones. Raises ValueError."""
    salt, digest = split(kept)
    return occrypto.equal(digest, derive(digits, salt))

"""Proof of what was taken out of a store on purpose, by the terminals' journal keys.

Without it whoever can write the database could let records go, or blank them, unseen.
"""

from __future__ import annotations

import struct

import occrypto

_ANCHOR, _ERASED = b"OCT1 anchor", b"OCT1 erased"


def of_anchor(key: bytes, terminal: str, seq: int, mac: bytes) -> bytes:
    """32 bytes: records up to `seq`, whose MAC was `mac`, were let go of. key: the journal key."""
    return occrypto.hmac_sm3(key, _bound(_ANCHOR, terminal, seq) + mac)


def of_erased(key: bytes, terminal: str, seq: int, digest: bytes, left: bytes) -> bytes:
    """32 bytes: record `seq`, whose SM3 was `digest`, was proved and then erased; the whole record
    is `left` of it."""
    return occrypto.hmac_sm3(key, _bound(_ERASED, terminal, seq) + digest + left)


def _bound(what: bytes, terminal: str, seq: int) -> bytes:
    return what + bytes.fromhex(terminal) + struct.pack(">I", seq)

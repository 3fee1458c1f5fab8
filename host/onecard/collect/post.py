"""Messages that stand alone, for terminals on a broker: what each says stays true for ever.

    sealed  = nonce 16 | SM4-CTR(first key, zeros, plain) | first 8 of SM4-CMAC(second key, cipher)
    keys 32 = HMAC-SM3(link key, "OCT1 post " | role 1 | terminal id 6 | nonce)
    report  = MAC of the record before 4 | number of the first record 4 | records back to back
    receipt = number of the last record 4 | its MAC 4

A report goes to onecard/TERMINAL/up (role "T"), the receipt for it to onecard/TERMINAL/down (role
"H"). The nonce is random. A report that comes again brings the same records again; a receipt that
comes again says what is known already. So neither needs a session, nor a counter.
"""

from __future__ import annotations

import struct
from typing import Any

import occrypto
from ocwire import record
from ocwire.errors import WireError
from ocwire.session import HOST, TERMINAL

NONCE_SIZE, SEAL_SIZE = 16, 8
MOST_BYTES = 32 * 1024  # of a report's records
MOST_PACKET = MOST_BYTES + 1024
_ROOT, _UP, _DOWN = "onecard", "up", "down"
UP_TOPICS = f"{_ROOT}/+/{_UP}"

__all__ = ["HOST", "TERMINAL"]


def up(terminal: str) -> str:
    """The topic on which a terminal reports."""
    return f"{_ROOT}/{terminal}/{_UP}"


def down(terminal: str) -> str:
    """The topic on which it gets receipts."""
    return f"{_ROOT}/{terminal}/{_DOWN}"


def terminal_of(topic: str) -> str:
    """Whose topic it is; what comes from outside, so not yet a number that exists."""
    return topic.split("/")[1] if topic.count("/") == 2 else ""


def seal(link_key: bytes, role: int, terminal: str, nonce: bytes, plain: bytes) -> bytes:
    """A sealed message. role: HOST or TERMINAL, who seals. nonce: 16 random bytes, each once."""
    cipher, mac = _keys(link_key, role, terminal, nonce)
    text = bytes(occrypto.sm4_ctr(cipher, bytes(16), plain))
    return nonce + text + bytes(occrypto.sm4_cmac(mac, text)[:SEAL_SIZE])


def unseal(link_key: bytes, role: int, terminal: str, sealed: bytes) -> bytes:
    """What is in a message sealed by `role`. Raises WireError if it is not authentic."""
    if len(sealed) <= NONCE_SIZE + SEAL_SIZE:
        raise WireError("a sealed message too short")
    nonce, text = sealed[:NONCE_SIZE], sealed[NONCE_SIZE:-SEAL_SIZE]
    cipher, mac = _keys(link_key, role, terminal, nonce)
    if not occrypto.equal(sealed[-SEAL_SIZE:], occrypto.sm4_cmac(mac, text)[:SEAL_SIZE]):
        raise WireError("a sealed message with a wrong MAC: another key, or altered")
    return bytes(occrypto.sm4_ctr(cipher, bytes(16), text))


def _keys(link_key: bytes, role: int, terminal: str, nonce: bytes) -> tuple[bytes, bytes]:
    text = b"OCT1 post " + bytes((role,)) + bytes.fromhex(terminal) + nonce
    keys = occrypto.hmac_sm3(link_key, text)
    return keys[:16], keys[16:]


def report(before: bytes, first_seq: int, raw: bytes) -> bytes:
    """A report, not sealed yet. before: MAC of the record before the first."""
    return before + struct.pack(">I", first_seq) + raw


def read_report(plain: bytes) -> tuple[bytes, list[Any]]:
    """(MAC before, records, one at least). Raises WireError."""
    if len(plain) < 8 + record.MIN_SIZE:
        raise WireError("a report without records")
    first_seq = struct.unpack_from(">I", plain, 4)[0]
    if not first_seq:
        raise WireError("a report from record 0")
    return plain[:4] if first_seq > 1 else record.FIRST_MAC, record.split(plain[8:], first_seq)


def receipt(seq: int, mac: bytes) -> bytes:
    """A receipt, not sealed yet."""
    return struct.pack(">I", seq) + mac


def read_receipt(plain: bytes) -> tuple[int, bytes]:
    """(number, MAC) of the record up to which all are durable. Raises WireError."""
    if len(plain) != 8:
        raise WireError(f"a receipt of {len(plain)} bytes")
    return struct.unpack_from(">I", plain)[0], plain[4:]

"""The authenticated link session: SPEC.md section 5.

Both sides hold the terminal's link key (16 bytes) and prove it with HMAC-SM3 over both nonces and
the terminal id. From the same input come one encryption and one MAC key for this session. Each
message is encrypted with SM4-CTR and carries the first 8 bytes of an SM4-CMAC over direction,
counter and ciphertext; counters only rise, so nothing can be replayed.
"""

import struct

import occrypto

from . import message
from .errors import SessionError

PROOF_SIZE = 16
SEAL_SIZE = 8
HOST = 0x48  # "H"
TERMINAL = 0x54  # "T"


def proof(link_key, role, terminal_id, host_nonce, terminal_nonce):
    """16 bytes that only a holder of the link key can give. role: HOST or TERMINAL."""
    text = b"OCT1 proof " + bytes((role,)) + terminal_id + host_nonce + terminal_nonce
    return occrypto.hmac_sm3(link_key, text)[:PROOF_SIZE]


class Session:
    """One side of a session. role: HOST or TERMINAL, the side that seals with this object."""

    def __init__(self, role, link_key, terminal_id, host_nonce, terminal_nonce):
        text = b"OCT1 keys" + terminal_id + host_nonce + terminal_nonce
        keys = occrypto.hmac_sm3(link_key, text)
        self._encryption_key, self._mac_key = keys[:16], keys[16:]
        self._role = role
        self._peer = TERMINAL if role == HOST else HOST
        self._sent = 0
        self._received = 0

    def _mac(self, role, counter, ciphertext):
        head = struct.pack(">BI", role, counter)
        return occrypto.sm4_cmac(self._mac_key, head + ciphertext)[:SEAL_SIZE]

    def _crypt(self, role, counter, data):
        start = struct.pack(">BxxxIQ", role, counter, 0)
        return occrypto.sm4_ctr(self._encryption_key, start, data)

    def seal(self, payload):
        """A SEALED message around the message `payload`."""
        self._sent += 1
        ciphertext = self._crypt(self._role, self._sent, payload)
        tail = ciphertext + self._mac(self._role, self._sent, ciphertext)
        return message.pack(message.SEALED, self._sent, tail=tail)

    def open(self, counter, tail):
        """The message inside a SEALED message. Raises SessionError if it is not authentic."""
        if len(tail) <= SEAL_SIZE:
            raise SessionError("sealed message too short")
        ciphertext, mac = tail[:-SEAL_SIZE], tail[-SEAL_SIZE:]
        if not occrypto.equal(mac, self._mac(self._peer, counter, ciphertext)):
            raise SessionError("sealed message has a wrong MAC: key or line is not right")
        if counter <= self._received:
            raise SessionError("sealed message %d was repeated" % counter)
        self._received = counter
        return self._crypt(self._peer, counter, ciphertext)

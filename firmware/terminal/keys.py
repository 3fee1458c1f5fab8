"""The terminal's keys: written at provisioning, read by this firmware alone, never given out.

In flash they are encrypted with SM4-CTR under a key made from the board's secret and carry a
CMAC. Where the board has no protected memory (RP2040), the secret is its unique id: that keeps
keys out of a casual flash dump and from being moved to another board; it does not stop someone
with a debugger on this one. The link and the SAM driver are where stronger boards plug in.
"""

import os
import struct

import occrypto

from .files import read_file, replace_file

_FORMAT = ">6s16s16s16sBB"
_PLAIN_SIZE = struct.calcsize(_FORMAT)
_IV_SIZE = 12
_DIVERSIFIED = 1
_CLEARS_JOURNAL = 2  # in the file only: the journal is still that of an earlier number


class Keys:
    """terminal_id: 6 bytes. The rest: 16-byte keys and how the purchase key is used.

    clears_journal: the journal is to be cleared before use (power may have failed in it).
    """

    def __init__(self, plain):
        values = struct.unpack(_FORMAT, plain)
        self.terminal_id, self.link, self.journal, self.purchase, self.key_index, flags = values
        self.is_diversified = bool(flags & _DIVERSIFIED)
        self.clears_journal = bool(flags & _CLEARS_JOURNAL)
        self.fields = values

    def are(self, values):
        """True if these are the field values of a PROVISION message, in its order."""
        return occrypto.equal(struct.pack(_FORMAT, *self.fields), struct.pack(_FORMAT, *values))


def _sealing_keys(secret):
    both = occrypto.hmac_sm3(secret, b"OCT1 storage")
    return both[:16], both[16:]


def load(path, secret):
    """Keys kept in `path`, or None if there are none that fit this board."""
    raw = read_file(path)
    if raw is None or len(raw) != _IV_SIZE + _PLAIN_SIZE + 16:
        return None
    encryption_key, mac_key = _sealing_keys(secret)
    if not occrypto.equal(raw[-16:], occrypto.sm4_cmac(mac_key, raw[:-16])):
        return None
    start = raw[:_IV_SIZE] + bytes(4)
    return Keys(occrypto.sm4_ctr(encryption_key, start, raw[_IV_SIZE:-16]))


def save(path, secret, values, clears_journal=False):
    """Seal and keep the field values of a PROVISION message, in its order."""
    flags = values[5] & _DIVERSIFIED | (_CLEARS_JOURNAL if clears_journal else 0)
    values = values[:5] + (flags,)
    encryption_key, mac_key = _sealing_keys(secret)
    iv = os.urandom(_IV_SIZE)
    raw = iv + occrypto.sm4_ctr(encryption_key, iv + bytes(4), struct.pack(_FORMAT, *values))
    replace_file(path, raw + occrypto.sm4_cmac(mac_key, raw))

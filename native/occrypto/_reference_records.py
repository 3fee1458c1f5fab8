"""Records (ocwire/SPEC.md section 1) and TACs in bulk by the pure Python twin, for hosts.

Written out again here from the specification: the store's fast path must not prove itself.
"""

from occrypto import _reference_util as _util
from occrypto._reference_crc import crc32
from occrypto._reference_modes import sm4_cmac
from occrypto._reference_pboc import diversify_des, pboc_tac

_MIN_SIZE = 12
_MAX_SIZE = 200


def _intact(data, offset):
    """Size of the record at offset, 0 if none stands there intact."""
    size = data[offset] if offset < len(data) else 0
    if not _MIN_SIZE <= size <= _MAX_SIZE or offset + size > len(data):
        return 0
    end = offset + size
    is_right = crc32(data[offset : end - 4]) == int.from_bytes(data[end - 4 : end], "big")
    return size if is_right else 0


def records_check(data):
    data = _util.as_bytes(data)
    count = offset = 0
    while True:
        size = _intact(data, offset)
        if not size:
            return count, offset
        count += 1
        offset += size


def records_verify(key, first_seq, mac_before, data):
    key = _util.sized(key, 16, "key")
    seq = _util.integer(first_seq, 0, 0xFFFFFFFF, "first_seq")
    before = _util.sized(mac_before, 4, "mac_before")
    data = _util.as_bytes(data)
    count = offset = 0
    while True:
        size = _intact(data, offset)
        content = data[offset : offset + size - 8] if size else b""
        if not size or int.from_bytes(content[2:4], "big") != seq & 0xFFFF:
            return count, offset
        mac = data[offset + size - 8 : offset + size - 4]
        if not _util.equal(mac, sm4_cmac(key, seq.to_bytes(4, "big") + before + content)[:4]):
            return count, offset
        before = mac
        seq = (seq + 1) & 0xFFFFFFFF
        count += 1
        offset += size


def pboc_tacs(dtk, items, text_size, is_master=True):
    dtk = _util.sized(dtk, 16, "dtk")
    size = 8 + _util.integer(text_size, 0, 0xFFFF, "text_size")
    items = _util.whole(items, size)
    out = b""
    for at in range(0, len(items), size):
        key = diversify_des(dtk, items[at : at + 8]) if is_master else dtk
        out += pboc_tac(key, items[at + 8 : at + size])
    return out

"""Records as they lie in flash: short forms of the two that every purchase takes.

Layout: SPEC.md section 2. Three forms, told apart by the first byte:

    00..3f  plain:   kind | size | seq low 8 | body | mac 4 | crc 4
    40..7f  intent:  flags | seq low 8 | sizes | what differs from the sector's context | crc 4
    80..bf  debited: 80 + seconds since the intent | seq low 8 | tac 4 | mac 4 | crc 4

An intent is stored without its MAC: the terminal makes it anew, and the MAC of the record behind
it was made over the true one, so that an intent altered in flash still breaks the chain.
"""

import struct

import occrypto

from . import record

CRC_SIZE = 4
MIN_SIZE = 11  # a plain record without a body
MAX_SIZE = record.MAX_SIZE
DEBITED_SIZE = 14

_INTENT_FORM = 0x40
_DEBITED_FORM = 0x80
_PLAIN_HEAD_SIZE = 3
_INTENT_HEAD_SIZE = 3
_INTENT_FIXED_SIZE = 2 + 4 + CRC_SIZE  # card counter, random, crc
# Bits of an intent's first byte.
_AMOUNT_SHIFT = 4  # 0 the context's, 1 one byte of tenths of a yuan, 2 two bytes, 3 four bytes
_PROFILE = 0x08
_PAYLOAD = 0x04
_SERIAL_NEAR = 0x01  # terminal serial: 0 sequence number + gap, 1 one byte, 2 four bytes
_SERIAL_WHOLE = 0x02
_NEAR = 16  # how far below the expected a terminal serial may begin in a sector

# Bytes that follow for each code.
_AMOUNT_SIZES = (0, 1, 2, 4)
_SERIAL_SIZES = (0, 1, 4, 0)
_TIME_SIZES = (2, 3, 4, 4)

_BODY = ">B10sIIIHI4s4s"
_BODY_SIZE = struct.calcsize(_BODY)
PROFILE_SIZE = 5
PREFIX_SIZE = 8


class Context:
    """What the intents of one sector are told from; in its marks, twice.

    profile: application, key version, algorithm, key index, TTI. prefix: first 8 bytes of an
    application serial. amount: fen. time_s: UTC. gap: terminal serial - sequence number, 32 bits.
    first_seq: of the sector.
    """

    def __init__(self, profile, prefix, amount, time_s, gap, first_seq):
        self.profile = profile
        self.prefix = prefix
        self.amount = amount
        self.time_s = time_s
        self.gap = gap
        self.first_seq = first_seq


def context(intent_seq, body, time_s, first_seq):
    """The Context after an intent (its sequence number and body; b"": there was none)."""
    if not body:
        return Context(bytes(PROFILE_SIZE), bytes(PREFIX_SIZE), 0, time_s, 0, first_seq)
    values = struct.unpack_from(_BODY, body)
    amount = values[3] if values[3] < 1 << 24 else 0
    return Context(
        body[:1] + values[8],
        values[1][:PREFIX_SIZE],
        amount,
        time_s,
        values[6] - intent_seq & 0xFFFFFFFF,
        first_seq,
    )


def pack(base, seq, kind, body, mac):
    """The bytes in flash of record `seq` in a sector of Context `base`; mac: 4 bytes."""
    if kind == record.INTENT:
        raw = _pack_intent(base, seq, body)
    elif kind == record.DEBITED:
        raw = bytes((_DEBITED_FORM + body[0], seq & 0xFF)) + body[1:] + mac
    else:
        size = MIN_SIZE + len(body)
        raw = bytes((kind, size, seq & 0xFF)) + body + mac
    return raw + struct.pack(">I", occrypto.crc32(raw))


def _pack_intent(base, seq, body):
    app, serial, time_s, amount, balance, counter, terminal_serial, random, terms = (
        struct.unpack_from(_BODY, body)
    )
    payload = body[_BODY_SIZE:]
    flags = _INTENT_FORM
    out = bytearray(_INTENT_HEAD_SIZE)
    if body[0] != base.profile[0] or terms != base.profile[1:]:
        flags |= _PROFILE
        out.append(app)
        out.extend(terms)
    since = time_s - base.time_s
    time_code = 2
    if 0 <= since < 1 << 24:
        time_code = 0 if since < 1 << 16 else 1
        time_s = since
    out.extend(time_s.to_bytes(_TIME_SIZES[time_code], "big"))
    shared = 0
    while shared < PREFIX_SIZE and serial[shared] == base.prefix[shared]:
        shared += 1
    out.extend(serial[shared:])
    code = _amount_code(amount, base.amount)
    flags |= code << _AMOUNT_SHIFT
    if code:
        told = amount // 10 if code == 1 else amount
        out.extend(told.to_bytes(_AMOUNT_SIZES[code], "big"))
    size = 1
    while balance >> 8 * size:
        size += 1
    out.extend(balance.to_bytes(size, "big"))
    out.extend(counter.to_bytes(2, "big"))
    code = _serial_code(base, seq, terminal_serial)
    flags |= code
    if code == _SERIAL_NEAR:
        out.append(terminal_serial - _nearest(base) & 0xFF)
    elif code:
        out.extend(terminal_serial.to_bytes(4, "big"))
    out.extend(random)
    if payload:
        flags |= _PAYLOAD
        out.append(len(payload))
        out.extend(payload)
    out[0], out[1], out[2] = flags, seq & 0xFF, shared << 4 | time_code << 2 | size - 1
    return out


def _amount_code(amount, usual):
    if amount == usual:
        return 0
    if amount % 10 == 0 and amount < 2560:
        return 1
    return 2 if amount < 1 << 16 else 3


def _nearest(base):
    return base.gap + base.first_seq - _NEAR & 0xFFFFFFFF


def _serial_code(base, seq, terminal_serial):
    if terminal_serial == seq + base.gap & 0xFFFFFFFF:
        return 0
    is_near = (terminal_serial - _nearest(base) & 0xFFFFFFFF) < 256
    return _SERIAL_NEAR if is_near else _SERIAL_WHOLE


def size_at(buf, at, end):
    """Size of the intact record at `at`, or 0 if none stands there that ends before `end`."""
    if at + MIN_SIZE > end:
        return 0
    first = buf[at]
    if first < _INTENT_FORM:
        size = buf[at + 1]
        if not MIN_SIZE <= size <= MAX_SIZE:
            return 0
    elif first < _DEBITED_FORM:
        size = _intent_size(buf, at, end)
    elif first < 0xC0:
        size = DEBITED_SIZE
    else:
        return 0
    if not size or at + size > end:
        return 0
    view = memoryview(buf)[at : at + size]
    if struct.unpack_from(">I", view, size - CRC_SIZE)[0] != occrypto.crc32(view[:-CRC_SIZE]):
        return 0
    return size


def _intent_size(buf, at, end):
    flags, sizes = buf[at], buf[at + 2]
    shared = sizes >> 4
    if shared > PREFIX_SIZE:
        return 0
    size = _INTENT_HEAD_SIZE + _INTENT_FIXED_SIZE + 10 - shared
    size += PROFILE_SIZE if flags & _PROFILE else 0
    size += _TIME_SIZES[sizes >> 2 & 3] + (sizes & 3) + 1
    size += _AMOUNT_SIZES[flags >> _AMOUNT_SHIFT & 3] + _SERIAL_SIZES[flags & 3]
    if flags & _PAYLOAD:
        place = at + size - CRC_SIZE
        if place >= end:
            return 0
        size += 1 + buf[place]
    return size


def unpack(base, buf, at, size, expected):
    """(seq, kind, body, mac) of the intact record of `size` bytes at `at`; mac: None of an intent.

    seq: the first number at or after `expected` with the low 8 bits that are stored, which holds
    while fewer than 256 records in a row are damaged.
    """
    first = buf[at]
    end = at + size - CRC_SIZE
    if first < _INTENT_FORM:
        body = bytes(buf[at + _PLAIN_HEAD_SIZE : end - record.MAC_SIZE])
        seq = expected + (buf[at + 2] - expected & 0xFF)
        return seq, first, body, bytes(buf[end - record.MAC_SIZE : end])
    seq = expected + (buf[at + 1] - expected & 0xFF)
    if first < _DEBITED_FORM:
        return seq, record.INTENT, _unpack_intent(base, buf, at, seq), None
    body = bytes((first - _DEBITED_FORM,)) + bytes(buf[at + 2 : at + 6])
    return seq, record.DEBITED, body, bytes(buf[end - record.MAC_SIZE : end])


def _unpack_intent(base, buf, at, seq):
    flags, sizes = buf[at], buf[at + 2]
    at += _INTENT_HEAD_SIZE
    profile = base.profile
    if flags & _PROFILE:
        profile = bytes(buf[at : at + PROFILE_SIZE])
        at += PROFILE_SIZE
    code = sizes >> 2 & 3
    size = _TIME_SIZES[code]
    time_s = _get(buf, at, size) + (base.time_s if code < 2 else 0)
    at += size
    shared = sizes >> 4
    serial = base.prefix[:shared] + bytes(buf[at : at + 10 - shared])
    at += 10 - shared
    code = flags >> _AMOUNT_SHIFT & 3
    size = _AMOUNT_SIZES[code]
    amount = _get(buf, at, size) * (10 if code == 1 else 1) if code else base.amount
    at += size
    size = (sizes & 3) + 1
    balance = _get(buf, at, size)
    at += size
    counter = _get(buf, at, 2)
    at += 2
    code = flags & 3
    if code == _SERIAL_NEAR:
        terminal_serial = _nearest(base) + buf[at] & 0xFFFFFFFF
    elif code:
        terminal_serial = _get(buf, at, 4)
    else:
        terminal_serial = seq + base.gap & 0xFFFFFFFF
    at += _SERIAL_SIZES[code]
    random = bytes(buf[at : at + 4])
    at += 4
    payload = bytes(buf[at + 1 : at + 1 + buf[at]]) if flags & _PAYLOAD else b""
    return (
        struct.pack(
            _BODY, profile[0], serial, time_s & 0xFFFFFFFF, amount, balance, counter,
            terminal_serial, random, profile[1:],
        )
        + payload
    )  # fmt: skip


def _get(buf, at, size):
    return int.from_bytes(buf[at : at + size], "big")

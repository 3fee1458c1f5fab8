"""Journal records: what a terminal keeps of what it did. Layout: SPEC.md section 1.

A record is the same bytes in flash, on the link and in the store:

    size 1 | kind 1 | seq 2 (low 16 bits) | body | mac 4 | crc 4

mac: first 4 bytes of SM4-CMAC(journal key, seq 4 | mac of the record before 4 | size..body), so
the records of a terminal form a chain; crc: CRC-32 over all bytes before it. Integers are
big-endian.
"""

import struct

import occrypto

from .errors import RecordError

HEAD_SIZE = 4
TAIL_SIZE = 8
MAC_SIZE = 4
MIN_SIZE = HEAD_SIZE + TAIL_SIZE
MAX_SIZE = 200
FIRST_MAC = bytes(MAC_SIZE)
UNKNOWN_MAC = bytes(MAC_SIZE)  # of an intent behind a gap, whose MAC cannot be made anew
NO_MAC2 = bytes(4)  # where it was found right: the TAC is the evidence then

BOOT = 0x01
ACKNOWLEDGED = 0x02
CLOCK_SET = 0x03
CONFIGURED = 0x04
UPDATED = 0x05
REFUSED = 0x10
IDENTITY = 0x11
CODE = 0x12
INTENT = 0x20
RESULT = 0x21
CARRIED = 0x22
DEBITED = 0x23
SHIFT = 0x30
ENTRY = 0x31
LOAN = 0x32
STAY = 0x33
TRIP = 0x34
MEDICAL = 0x35
ADMIN = 0x36
LIST = 0x37

# Transaction types (TTI, JR/T 0025.1) as INTENT carries them.
LOADS = (0x01, 0x02)  # ED, EP: the only ones that put money on a card

# Outcomes of a transaction, as RESULT carries them.
DONE = 1  # the card answered; a debit's MAC2 right
PROVED = 2  # the answer was lost; GET TRANSACTION PROVE showed it; a debit's MAC2 right
NOT_DONE = 3  # the card's own counter shows that nothing was done
IN_DOUBT = 4  # cannot be resolved from the card: settle it from the evidence
WRONG_MAC2 = 5  # the card answered, but its MAC2 is wrong: debit claimed, not trusted
UNCHECKED = 6  # the card and its counter say it was done; the SAM could check no MAC2 any more
OUTCOMES = {
    DONE: "done",
    PROVED: "proved",
    NOT_DONE: "not done",
    IN_DOUBT: "in doubt",
    WRONG_MAC2: "wrong MAC2",
    UNCHECKED: "done, MAC2 not checked",
}
COUNTED = (DONE, PROVED, UNCHECKED)  # these move money for settlement; the rest is settled by hand

# Bits of a boot's cause, above the reset cause.
CLOCK_NOT_SET = 0x80  # nobody knew the time
CLOCK_LATE = 0x40  # it stood behind the last record and goes on from that one's time

# Reasons of a refusal worth a record.
HOTLISTED = 1
REASONS = {HOTLISTED: "hotlisted"}

# Events of an update.
ACTIVATED, CONFIRMED, ROLLED_BACK = 1, 2, 3
EVENTS = {ACTIVATED: "activated", CONFIRMED: "confirmed", ROLLED_BACK: "rolled back"}

# What a card was identified for, or a code taken for.
ADMISSION = 1
CHECK_IN = 2
RIDE = 3
PURPOSES = {ADMISSION: "admission", CHECK_IN: "check-in", RIDE: "ride"}

# Events of a shift, a trip.
BEGUN, ENDED = 1, 2
SHIFTS = {BEGUN: "begun", ENDED: "ended"}

# How somebody was let in (ENTRY): by a card that proved itself, a card that was only read, a QR
# code, or with nothing: counted by hand. A meal given out without money is one too.
BY_CARD, BY_READING, BY_CODE, BY_HAND, MEAL = 1, 2, 3, 4, 5
WAYS = {
    BY_CARD: "card",
    BY_READING: "card, read only",
    BY_CODE: "code",
    BY_HAND: "by hand",
    MEAL: "meal",
}

# What is done with an item of the library (LOAN).
LEND, RETURN, RENEW = 1, 2, 3
LOANS = {LEND: "lend", RETURN: "return", RENEW: "renew"}

# What a hotel's guest does (STAY).
ARRIVES, JOINS, LEAVES, DEPOSITS, REFUNDED = 1, 2, 3, 4, 5
STAYS = {
    ARRIVES: "arrives",
    JOINS: "joins",
    LEAVES: "leaves",
    DEPOSITS: "deposits",
    REFUNDED: "deposit back",
}

# How a medical payment stands (MEDICAL).
ASKED, COMMITTED, REVERSED = 1, 2, 3
MEDICALS = {ASKED: "asked", COMMITTED: "committed", REVERSED: "reversed"}

# What an operator did (ADMIN).
ENTERED, LOCKED_OUT, SERVICE_MODE, UNDONE = 1, 2, 3, 4
ADMINS = {
    ENTERED: "menu opened",
    LOCKED_OUT: "wrong PIN",
    SERVICE_MODE: "service mode",
    UNDONE: "purchase undone",
}

# kind: (name, struct format, field names). Amounts and balances in fen, times in UTC seconds.
_INTENT = (
    "application serial time_s amount balance card_counter terminal_serial random key_version"
    " algorithm key_index tti"
)
_BODIES = {
    BOOT: ("boot", ">IHB8s", "time_s boots cause firmware"),
    ACKNOWLEDGED: ("acknowledged", ">II", "time_s upto_seq"),
    CLOCK_SET: ("clock set", ">II", "time_s before_s"),
    CONFIGURED: ("configured", ">IIB", "time_s digest subject"),
    UPDATED: ("updated", ">IB3s", "time_s event version"),
    REFUSED: ("refused", ">IB10sI", "time_s reason serial amount"),
    IDENTITY: ("identity", ">IB12s", "time_s purpose nonce"),
    CODE: ("code", ">IB10sII8s", "time_s purpose serial generated_s amount digest"),
    INTENT: ("intent", ">B10sIIIHI4sBBBB", _INTENT),
    RESULT: ("result", ">IIBI4s4s", "intent_seq time_s outcome balance tac mac2"),
    CARRIED: ("carried", ">IB10sIIIHI4sBBBB", "intent_seq " + _INTENT),
    DEBITED: ("debited", ">B4s", "after_s tac"),
    SHIFT: ("shift", ">IBBII", "time_s event operator count amount"),
    ENTRY: ("entry", ">IB10sH", "time_s way serial count"),
    LOAN: ("loan", ">IBB10s", "time_s event is_online serial"),
    STAY: ("stay", ">IB10s", "time_s event serial"),
    TRIP: ("trip", ">IBHBB", "time_s event line direction stop"),
    MEDICAL: ("medical", ">IB10sI", "time_s event serial amount"),
    ADMIN: ("admin", ">IBB", "time_s event operator"),
    LIST: ("list", ">IIHI", "time_s version entries digest"),
}

# Kinds whose fields are followed by bytes of any size, and what these are called.
_TAILS = {
    IDENTITY: "sealed",
    INTENT: "payload",
    CARRIED: "payload",
    LOAN: "item",
    STAY: "room",
    TRIP: "driver",
    MEDICAL: "reference",
    ADMIN: "detail",
    LIST: "list_name",
}

_TIME_OFFSET = {INTENT: 11, RESULT: 4, CARRIED: 15}
_TIMELESS = (DEBITED,)
_LONGEST_AFTER_S = 63


def opens(kind):
    """True for a record whose outcome is still to come: it stays open until one closes it."""
    return kind in (INTENT, CARRIED)


def closes(kind):
    """True for a record that ends an open one: see closed_seq."""
    return kind in (RESULT, DEBITED)


def closed_seq(seq, kind, body):
    """Sequence number of the intent that record `seq` ends."""
    return seq - 1 if kind == DEBITED else struct.unpack_from(">I", body)[0]


def shortest(seq, kind, body, intent):
    """(kind, body) of a record to be written as `seq`: DEBITED for the result that nearly every
    purchase has, else as given. intent: body of the open intent before it, or None.
    """
    if kind != RESULT or intent is None:
        return kind, body
    intent_seq, time_s, outcome, _, tac, _ = struct.unpack(_BODIES[RESULT][1], body)
    after_s = time_s - struct.unpack_from(">I", intent, _TIME_OFFSET[INTENT])[0]
    if outcome != DONE or intent_seq != seq - 1 or not 0 <= after_s <= _LONGEST_AFTER_S:
        return kind, body
    short = pack(DEBITED, after_s, tac)
    return (DEBITED, short) if as_result(seq, DEBITED, short, intent) == body else (kind, body)


def as_result(seq, kind, body, intent):
    """The RESULT body that ends the intent whose body is `intent`, told by record `seq`."""
    if kind == RESULT:
        return body
    after_s, tac = struct.unpack(_BODIES[DEBITED][1], body)
    values = struct.unpack_from(_BODIES[INTENT][1], intent)
    time_s, amount, balance = values[2:5]
    balance = balance - amount & 0xFFFFFFFF
    return pack(RESULT, seq - 1, time_s + after_s, DONE, balance, tac, NO_MAC2)


def name(kind):
    """The kind's name, for people."""
    return _BODIES[kind][0] if kind in _BODIES else "kind %02x" % kind


def field_names(kind):
    """Names of a kind's fields in order, with that of its tail."""
    tail = (_TAILS[kind],) if kind in _TAILS else ()
    return tuple(_BODIES[kind][2].split()) + tail


def pack(kind, *values, tail=b""):
    """A record body from its field values in table order, and its tail where the kind has one."""
    return struct.pack(_BODIES[kind][1], *values) + tail


def time_s(kind, body):
    """UTC seconds of a record, 0 for one that has none or is not known here."""
    if kind in _TIMELESS or not _fits(kind, body):
        return 0
    return struct.unpack_from(">I", body, _TIME_OFFSET.get(kind, 0))[0]


def _fits(kind, body):
    if kind not in _BODIES:
        return False
    rest = len(body) - struct.calcsize(_BODIES[kind][1])
    return rest == 0 or (rest > 0 and kind in _TAILS)


def fields(kind, body):
    """A body's fields as a dict: int, or bytes for card data and for a tail.

    Raises RecordError for an unknown kind or a body of the wrong size.
    """
    if kind not in _BODIES:
        raise RecordError("record kind %02x is unknown: written by newer firmware?" % kind)
    if not _fits(kind, body):
        raise RecordError("%s record body has %d bytes" % (name(kind), len(body)))
    _, form, names = _BODIES[kind]
    out = dict(zip(names.split(" "), struct.unpack_from(form, body)))
    if kind in _TAILS:
        out[_TAILS[kind]] = bytes(body[struct.calcsize(form) :])
    return out


def mac(key, seq, before, text):
    """The 4-byte chain MAC of content `text` as record `seq` after MAC `before`."""
    return occrypto.sm4_cmac(key, struct.pack(">I", seq) + before + text)[:MAC_SIZE]


def content(seq, kind, body):
    """What the MAC covers: size..body. Raises RecordError if the body is too long."""
    size = MIN_SIZE + len(body)
    if size > MAX_SIZE:
        raise RecordError("record of %d bytes, limit %d" % (size, MAX_SIZE))
    return struct.pack(">BBH", size, kind, seq & 0xFFFF) + body


def whole(text, its_mac):
    """The whole record from its content and MAC."""
    text += its_mac
    return text + struct.pack(">I", occrypto.crc32(text))


def seal(key, seq, before, kind, body):
    """The whole record, MIN_SIZE..MAX_SIZE bytes. Raises RecordError if the body is too long."""
    text = content(seq, kind, body)
    return whole(text, mac(key, seq, before, text))


def size_at(buf, offset, end):
    """Size of the intact record at `offset`, or 0 if there is none that ends before `end`."""
    if offset + MIN_SIZE > end:
        return 0
    size = buf[offset]
    if not MIN_SIZE <= size <= MAX_SIZE or offset + size > end:
        return 0
    view = memoryview(buf)[offset : offset + size]
    if struct.unpack_from(">I", view, size - 4)[0] != occrypto.crc32(view[: size - 4]):
        return 0
    return size


def seq_at(buf, offset, expected):
    """Full 32-bit sequence number of the record at `offset`.

    Only its low 16 bits are stored; it is the first such number at or after `expected`, which
    holds as long as fewer than 65,536 records in a row are damaged.
    """
    low = buf[offset + 2] << 8 | buf[offset + 3]
    return expected + (low - expected & 0xFFFF)


class Record:
    """One record. seq: 32-bit; raw: the whole bytes; kind, body and mac: parts of them."""

    def __init__(self, seq, raw):
        self.seq = seq
        self.raw = raw
        self.kind = raw[1]
        self.body = raw[HEAD_SIZE:-TAIL_SIZE]
        self.mac = raw[-TAIL_SIZE:-4]

    @property
    def time_s(self):
        """UTC seconds; 0 for a record that has none or is not known here."""
        return time_s(self.kind, self.body)

    def fields(self):
        """The body's fields as a dict; raises RecordError. Names: the table in this module.

        A DEBITED also tells intent_seq and outcome, as a RESULT does.
        """
        out = fields(self.kind, self.body)
        if self.kind == DEBITED:
            out["intent_seq"], out["outcome"] = self.seq - 1, DONE
        return out

    def is_authentic(self, key, before):
        """True if the MAC fits this record after one whose MAC was `before` (4 bytes)."""
        return occrypto.equal(self.mac, mac(key, self.seq, before, self.raw[:-TAIL_SIZE]))


def split(buf, first_seq):
    """The records in `buf` (records back to back, as on the link), the first being `first_seq`.

    Raises RecordError at the first byte that starts no intact record: a link batch has none.
    """
    out = []
    offset, seq, end = 0, first_seq, len(buf)
    while offset < end:
        size = size_at(buf, offset, end)
        if not size:
            raise RecordError("damaged record after %d in a batch" % (seq - 1))
        seq = seq_at(buf, offset, seq)
        out.append(Record(seq, bytes(buf[offset : offset + size])))
        offset += size
        seq += 1
    return out

"""Link messages: what host and terminal say to each other. Table: SPEC.md section 4.

A message is its type (1 byte), fixed fields, and for some types a tail of any length. Answers have
the request's type + 0x80. Everything but HELLO, AUTHENTICATE and, on a terminal that has no keys
yet, PROVISION, SERVICE and UPDATE_STATUS travels inside SEALED (session.py).
"""

import struct

from .errors import MessageError

PROTOCOL_VERSION = 1

HELLO = 0x01  # host's nonce -> who the terminal is, its nonce
AUTHENTICATE = 0x02  # proof of the link key, both ways
SEALED = 0x03  # counter | encrypted message | mac
STATUS = 0x10
PULL = 0x11  # from seq, window in bytes -> RECORDS…, then the PULL answer
RECORDS = 0x12  # first seq | records back to back (terminal to host only)
ACKNOWLEDGE = 0x13  # upto seq, MAC of that record -> acknowledged so far
SET_TIME = 0x14
CONFIGURE = 0x15  # configuration as JSON
READ_CONFIG = 0x16
HOTLIST = 0x17  # base version, new version | add count | serials to add, then to remove
PROVISION = 0x18  # terminal id, keys | configuration as JSON
SERVICE = 0x19  # hand the port to the MicroPython REPL (mpremote)
UPDATE_STATUS = 0x1A
UPDATE_BEGIN = 0x1B  # a bundle's header -> offset in its image to go on from
UPDATE_DATA = 0x1C  # offset | bytes of the image -> offset wanted next
UPDATE_ACTIVATE = 0x1D  # put it on trial, restart
UPDATE_CONFIRM = 0x1E  # what is on trial stays
QUESTION = 0x20  # ms to wait -> number (0: none), ms left | what is asked, as JSON
REPLY = 0x21  # number of a question | the answer, as JSON -> 1 if it came in time
LIST = 0x22  # which list, offset | bytes of it -> offset wanted next
CONFIG_PART = 0x23  # offset | a part of a configuration as JSON -> offset wanted next
ANSWER = 0x80
ERROR = 0xFF

# Error codes of the ERROR answer.
E_UNKNOWN = 1
E_REFUSED = 2
E_BAD_DATA = 3
E_FAILED = 4

PART_SIZE = 2000  # bytes of a configuration in one message, with room for PROVISION's fields
CONFIG_SIZE = 16384  # bytes of the longest configuration

# States of a terminal (HELLO and STATUS answers).
UNPROVISIONED = 0
IN_SERVICE = 1
FULL = 2
OUT_OF_ORDER = 3
STATES = {
    UNPROVISIONED: "not provisioned",
    IN_SERVICE: "in service",
    FULL: "journal full",
    OUT_OF_ORDER: "out of order",
}

# States of an update (UPDATE_STATUS answer).
SETTLED = 0
ACTIVATED = 1  # the restart is to come
TRIAL = 2  # it runs, and is rolled back unless it is confirmed

_FORMATS = {
    HELLO: ">B16s",  # protocol version, host nonce
    HELLO | ANSWER: ">BB6s16s",  # protocol version, state, terminal id, nonce | "board firmware"
    AUTHENTICATE: ">16s",  # host's proof
    AUTHENTICATE | ANSWER: ">16s",  # terminal's proof
    SEALED: ">I",  # counter | ciphertext, mac
    STATUS: ">",
    # state, time s, oldest, next, acked, open, free bytes, boots, hotlist version, failed
    # programs, free RAM
    STATUS | ANSWER: ">BIIIIHIHIII",
    PULL: ">II",
    PULL | ANSWER: ">I",  # next seq to ask for
    RECORDS: ">I",
    ACKNOWLEDGE: ">I4s",
    ACKNOWLEDGE | ANSWER: ">I",
    SET_TIME: ">I",
    SET_TIME | ANSWER: ">",
    CONFIGURE: ">",
    CONFIGURE | ANSWER: ">",
    READ_CONFIG: ">",
    READ_CONFIG | ANSWER: ">",
    HOTLIST: ">IIH",
    HOTLIST | ANSWER: ">I",
    # terminal id, link key, journal key, DPK master, key index, flags (bit 0 diversified)
    PROVISION: ">6s16s16s16sBB",
    PROVISION | ANSWER: ">",
    SERVICE: ">",
    SERVICE | ANSWER: ">",
    UPDATE_STATUS: ">",
    # running version, slot (0 frozen), state, tries left, base, offset wanted next, image | fault
    UPDATE_STATUS | ANSWER: ">3sBBB8sI8s",
    UPDATE_BEGIN: ">",
    UPDATE_BEGIN | ANSWER: ">I",
    UPDATE_DATA: ">I",
    UPDATE_DATA | ANSWER: ">I",
    UPDATE_ACTIVATE: ">",
    UPDATE_ACTIVATE | ANSWER: ">",
    UPDATE_CONFIRM: ">",
    UPDATE_CONFIRM | ANSWER: ">",
    QUESTION: ">H",
    QUESTION | ANSWER: ">II",
    REPLY: ">I",
    REPLY | ANSWER: ">B",
    LIST: ">BI",
    LIST | ANSWER: ">I",
    CONFIG_PART: ">I",
    CONFIG_PART | ANSWER: ">I",
    ERROR: ">BB",  # request type, code | text
}
_HAS_TAIL = (
    HELLO | ANSWER,
    SEALED,
    STATUS | ANSWER,  # what is out of order, as text
    RECORDS,
    CONFIGURE,
    CONFIG_PART,
    READ_CONFIG,  # offset 4, left away: 0
    READ_CONFIG | ANSWER,
    HOTLIST,
    PROVISION,
    UPDATE_STATUS | ANSWER,
    UPDATE_BEGIN,
    UPDATE_DATA,
    QUESTION | ANSWER,
    REPLY,
    LIST,
    ERROR,
)


def pack(kind, *values, tail=b""):
    """A message of type `kind` from its field values in table order, and its tail."""
    return bytes((kind,)) + struct.pack(_FORMATS[kind], *values) + tail


def unpack(payload):
    """(type, tuple of fields, tail) of a message. Raises MessageError for an unknown one."""
    if not payload:
        raise MessageError("empty message")
    kind = payload[0]
    form = _FORMATS.get(kind)
    if form is None:
        raise MessageError("message type %02x is unknown" % kind)
    size = struct.calcsize(form)
    tail = payload[1 + size :]
    if len(payload) < 1 + size or (tail and kind not in _HAS_TAIL):
        raise MessageError("message type %02x has %d bytes" % (kind, len(payload)))
    return kind, struct.unpack_from(form, payload, 1), bytes(tail)

"""Flash layout of the journal: sectors of 4 KiB, marks, then records. Layout: SPEC.md section 2.

    opened mark 48 | erased mark 16 | opened mark again 48 | records …

    erased mark: "OCJ" | version 2 | erases 4 | zero 4 | crc 4        after an erase has ended
    opened mark: version 1 | zero 1 | number 4 | first seq 4 | mac before 4 | acked 4 | boots 2
                 | the context of its intents 24 | crc 4

Sector number n (1, 2, …) stands at index (n - 1) modulo the sector count. Two copies, so that no
burst of up to 32 bits costs more than the record it hits.
"""

import struct

import occrypto

from . import packed, record

FORMAT_VERSION = 2
SECTOR_SIZE = 4096
PAGE_SIZE = 256
OPENED_MARK_SIZE = 48
ERASED_MARK_SIZE = 16
_MAGIC = b"OCJ"
_OPENED = ">BBIIIIH5s8s3sII"
_PLAIN = OPENED_MARK_SIZE - 4
_STEP = 64
_ERASED = b"\xff" * _STEP


class Layout:
    """Where things are in a sector. unit: bytes that are programmed once only, 1 for plain NOR
    flash; 8, 16 or 32 where each such word has an error-correcting code."""

    def __init__(self, unit=1):
        self.unit = unit
        self.erased_at = self.align(OPENED_MARK_SIZE)
        self.copy_at = self.align(self.erased_at + ERASED_MARK_SIZE)
        self.marks_size = self.align(self.copy_at + OPENED_MARK_SIZE)

    def align(self, offset):
        """The first place at or after `offset` where something may be programmed."""
        return (offset + self.unit - 1) // self.unit * self.unit

    def marks(self, raw):
        """The Marks in the first marks_size bytes of a sector."""
        return Marks(self, raw)


def erased_mark(erases):
    """16 bytes that say: this sector's erase has ended. erases: how often it was erased."""
    head = _MAGIC + struct.pack(">BII", FORMAT_VERSION, erases, 0)
    return head + struct.pack(">I", occrypto.crc32(head))


def opened_mark(number, mac_before, acked, boots, base):
    """48 bytes that make an erased sector number `number`.

    mac_before: MAC of the record before its first. acked: highest acknowledged seq. base: the
    packed.Context of its intents, with the first sequence number.
    """
    head = struct.pack(
        _OPENED, FORMAT_VERSION, 0, number, base.first_seq, struct.unpack(">I", mac_before)[0],
        acked, boots & 0xFFFF, base.profile, base.prefix, base.amount.to_bytes(3, "big"),
        base.time_s, base.gap,
    )  # fmt: skip
    return head + struct.pack(">I", occrypto.crc32(head))


class Marks:
    """A sector's marks. erases: None if the erased mark is not valid; number: 0 if not opened.

    is_clean: an ended erase and nothing programmed where the opened marks go. is_blank: all bytes
    FF, as on a new chip or after an erase that may not have ended. is_other: of another version.
    """

    def __init__(self, layout, raw):
        self.erases = None
        self.number = 0
        self.first_seq = self.acked = self.boots = 0
        self.mac_before = record.FIRST_MAC
        self.context = None
        self.is_clean = self.is_other = False
        self.is_blank = raw == b"\xff" * len(raw)
        if self.is_blank:
            return
        at = layout.erased_at
        found = _version_of(raw, at)
        if found == FORMAT_VERSION:
            self.erases = struct.unpack_from(">I", raw, at + 4)[0]
        self.is_other = found not in (None, FORMAT_VERSION) or _version_of(raw, 0) is not None
        if not self._open(raw, 0) and not self._open(raw, layout.copy_at):
            rest = raw[:at] + raw[at + ERASED_MARK_SIZE :]
            self.is_clean = self.erases is not None and rest == b"\xff" * len(rest)

    def _open(self, raw, at):
        """Take the opened mark at `at` if it is right."""
        crc = struct.unpack_from(">I", raw, at + _PLAIN)[0]
        if raw[at] != FORMAT_VERSION or crc != occrypto.crc32(raw[at : at + _PLAIN]):
            return False
        values = struct.unpack_from(_OPENED, raw, at)
        self.number, self.first_seq, self.acked, self.boots = (
            values[2],
            values[3],
            values[5],
            values[6],
        )
        self.mac_before = bytes(raw[at + 10 : at + 14])
        amount = int.from_bytes(values[9], "big")
        self.context = packed.Context(
            values[7], values[8], amount, values[10], values[11], self.first_seq
        )
        return True


def _version_of(raw, at):
    """Version in the erased mark at `at`, None if there is no such mark. Version 1 had it at 0."""
    crc = struct.unpack_from(">I", raw, at + 12)[0]
    if raw[at : at + 3] != _MAGIC or crc != occrypto.crc32(raw[at : at + 12]):
        return None
    return raw[at + 3]


def used_size(buf):
    """Offset behind the last byte of a sector that is not FF."""
    used, view = SECTOR_SIZE, memoryview(buf)
    while used and view[used - _STEP : used] == _ERASED:
        used -= _STEP
    while used and buf[used - 1] == 0xFF:
        used -= 1
    return used


def records(layout, marks, buf, start=None):
    """Each intact record of an opened sector: (seq, kind, body, mac or None, offset, end).

    buf: the whole sector. Damaged stretches are passed over. start: (offset, the number expected
    there) to begin at. mac: None of an intent, see chain.Chain.
    """
    used = used_size(buf)
    at, seq = start or (layout.marks_size, marks.first_seq)
    while at < used:
        size = packed.size_at(buf, at, SECTOR_SIZE)
        if not size:
            at += layout.unit
            continue
        seq, kind, body, mac = packed.unpack(marks.context, buf, at, size, seq)
        yield seq, kind, body, mac, at, at + size
        at = layout.align(at + size)
        seq += 1

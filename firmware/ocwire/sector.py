"""Flash layout of the journal: 4 KiB sectors of 256-byte pages. Layout: SPEC.md section 2.

Each sector starts with two marks in its first page, written at different times:

    erased mark 16: "OCJ" | version 1 | erases 4 | zero 4 | crc 4      after an erase has ended
    opened mark 24: number 4 | first seq 4 | mac before 4 | acked 4 | boots 2 | zero 2 | crc 4

Sector number n (1, 2, …) stands at index (n - 1) modulo the sector count. Records follow the marks
and never cross a page; a page cut short by damage or a torn program ends there.
"""

import struct

import occrypto

from . import record

SECTOR_SIZE = 4096
PAGE_SIZE = 256
ERASED_MARK_SIZE = 16
OPENED_MARK_SIZE = 24
MARKS_SIZE = ERASED_MARK_SIZE + OPENED_MARK_SIZE
_MAGIC = b"OCJ"


def erased_mark(erases):
    """16 bytes that say: this sector's erase has ended. erases: how often it was erased."""
    head = _MAGIC + struct.pack(">BII", record.FORMAT_VERSION, erases, 0)
    return head + struct.pack(">I", occrypto.crc32(head))


def opened_mark(number, first_seq, mac_before, acked, boots):
    """24 bytes that make an erased sector number `number`. acked: highest acknowledged seq."""
    head = struct.pack(">II4sIHH", number, first_seq, mac_before, acked, boots & 0xFFFF, 0)
    return head + struct.pack(">I", occrypto.crc32(head))


class Marks:
    """A sector's marks. erases: None if the erased mark is not valid; number: 0 if not opened.

    is_clean: an ended erase and nothing programmed where the opened mark goes. is_blank: all bytes
    FF, as on a new chip or after an erase that may not have ended.
    """

    def __init__(self, raw):
        self.erases = None
        self.number = 0
        self.first_seq = self.acked = self.boots = 0
        self.mac_before = record.FIRST_MAC
        self.is_clean = False
        self.is_blank = raw == b"\xff" * MARKS_SIZE
        crc = struct.unpack_from(">I", raw, 12)[0]
        if raw[:3] == _MAGIC and crc == occrypto.crc32(raw[:12]):
            if raw[3] != record.FORMAT_VERSION:
                return
            self.erases = struct.unpack_from(">I", raw, 4)[0]
        opened = raw[ERASED_MARK_SIZE:MARKS_SIZE]
        if struct.unpack_from(">I", opened, 20)[0] == occrypto.crc32(opened[:20]):
            values = struct.unpack_from(">II4sIH", opened)
            self.number, self.first_seq, self.mac_before, self.acked, self.boots = values
        else:
            self.is_clean = self.erases is not None and opened == b"\xff" * OPENED_MARK_SIZE


def page_start(page):
    """Offset of the first record in page number `page` (0..15) of a sector."""
    return MARKS_SIZE if page == 0 else 0


def page_records(page_bytes, start, first_seq):
    """Records of one page as (records, used): the Record list and the offset behind the last byte.

    first_seq: lowest sequence number the first record may have. Damaged stretches are passed
    over; `used` counts every byte that is not erased, so that a torn program is never reused.
    """
    out = []
    end = len(page_bytes)
    used = end
    while used > start and page_bytes[used - 1] == 0xFF:
        used -= 1
    offset, seq = start, first_seq
    while offset < used:
        size = record.size_at(page_bytes, offset, end)
        if not size:
            offset = record.next_intact(page_bytes, offset + 1, used)
            continue
        seq = record.seq_at(page_bytes, offset, seq)
        out.append(record.Record(seq, bytes(page_bytes[offset : offset + size])))
        seq += 1
        offset += size
        used = max(used, offset)
    return out, used

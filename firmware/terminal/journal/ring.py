"""A ring of journal records on NOR flash. Layouts: ocwire/sector.py, ocwire/SPEC.md section 2.

The flash is a MicroPython block device with the extended protocol: readblocks and writeblocks take
an offset, ioctl 4 gives the block count and ioctl 6 erases one block. Nothing else may use it.

How the promises are kept:
- a record is one program of one page; torn, it fails its CRC and its page is closed, so no byte is
  programmed twice (P5);
- a sector is opened only after an erased mark says that its erase ended (P5);
- a sector is erased only when every record in it is acknowledged (P3); the last free sector is
  kept for records that are not sales, so a full journal can still be acknowledged;
- open records (a debit whose outcome is unknown) are repeated at the start of each new sector, so
  mounting finds them in the last two sectors (P2).
"""

import struct

import occrypto
from ocwire import record, sector

from .scan import Batch, find_head, read_marks, scan_sector

_RESERVE_SECTORS = 1  # kept for acknowledgements and results when sales stop
_PROGRAM_TRIES = 4


class JournalError(Exception):
    """The flash does not take what is programmed: the terminal needs service."""


class JournalFull(Exception):
    """No room for another sale before the host has pulled and acknowledged."""


class WrongReceipt(Exception):
    """An acknowledgement that does not fit this journal; nothing was freed."""


class Journal:
    """flash: block device. key: 16 bytes, the terminal's journal key. now_s(): UTC seconds.

    page_size: bytes that one program must cover (256 on rp2.Flash), or 1.
    """

    def __init__(self, flash, key, now_s, page_size=sector.PAGE_SIZE):
        self._flash = flash
        self._key = key
        self._now_s = now_s
        self._whole_pages = page_size > 1
        self._page = bytearray(b"\xff" * sector.PAGE_SIZE)
        self._check = bytearray(sector.PAGE_SIZE)
        self.sector_count = flash.ioctl(4, 0)
        self.failed_programs = 0
        self.last_time_s = 0  # of the last record; every body has its time in it
        self.last_closed = None  # bodies of the newest closed record and of what closed it
        self.open = {}  # seq of the open record -> (body of its intent, seq of the intent)

    # -- mount -------------------------------------------------------------------

    def mount(self):
        """Find the ends of the ring; formats nothing that holds a record.

        O(log n) reads. Raises JournalError if the flash is too small or cannot be written.
        """
        if self.sector_count < 4:
            raise JournalError("journal flash has %d sectors, 4 needed" % self.sector_count)
        self.open, self.last_closed = {}, None
        head = find_head(self._flash, self.sector_count)
        if head is None:
            self._start_anew()
        else:
            self._resume(head)
        self._carry_open()

    def _start_anew(self):
        self.number = 0
        self.acked = 0
        self.boots = 0
        self.next_seq = 1
        self.last_mac = record.FIRST_MAC
        self._tail = 1
        self._tail_next_seq = 1
        self._ready = 0
        self._first_seq = 1
        self._open_sector()

    def _resume(self, head):
        self.number, self.acked, self.boots = head.number, head.acked, head.boots
        self._first_seq = self.next_seq = head.first_seq
        self.last_mac = head.mac_before
        if self.number > 1:
            before = self._marks(self.number - 1)
            if before.number == self.number - 1:
                scan_sector(self._flash, self.sector_count, before, self._note)
        self.next_seq = head.first_seq
        self.last_mac = head.mac_before
        page, used = scan_sector(self._flash, self.sector_count, head, self._note)
        self._page_number, self._used = page, used
        self._adopt_follower()
        if self.next_seq <= self.acked:  # the last records were acknowledged, then rotted away
            self.next_seq = self.acked + 1
        self._find_tail()

    def _adopt_follower(self):
        """Go on to the sector behind the head if only its marks have rotted: it is the head then.

        Known by its first record, whose MAC follows the last one; what a torn erase or opening
        leaves there has none.
        """
        marks = self._marks(self.number + 1)
        if marks.number or marks.is_clean or marks.is_blank:
            return
        marks.number, marks.first_seq = self.number + 1, self.next_seq
        found = []
        scan_sector(self._flash, self.sector_count, marks, found.append, lambda: bool(found))
        if not found or found[0].seq != self.next_seq:
            return
        if not found[0].is_authentic(self._key, self.last_mac):
            return
        self.number, self._first_seq = marks.number, self.next_seq
        self._page_number, self._used = scan_sector(
            self._flash, self.sector_count, marks, self._note
        )

    def _note(self, item):
        """Take one record, in order, into the journal's state."""
        self.next_seq = item.seq + 1
        self.last_mac = item.mac
        kind, body = item.kind, item.body
        self.last_time_s = record.time_s(kind, body) or self.last_time_s
        if kind == record.ACKNOWLEDGED:
            self.acked = max(self.acked, struct.unpack_from(">I", body, 4)[0])
        elif kind == record.BOOT:
            self.boots = struct.unpack_from(">H", body, 4)[0]
        elif kind == record.INTENT:
            self.open[item.seq] = (body, item.seq)
        elif kind == record.CARRIED:
            intent_seq = struct.unpack_from(">I", body)[0]
            self.open[intent_seq] = (body[4:], item.seq)
        elif record.closes(kind):
            intent = self.open.pop(struct.unpack_from(">I", body)[0], None)
            if intent is not None:
                self.last_closed = (intent[0], body)

    def _find_tail(self):
        """Oldest sector that still holds records: only the one behind the head may be erased."""
        self._ready = 0
        self._tail = max(1, self.number - self.sector_count + 1)
        if self.number >= self.sector_count:
            marks = read_marks(self._flash, self.number % self.sector_count)
            if marks.number != self._tail and (marks.is_clean or marks.is_blank):
                self._tail += 1  # erased ahead; with rotted marks its records are still there
        self._tail_next_seq = self._first_seq_of(self._tail + 1)

    def _first_seq_of(self, number):
        """First sequence number in sector `number`, or the next one to come."""
        if number > self.number:
            return self.next_seq
        if number == self.number:
            return self._first_seq
        marks = self._marks(number)
        return marks.first_seq if marks.number == number else self._first_seq_of(number + 1)

    def _marks(self, number):
        return read_marks(self._flash, (number - 1) % self.sector_count)

    # -- append --------------------------------------------------------------------

    def append(self, kind, body):
        """Make one record durable and return its sequence number.

        Raises JournalFull when only the reserve is left, which is for results of debits already
        made, and JournalError when the flash cannot be written.
        """
        if not record.closes(kind) and not self.has_room():
            raise JournalFull("journal full: pull and acknowledge its records")
        return self._append(kind, body)

    def has_room(self):
        """True if a sale and its result fit without touching the reserve."""
        return self._sectors_ahead() > _RESERVE_SECTORS

    def _append(self, kind, body):
        seq = self.next_seq
        raw = record.seal(self._key, seq, self.last_mac, kind, body)
        for _ in range(_PROGRAM_TRIES):
            if self._used + len(raw) > sector.PAGE_SIZE:
                self._next_page()
                if seq != self.next_seq:  # a new sector was opened and open records repeated
                    seq = self.next_seq
                    raw = record.seal(self._key, seq, self.last_mac, kind, body)
                    if self._used + len(raw) > sector.PAGE_SIZE:
                        continue
            index = (self.number - 1) % self.sector_count
            if self._program(index, self._page_number, self._used, raw):
                self._used += len(raw)
                self._note(record.Record(seq, raw))
                return seq
            self.failed_programs += 1
            self._used = sector.PAGE_SIZE  # close the page: never program over it
        raise JournalError("flash cannot be written at sector %d" % self.number)

    def _next_page(self):
        if self._page_number + 1 < sector.SECTOR_SIZE // sector.PAGE_SIZE:
            self._page_number += 1
            self._used = 0
        else:
            self._open_sector()
            self._carry_open()

    def _carry_open(self):
        """Repeat open records that stand in an earlier sector in the newest one."""
        for intent_seq in sorted(self.open):
            body, at_seq = self.open[intent_seq]
            if at_seq < self._first_seq:
                raw = struct.pack(">I", intent_seq) + body
                self._append(record.CARRIED, raw)

    def _program(self, index, page, offset, raw):
        """Program and read back; True if the sector at `index` holds `raw` there now."""
        start = page * sector.PAGE_SIZE
        size = len(raw)
        if self._whole_pages:
            self._page[offset : offset + size] = raw
            self._flash.writeblocks(index, self._page, start)
            self._page[offset : offset + size] = b"\xff" * size
        else:
            self._flash.writeblocks(index, raw, start + offset)
        check = memoryview(self._check)[:size]
        self._flash.readblocks(index, check, start + offset)
        return check == raw

    # -- sectors -------------------------------------------------------------------

    def _sectors_ahead(self):
        """Sectors that can be opened without losing an unacknowledged record."""
        free = self.sector_count - (self.number - self._tail + 1)
        return free + self._freeable()

    def _freeable(self):
        """Sectors from the tail on whose records are all acknowledged (counts up to 2)."""
        count, number, next_seq = 0, self._tail, self._tail_next_seq
        while count < 2 and number < self.number and next_seq - 1 <= self.acked:
            count += 1
            number += 1
            next_seq = self._first_seq_of(number + 1)
        return count

    def prepare(self):
        """Erase the next sector ahead of need, so that no tap waits for an erase (45 to 400 ms).

        Call when nothing else is to be done. Returns True if it erased one.
        """
        if self._ready == self.number + 1 or self._sectors_ahead() < 1:
            return False
        return self._make_ready(self.number + 1)

    def _make_ready(self, number):
        """Have sector `number` erased and marked so; True if an erase was needed."""
        if self._ready == number:
            return False
        if number - self.sector_count >= self._tail:
            if self._tail_next_seq - 1 > self.acked:
                raise JournalFull("journal full: pull and acknowledge its records")
            self._tail += 1
            self._tail_next_seq = self._first_seq_of(self._tail + 1)
        index = (number - 1) % self.sector_count
        marks = read_marks(self._flash, index)
        if marks.is_clean:
            self._ready = number
            return False
        mark = sector.erased_mark((marks.erases or 0) + 1)
        for _ in range(_PROGRAM_TRIES):
            self._flash.ioctl(6, index)
            if self._program(index, 0, 0, mark):
                self._ready = number
                return True
            self.failed_programs += 1
        raise JournalError("sector at %d cannot be erased" % index)

    def _open_sector(self):
        for _ in range(_PROGRAM_TRIES):
            self._make_ready(self.number + 1)
            mark = sector.opened_mark(
                self.number + 1, self.next_seq, self.last_mac, self.acked, self.boots
            )
            index = self.number % self.sector_count
            self._ready = 0
            if self._program(index, 0, sector.ERASED_MARK_SIZE, mark):
                break
            self.failed_programs += 1
        else:
            raise JournalError("sector %d cannot be written" % (self.number + 1))
        self.number += 1
        self._first_seq = self.next_seq
        self._page_number, self._used = 0, sector.MARKS_SIZE
        if self._tail + 1 == self.number:
            self._tail_next_seq = self.next_seq

    # -- read and acknowledge ----------------------------------------------------------

    @property
    def oldest_seq(self):
        """Sequence number of the oldest record still readable (next_seq if there is none)."""
        if self._tail == self.number or self._marks(self._tail).number == self._tail:
            return self._first_seq_of(self._tail)
        return self.read(self._floor_seq(self._tail), record.MAX_SIZE)[0]  # its marks have rotted

    @property
    def free_bytes(self):
        """Bytes for records left in the head sector and all sectors that may be opened."""
        ahead = self.sector_count - (self.number - self._tail + 1)
        rest = sector.SECTOR_SIZE - self._page_number * sector.PAGE_SIZE - self._used
        return rest + ahead * (sector.SECTOR_SIZE - sector.MARKS_SIZE)

    def read(self, from_seq, limit):
        """(first, raw): whole records from `from_seq` on, back to back, at most `limit` bytes.

        first: sequence number of the first one; larger than from_seq where records are gone or
        damaged, next_seq with raw empty at the end. Reads one sector at most.
        """
        number = self._sector_of(from_seq)
        while number <= self.number:
            first, raw = self._read_sector(number, from_seq, limit)
            if raw:
                return first, raw
            number += 1
        return self.next_seq, b""

    def _sector_of(self, seq):
        low, high = self._tail, self.number
        while low < high:
            middle = (low + high + 1) // 2
            if self._first_seq_of(middle) <= seq:
                low = middle
            else:
                high = middle - 1
        return low

    def _read_sector(self, number, from_seq, limit):
        marks = self._marks(number)
        if marks.number != number:  # its marks have rotted; its records may not have
            marks.number = number
            marks.first_seq = self._floor_seq(number)
        state = Batch(from_seq, limit)
        scan_sector(self._flash, self.sector_count, marks, state.take, lambda: state.is_full)
        return state.first, b"".join(state.parts)

    def _floor_seq(self, number):
        """A sequence number not above any in sector `number` whose marks cannot be read."""
        while number > self._tail:
            number -= 1
            marks = self._marks(number)
            if marks.number == number:
                return marks.first_seq
        return max(1, self._tail_next_seq - sector.SECTOR_SIZE // record.MIN_SIZE)

    def acknowledge(self, upto_seq, mac):
        """Let go of all records up to `upto_seq`, whose MAC the host must show (4 bytes).

        Returns the highest acknowledged sequence number. Writes nothing if only earlier
        acknowledgements would be acknowledged. Raises WrongReceipt if the record is not there or
        has another MAC.
        """
        if upto_seq <= self.acked:
            return self.acked
        first, raw = self.read(upto_seq, record.MAX_SIZE)
        if not raw or first != upto_seq:
            raise WrongReceipt("record %d is not in this journal" % upto_seq)
        if not occrypto.equal(record.Record(first, raw[: raw[0]]).mac, mac):
            raise WrongReceipt("record %d is another one here" % upto_seq)
        if self._holds_only_receipts(upto_seq):
            return self.acked
        self._append(
            record.ACKNOWLEDGED, record.pack(record.ACKNOWLEDGED, self._now_s(), upto_seq)
        )
        return self.acked

    def has_unread(self):
        """True if a record other than a receipt has not been acknowledged."""
        return not self._holds_only_receipts(self.next_seq - 1)

    def clear(self, key):
        """Erase everything and start anew under `key`: the terminal gets another number."""
        self._key = key
        for index in range(self.sector_count):
            if not read_marks(self._flash, index).is_blank:
                self._flash.ioctl(6, index)
        self.mount()

    def _holds_only_receipts(self, upto_seq):
        seq = self.acked + 1
        while seq <= upto_seq:
            first, raw = self.read(seq, record.MAX_SIZE)
            if not raw or first > upto_seq:
                break
            if raw[1] != record.ACKNOWLEDGED:
                return False
            seq = first + 1
        return True

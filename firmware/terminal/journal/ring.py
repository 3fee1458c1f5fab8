"""A ring of journal records on NOR flash. Layouts: ocwire/sector.py, ocwire/SPEC.md section 2.

The flash is a MicroPython block device with the extended protocol: readblocks and writeblocks take
an offset, ioctl 4 gives the block count and ioctl 6 erases one block. Nothing else may use it.

How the promises are kept:
- a record is programmed once, behind all others; torn, it fails its CRC and its page is left
  alone, so no byte is programmed twice (P5);
- a sector is opened only after an erased mark says that its erase ended (P5);
- a sector is erased only when every record in it is acknowledged (P3); the last free sector is
  kept for records that are not sales, so a full journal can still be acknowledged;
- open records (a debit whose outcome is unknown) are repeated at the start of each new sector, so
  mounting finds them in the last two sectors (P2);
- a sector that cannot be erased or opened is left out, its number with it.
"""

import struct

import occrypto
from ocwire import packed, record, sector
from ocwire.chain import Chain

from .errors import BadSector, JournalError, JournalFull, WrongReceipt
from .sectors import Sectors, read_batch
from .state import State

_RESERVE_SECTORS = 1  # kept for acknowledgements and results when sales stop
_PROGRAM_TRIES = 4
_SALE_SIZE = record.MAX_SIZE + packed.DEBITED_SIZE


class Journal(State):
    """flash: block device. key: 16 bytes, the terminal's journal key. now_s(): UTC seconds.

    page_size: bytes that one program must cover (256 on rp2.Flash), or 1. unit: bytes that may be
    programmed once only, see sector.Layout.

    failed_programs: programs and erases that did not do what they should.
    """

    def __init__(self, flash, key, now_s, page_size=sector.PAGE_SIZE, unit=1):
        super().__init__()
        self._key = key
        self._now_s = now_s
        self._sectors = Sectors(flash, page_size, unit)
        self._layout = self._sectors.layout
        self.sector_count = self._sectors.count
        self.failed_programs = 0
        self._bad = set()  # indexes of sectors that take nothing any more
        self._cursor = None  # where the last read ended: see read_batch

    # -- mount -------------------------------------------------------------------

    def mount(self):
        """Find the ends of the ring; formats nothing that holds a record.

        O(log n) reads. Raises JournalError if the flash is too small, cannot be written or is of
        another format version.
        """
        if self.sector_count < 4:
            raise JournalError("journal flash has %d sectors, 4 needed" % self.sector_count)
        self.forget()
        self._cursor = None
        head = self._sectors.find_head()
        if head is None:
            self._start_anew()
        else:
            self._resume(head)
        self._carry_open()

    def _start_anew(self):
        for index in range(self.sector_count):
            self._refuse_other(self._sectors.marks_at(index))
        self.number = 0
        self.last_mac = record.FIRST_MAC
        self._tail = 1
        self._tail_next_seq = 1
        self._ready = 0
        self._first_seq = 1
        self._open_sector()

    @staticmethod
    def _refuse_other(marks):
        if marks.is_other:
            raise JournalError(
                "the journal is of another format version: pull it with the firmware that wrote "
                "it, or clear it by provisioning another number"
            )

    def _resume(self, head):
        self.number, self.acked, self.boots = head.number, head.acked, head.boots
        self._first_seq = self.next_seq = head.first_seq
        self.last_mac = head.mac_before
        self._take_sector_before(head.number)
        head = self._sectors.load(head.number)
        self.next_seq = head.first_seq
        self._context = head.context
        self.last_mac, end = self._take_records(head)
        self._used = self._sectors.free_from(end)
        if self.next_seq <= self.acked:  # the last records were acknowledged, then rotted away
            self.next_seq = self.acked + 1
        self._find_tail()

    def _take_sector_before(self, number):
        """Note all records of the sector before that one in the ring, bad ones left out."""
        for earlier in range(number - 1, max(0, number - self.sector_count), -1):
            marks = self._sectors.load(earlier)
            if marks is not None:
                self._take_records(marks)
                return

    def _take_records(self, marks):
        """Note all records of the loaded sector: (MAC of the last one, offset behind it)."""
        chain = Chain(self._key, marks.mac_before, marks.first_seq)
        last_end = self._layout.marks_size
        for seq, kind, body, mac, _, end in self._sectors.records(marks):
            self.note(seq, kind, body)
            chain.take(seq, kind, body, mac)
            last_end = end
        return chain.mac, last_end

    def _find_tail(self):
        """Oldest sector that still holds records: only the one behind the head may be erased."""
        self._ready = 0
        self._tail = max(1, self.number - self.sector_count + 1)
        if self.number >= self.sector_count:
            if self._sectors.marks_at(self.number % self.sector_count).number != self._tail:
                self._tail += 1  # erased ahead, torn in the erase, or bad
        self._tail_next_seq = self._first_seq_of(self._tail + 1)

    def _first_seq_of(self, number):
        """First sequence number in sector `number`, or the next one to come."""
        while number < self.number:
            marks = self._sectors.marks(number)
            if marks.number == number:
                return marks.first_seq
            number += 1
        return self._first_seq if number == self.number else self.next_seq

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
        """True if a sale fits without touching the reserve, which takes its result if need be."""
        ahead = self._sectors_ahead()
        is_last = ahead == _RESERVE_SECTORS
        return ahead > _RESERVE_SECTORS or (is_last and self._rest() >= _SALE_SIZE)

    def _rest(self):
        """Bytes left in the head sector."""
        return max(0, sector.SECTOR_SIZE - self._used)

    def _append(self, kind, body):
        for _ in range(_PROGRAM_TRIES):
            while True:
                seq = self.next_seq
                is_last = seq - 1 in self.open and self.last_intent[0] == seq - 1
                intent = self.last_intent[1] if is_last else None
                short, text = record.shortest(seq, kind, body, intent)
                mac = record.mac(self._key, seq, self.last_mac, record.content(seq, short, text))
                raw = packed.pack(self._context, seq, short, text, mac)
                # its result goes beside an intent, or both would be told again in the next sector
                behind = packed.DEBITED_SIZE if kind == record.INTENT else 0
                if len(raw) + behind <= self._rest():
                    break
                self._open_sector()
                self._carry_open()
            index = (self.number - 1) % self.sector_count
            if self._sectors.program(index, self._used, raw):
                self._used = self._layout.align(self._used + len(raw))
                self.last_mac = mac
                self.note(seq, short, text)
                return seq
            self.failed_programs += 1
            used = self._used + len(raw)  # never program over it: go on in another page
            self._used = (used + sector.PAGE_SIZE - 1) // sector.PAGE_SIZE * sector.PAGE_SIZE
        raise JournalError("flash cannot be written at sector %d" % self.number)

    def _carry_open(self):
        """Repeat open records that stand in an earlier sector in the newest one."""
        for intent_seq in sorted(self.open):
            body, at_seq = self.open[intent_seq]
            if at_seq < self._first_seq:
                raw = struct.pack(">I", intent_seq) + body
                self._append(record.CARRIED, raw)

    # -- sectors -------------------------------------------------------------------

    def _sectors_ahead(self):
        """Sectors that can be opened without losing an unacknowledged record."""
        free = self.sector_count - (self.number - self._tail + 1)
        bad = sum((index - self.number) % self.sector_count < free for index in self._bad)
        return free - bad + self._freeable()

    def _freeable(self):
        """Sectors from the tail on whose records are all acknowledged (counts up to 2)."""
        count, number, next_seq = 0, self._tail, self._tail_next_seq
        while count < 2 and number < self.number and next_seq - 1 <= self.acked:
            count += not self._is_bad(number)
            number += 1
            next_seq = self._first_seq_of(number + 1)
        return count

    def _is_bad(self, number):
        return (number - 1) % self.sector_count in self._bad

    def _next_number(self):
        """The next sector to be opened: one that is not known to be bad."""
        number = self.number + 1
        while self._is_bad(number):
            number += 1
        return number

    def prepare(self):
        """Erase the next sector ahead of need, so that no tap waits for an erase (45 to 400 ms).

        Call when nothing else is to be done. Returns True if it erased one.
        """
        number = self._next_number()
        if self._ready == number or self._sectors_ahead() < 1:
            return False
        try:
            return self._make_ready(number)
        except BadSector:
            self._leave_out(number)
            return False

    def _make_ready(self, number):
        """Have sector `number` erased and marked so; True if an erase was needed."""
        if self._ready == number:
            return False
        while number - self.sector_count >= self._tail:
            if self._tail_next_seq - 1 > self.acked:
                raise JournalFull("journal full: pull and acknowledge its records")
            self._tail += 1
            self._tail_next_seq = self._first_seq_of(self._tail + 1)
        index = (number - 1) % self.sector_count
        marks = self._sectors.marks_at(index)
        if marks.is_clean:
            self._ready = number
            return False
        mark = sector.erased_mark((marks.erases or 0) + 1)
        for _ in range(_PROGRAM_TRIES):
            self._sectors.erase(index)
            if self._sectors.program(index, self._layout.erased_at, mark):
                self._ready = number
                return True
            self.failed_programs += 1
        raise BadSector()

    def _open_sector(self):
        while len(self._bad) < self.sector_count:
            number = self._next_number()
            try:
                if self._try_open(number):
                    return
            except BadSector:
                pass
            self._leave_out(number)
        raise JournalError("no sector behind %d can be written" % self.number)

    def _leave_out(self, number):
        self._bad.add((number - 1) % self.sector_count)

    def _try_open(self, number):
        base = packed.context(
            self.last_intent[0], self.last_intent[1], self.last_time_s or self._now_s(),
            self.next_seq,
        )  # fmt: skip
        mark = sector.opened_mark(number, self.last_mac, self.acked, self.boots, base)
        for _ in range(_PROGRAM_TRIES):
            self._make_ready(number)
            self._ready = 0
            index = (number - 1) % self.sector_count
            if self._sectors.program(index, 0, mark) and self._sectors.program(
                index, self._layout.copy_at, mark
            ):
                if self._tail >= self.number:
                    self._tail_next_seq = self.next_seq
                self.number = number
                self._context = base
                self._first_seq = self.next_seq
                self._used = self._layout.marks_size
                return True
            self.failed_programs += 1
        return False

    # -- read and acknowledge ----------------------------------------------------------

    @property
    def oldest_seq(self):
        """Sequence number of the oldest record still readable (next_seq if there is none)."""
        return self._first_seq_of(self._tail)

    @property
    def bad_sectors(self):
        """How many sectors take nothing any more, as found since the start."""
        return len(self._bad)

    @property
    def wear(self):
        """How often each sector was erased, to the next smaller number: they take turns."""
        return self.number // self.sector_count

    @property
    def free_bytes(self):
        """Bytes for records left in the head sector and all sectors that may be opened."""
        ahead = self.sector_count - (self.number - self._tail + 1)
        return self._rest() + ahead * (sector.SECTOR_SIZE - self._layout.marks_size)

    def read(self, from_seq, limit):
        """(first, raw): whole records from `from_seq` on, back to back, at most `limit` bytes.

        first: sequence number of the first one; larger than from_seq where records are gone or
        damaged, next_seq with raw empty at the end. Reads one sector at most.
        """
        cursor = self._cursor
        if cursor is not None and cursor[0] == from_seq and cursor[1] >= self._tail:
            number = cursor[1]
        else:
            number, cursor = self._sector_of(from_seq), None
        self._cursor = None  # its Chain goes on with this read
        while number <= self.number:
            batch = read_batch(self._sectors, self._key, number, from_seq, limit, cursor)
            if batch is not None:
                first, raw, self._cursor = batch
                return first, raw
            number, cursor = number + 1, None
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
            if not self._sectors.marks_at(index).is_blank:
                self._sectors.erase(index)
        self.mount()

    def _holds_only_receipts(self, upto_seq):
        seq = self.acked + 1
        while seq <= upto_seq:
            first, raw = self.read(seq, record.MAX_SIZE)
            if not raw:
                break
            for item in record.split(raw, first):
                if item.seq > upto_seq:
                    break
                if item.kind != record.ACKNOWLEDGED:
                    return False
            seq = item.seq + 1
        return True

"""The journal's flash: sectors erased, programmed and read, and where the ring ends."""

from ocwire import record, sector
from ocwire.chain import Chain

# A sector that takes nothing any more may still look like one that is due to be erased: the ones
# behind it tell.
_LOOK_AHEAD = 3


class Sectors:
    """The sectors of `flash`, read one at a time into one buffer.

    page_size: bytes that one program must cover, or 1. unit: see sector.Layout.
    """

    def __init__(self, flash, page_size, unit):
        self._flash = flash
        self._whole_pages = page_size > 1
        self._page = bytearray(b"\xff" * sector.PAGE_SIZE)
        self._check = bytearray(sector.PAGE_SIZE)
        self.count = flash.ioctl(4, 0)
        self.layout = sector.Layout(unit)
        self.buf = bytearray(sector.SECTOR_SIZE)

    def erase(self, index):
        """Erase the sector at `index`."""
        self._flash.ioctl(6, index)

    def program(self, index, start, raw):
        """Program, page by page, and read back; True if `raw` stands there in that sector now."""
        at, view = 0, memoryview(raw)
        while at < len(raw):
            offset = (start + at) % sector.PAGE_SIZE
            part = view[at : at + sector.PAGE_SIZE - offset]
            if self._whole_pages:
                self._page[offset : offset + len(part)] = part
                self._flash.writeblocks(index, self._page, start + at - offset)
                self._page[offset : offset + len(part)] = b"\xff" * len(part)
            else:
                self._flash.writeblocks(index, part, start + at)
            at += len(part)
        check = memoryview(self._check)[: len(raw)]
        self._flash.readblocks(index, check, start)
        return check == raw

    def marks_at(self, index):
        """The Marks of the sector at `index`: one short read."""
        raw = bytearray(self.layout.marks_size)
        self._flash.readblocks(index, raw, 0)
        return self.layout.marks(bytes(raw))

    def marks(self, number):
        """The Marks at the place of sector `number`."""
        return self.marks_at((number - 1) % self.count)

    def load(self, number):
        """Read sector `number` into the buffer: its Marks, None if that is not there: one read."""
        self._flash.readblocks((number - 1) % self.count, self.buf, 0)
        marks = self.layout.marks(bytes(self.buf[: self.layout.marks_size]))
        return marks if marks.number == number else None

    def records(self, marks, start=None):
        """The records of the loaded sector: see sector.records."""
        return sector.records(self.layout, marks, self.buf, start)

    def free_from(self, end):
        """Where the next record may go in the loaded sector, whose last record ends at `end`.

        Behind bytes that are no record (torn or rotten) their page is left alone.
        """
        used = sector.used_size(self.buf)
        if used <= end:
            return self.layout.align(end)
        return (used + sector.PAGE_SIZE - 1) // sector.PAGE_SIZE * sector.PAGE_SIZE

    def find_head(self):
        """Marks of the newest open sector, or None on a journal that was never used.

        Sectors are opened in turn, so their numbers rise with the index up to the newest and then
        fall back by `count`: a binary search. Where marks are damaged, half written or left out
        (a sector that takes nothing any more) it reads them all.
        """
        first, count = self.marks_at(0), self.count
        if first.number:
            low, head = self._search(first)
        else:  # erased ahead of a newest one at the end, if that is there
            low, head = count - 1, self.marks_at(count - 1)
            if head.number == 0 or head.number % count:
                return self._newest()
        for ahead in range(1, _LOOK_AHEAD + 1):
            follower = self.marks_at((low + ahead) % count)
            is_older = follower.number and follower.number == head.number + ahead - count
            if not (follower.is_clean or follower.is_blank or is_older):
                return self._newest()
        return head

    def _search(self, first):
        """(index, Marks) of the last sector whose number follows from that of the first."""
        low, high, head = 0, self.count - 1, first
        while low < high:
            middle = (low + high + 1) // 2
            marks = self.marks_at(middle)
            if marks.number == first.number + middle:
                low, head = middle, marks
            else:
                high = middle - 1
        return low, head

    def _newest(self):
        newest = None
        for index in range(self.count):
            marks = self.marks_at(index)
            if marks.number and (marks.number - 1) % self.count == index:
                if newest is None or marks.number > newest.number:
                    newest = marks
        return newest


def read_batch(sectors, key, number, from_seq, limit, cursor=None):
    """(first, raw, cursor) of whole records of sector `number` from `from_seq` on, at most `limit`
    bytes of consecutive ones; None if it holds none.

    cursor: (seq, sector number, offset, Chain) where it stopped for want of room, else None; given
    to the next call for that record, it is read on there.
    """
    marks = sectors.load(number)
    if marks is None:
        return None
    chain, start, stop = Chain(key, marks.mac_before, marks.first_seq), None, None
    if cursor is not None:
        chain, start = cursor[3], (cursor[2], from_seq)
    first, parts, size, following = 0, [], 0, 0
    for seq, kind, body, mac, at, _ in sectors.records(marks, start):
        if seq >= from_seq:
            size += record.MIN_SIZE + len(body)
            if size > limit or (parts and seq != following):
                stop = seq, number, at, chain
                break
            first, following = first or seq, seq + 1
        chain.take(seq, kind, body, mac)
        if seq >= from_seq:
            parts.append(record.whole(record.content(seq, kind, body), mac or chain.mac))
    return (first, b"".join(parts), stop) if parts else None

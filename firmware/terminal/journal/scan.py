"""Reading the journal's flash: marks, one sector's records, and where the ring ends."""

from ocwire import sector


def read_marks(flash, index):
    """The Marks of the sector at `index`: one read of 40 bytes."""
    raw = bytearray(sector.MARKS_SIZE)
    flash.readblocks(index, raw, 0)
    return sector.Marks(bytes(raw))


def scan_sector(flash, count, marks, take, is_done=None):
    """Hand every intact record of a sector to `take(record)`, in order.

    One read a page. Erased pages between others are possible (a program that did nothing), so all
    are read. is_done: asked after each page, ends the scan early.
    Returns (page, used): the last page with anything in it and the offset behind that.
    """
    index = (marks.number - 1) % count
    page_bytes = bytearray(sector.PAGE_SIZE)
    seq = marks.first_seq
    last, last_used = 0, sector.MARKS_SIZE
    for page in range(sector.SECTOR_SIZE // sector.PAGE_SIZE):
        flash.readblocks(index, page_bytes, page * sector.PAGE_SIZE)
        start = sector.page_start(page)
        records, used = sector.page_records(page_bytes, start, seq)
        if used == start and page:
            continue
        last, last_used = page, max(used, start)
        for item in records:
            take(item)
            seq = item.seq + 1
        if is_done is not None and is_done():
            break
        if _is_torn(page_bytes, start, records, used):
            last_used = sector.PAGE_SIZE
    return last, last_used


def _is_torn(page_bytes, start, records, used):
    """True if the page holds bytes that are no record: nothing may be programmed there."""
    return used - start != sum(len(item.raw) for item in records)


def find_head(flash, count):
    """Marks of the newest open sector, or None on a journal that was never used.

    Sectors are opened in turn, so their numbers rise with the index up to the newest and then fall
    back by `count`: a binary search. Where marks are damaged or half written it reads them all.
    """
    first = read_marks(flash, 0)
    if first.is_clean or first.is_blank:  # erased ahead of a newest one at the end, or never used
        head = read_marks(flash, count - 1)
        if head.number and head.number % count == 0:
            return head
        if first.is_blank and read_marks(flash, 1).is_blank:
            return None
    if first.number == 0:
        return _read_all(flash, count)
    low, high = 0, count - 1
    while low < high:
        middle = (low + high + 1) // 2
        if read_marks(flash, middle).number == first.number + middle:
            low = middle
        else:
            high = middle - 1
    head = first if low == 0 else read_marks(flash, low)
    follower = read_marks(flash, (low + 1) % count)
    is_older = follower.number and follower.number == head.number + 1 - count
    if follower.is_clean or follower.is_blank or is_older:
        return head
    return _read_all(flash, count)


def _read_all(flash, count):
    newest = None
    for index in range(count):
        marks = read_marks(flash, index)
        if marks.number and (marks.number - 1) % count == index:
            if newest is None or marks.number > newest.number:
                newest = marks
    return newest


class Batch:
    """Collects records from one sector up to a size limit."""

    def __init__(self, from_seq, limit):
        self.first = 0
        self.parts = []
        self.is_full = False
        self._from_seq = from_seq
        self._room = limit
        self._next = 0

    def take(self, item):
        """Add the record if it is wanted, follows the last one and fits."""
        if item.seq < self._from_seq or self.is_full:
            return
        if len(item.raw) > self._room or (self.parts and item.seq != self._next):
            self.is_full = True
            return
        if not self.parts:
            self.first = item.seq
        self.parts.append(item.raw)
        self._room -= len(item.raw)
        self._next = item.seq + 1

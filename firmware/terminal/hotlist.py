"""The hotlist: cards that must not pay, in a region of NOR flash of its own.

A card stands there as 6 bytes of SM3 of its serial (ocwire/fingerprint.py). They choose one of n
buckets; each bucket is a sorted run of 5-byte entries in one sector, so a look-up reads a dozen
entries by bisection. A card that is not listed is taken for one that is about once in 10^9 cards.

A bucket is changed by writing it anew into a free sector; the newest whole sector of a bucket
counts, so a power cut leaves the bucket as it was or as it is to be (P5). A sector of the present
version that is not whole has rotted: then no version is told. Deltas name the version they build
on, so a terminal that missed one says so and gets all of it.
"""

import struct

import occrypto
from ocwire import sector
from ocwire.fingerprint import SERIAL_SIZE, fingerprint

from .files import read_file, replace_file

_SECTOR, _PAGE = sector.SECTOR_SIZE, sector.PAGE_SIZE
_SPARE = 2  # sectors that hold no bucket: where the next one is written
_ENTRY = 5
_HEAD = ">3sBHHI"  # "OCH", format, bucket, count, generation; then CRC-32 of these and the entries
_HEAD_SIZE = 16
_MAGIC, _FORMAT = b"OCH", 1
_ROOM = (_SECTOR - _HEAD_SIZE) // _ENTRY  # entries in a bucket
_FILE = ">III"  # version, first generation that counts, last one of that version
_NONE = 0xFF
_DAY_S = 86400
_PARTIAL = 0xFFFF0000  # from here on: versions of lists of which the host has sent parts only


class HotlistError(Exception):
    """A delta that does not fit this hotlist, or a flash that does not take it."""


class Hotlist:
    """flash: block device (extended protocol), 4 to 255 sectors. path: a file for the version.

    version: a list's number; hosts give the UTC second it was made. 0: no list, or a damaged one:
    the host sends a whole list then.
    """

    def __init__(self, flash, path):
        self._flash = flash
        self._path = path
        self._sectors = min(flash.ioctl(4, 0), 255)
        self._buckets = self._sectors - _SPARE
        self._page = bytearray(_PAGE)
        self._entry = bytearray(_ENTRY)
        self._at = [_NONE] * self._buckets  # the sector of each bucket
        self._counts = [0] * self._buckets
        self._next = 0  # where a free sector is looked for first: wear goes round
        self._mount()

    # -- asking -------------------------------------------------------------------------

    def __len__(self):
        return sum(self._counts)

    def __contains__(self, serial):
        mark = fingerprint(serial)
        bucket = self._bucket(mark)
        if self._at[bucket] == _NONE:
            return False
        wanted, read, entry = mark[1:], self._flash.readblocks, self._entry
        at, low, high = self._at[bucket], 0, self._counts[bucket]
        while low < high:
            middle = (low + high) // 2
            read(at, entry, _HEAD_SIZE + middle * _ENTRY)
            found = bytes(entry)  # a bytearray has no order on MicroPython
            if found == wanted:
                return True
            if found < wanted:
                low = middle + 1
            else:
                high = middle
        return False

    def is_older_than(self, days, now_s):
        """True if the list was made more than so many days ago, is not whole, or there is none."""
        return self.version >= _PARTIAL or self.version + days * _DAY_S < now_s

    @property
    def capacity(self):
        """How many cards fit, spread as they are; a little more or less by chance."""
        return self._buckets * _ROOM * 86 // 100

    # -- mounting -----------------------------------------------------------------------

    def _mount(self):
        raw = read_file(self._path)
        self.version, self._floor, last = 0, 0, 0
        if raw is not None and len(raw) == struct.calcsize(_FILE):
            self.version, self._floor, last = struct.unpack(_FILE, raw)
        self._generation = last
        whole, damaged = {}, []
        for index in range(self._sectors):
            head = self._head(index)
            if head is None or head[2] < self._floor:
                continue
            bucket, count, generation = head
            if not self._is_intact(index, count):
                damaged.append((bucket, generation))  # which may be any number
            elif whole.get(bucket, (-1,))[0] < generation:
                whole[bucket] = generation, index, count
                self._generation = max(self._generation, generation)
        for bucket in range(self._buckets):
            _, self._at[bucket], self._counts[bucket] = whole.get(bucket, (0, _NONE, 0))
        for bucket, generation in damaged:  # torn behind the last one of this version, or rotten
            if whole.get(bucket, (-1,))[0] < generation <= last:
                self.version = 0  # what it listed is not known any more

    def _head(self, index):
        """(bucket, count, generation) of a sector that holds a bucket, or None."""
        raw = bytearray(_HEAD_SIZE)
        self._flash.readblocks(index, raw, 0)
        magic, form, bucket, count, generation = struct.unpack_from(_HEAD, raw)
        if magic != _MAGIC or form != _FORMAT or bucket >= self._buckets or count > _ROOM:
            return None
        return bucket, count, generation

    def _is_intact(self, index, count):
        head = bytearray(_HEAD_SIZE)
        self._flash.readblocks(index, head, 0)
        crc = occrypto.crc32(memoryview(head)[: _HEAD_SIZE - 4])
        left, offset = count * _ENTRY, _HEAD_SIZE
        while left:
            size = min(left, _PAGE)
            view = memoryview(self._page)[:size]
            self._flash.readblocks(index, view, offset)
            crc = occrypto.crc32(view, crc)
            left, offset = left - size, offset + size
        return crc == struct.unpack_from(">I", head, _HEAD_SIZE - 4)[0]

    # -- changing -----------------------------------------------------------------------

    def apply(self, base, version, add, remove):
        """Go from version `base` to `version`. add, remove: serials back to back.

        base 0 replaces the whole list. A delta to the present version changes nothing: it was sent
        again because its answer got lost. Raises HotlistError if base is not the present version,
        the sizes are odd, a bucket is full or the flash fails; what was changed until then is
        changed again, to the same, when the delta is sent again.
        """
        if base and version == self.version:
            return
        if base not in (0, self.version):
            raise HotlistError("hotlist is at version %d, not %d" % (self.version, base))
        if len(add) % SERIAL_SIZE or len(remove) % SERIAL_SIZE:
            raise HotlistError("serials are %d bytes each" % SERIAL_SIZE)
        if base == 0:
            self._clear()
        changes = _marks(add, False) + _marks(remove, True)
        changes.sort()
        start = 0
        while start < len(changes):
            bucket = self._bucket(changes[start][0])
            end = start
            while end < len(changes) and self._bucket(changes[end][0]) == bucket:
                end += 1
            self._change(bucket, changes[start:end])
            start = end
        self._keep(version, self._floor)

    def _clear(self):
        self._generation += 1
        self._keep(0, self._generation)
        for bucket in range(self._buckets):
            self._at[bucket], self._counts[bucket] = _NONE, 0

    def _keep(self, version, floor):
        replace_file(self._path, struct.pack(_FILE, version, floor, self._generation))
        self.version, self._floor = version, floor

    def _bucket(self, mark):
        return (mark[0] << 8 | mark[1]) * self._buckets >> 16

    def _change(self, bucket, changes):
        """changes: (fingerprint, is_removed) each, in order, all of this bucket."""
        raw = bytearray(_SECTOR)
        count, index = self._counts[bucket], self._at[bucket]
        if index != _NONE:
            self._flash.readblocks(index, memoryview(raw)[_HEAD_SIZE:], _HEAD_SIZE)
        is_changed = False
        for mark, is_removed in changes:
            place, is_there = _find(raw, count, mark[1:])
            end = _HEAD_SIZE + count * _ENTRY
            if not is_removed and not is_there:
                if count == _ROOM:
                    raise HotlistError("bucket %d is full: %d cards fit" % (bucket, self.capacity))
                raw[place + _ENTRY : end + _ENTRY] = raw[place:end]
                raw[place : place + _ENTRY] = mark[1:]
                count, is_changed = count + 1, True
            elif is_removed and is_there:
                raw[place : end - _ENTRY] = raw[place + _ENTRY : end]
                count, is_changed = count - 1, True
        if is_changed:
            self._write(bucket, raw, count)

    def _write(self, bucket, raw, count):
        self._generation += 1
        end = _HEAD_SIZE + count * _ENTRY
        struct.pack_into(_HEAD, raw, 0, _MAGIC, _FORMAT, bucket, count, self._generation)
        crc = occrypto.crc32(memoryview(raw)[: _HEAD_SIZE - 4])
        crc = occrypto.crc32(memoryview(raw)[_HEAD_SIZE:end], crc)
        struct.pack_into(">I", raw, _HEAD_SIZE - 4, crc)
        index = self._free_sector()
        self._flash.ioctl(6, index)
        # The first page, which has the head, comes last: a sector with a head is whole.
        for start in range((end - 1) // _PAGE * _PAGE, -1, -_PAGE):
            page = memoryview(raw)[start : start + _PAGE]
            self._flash.writeblocks(index, page, start)
            self._flash.readblocks(index, self._page, start)
            if page != self._page:
                raise HotlistError("flash sector %d does not take what is programmed" % index)
        self._at[bucket], self._counts[bucket] = index, count

    def _free_sector(self):
        for step in range(self._sectors):
            index = (self._next + step) % self._sectors
            if index not in self._at:
                self._next = index + 1
                return index
        raise HotlistError("no free sector")


def _marks(serials, is_removed):
    return [
        (fingerprint(serials[i : i + SERIAL_SIZE]), is_removed)
        for i in range(0, len(serials), SERIAL_SIZE)
    ]


def _find(raw, count, entry):
    """(offset, True) of an entry, or (offset where it belongs, False)."""
    low, high = 0, count
    while low < high:
        middle = (low + high) // 2
        at = _HEAD_SIZE + middle * _ENTRY
        if bytes(raw[at : at + _ENTRY]) < entry:
            low = middle + 1
        else:
            high = middle
    at = _HEAD_SIZE + low * _ENTRY
    return at, low < count and raw[at : at + _ENTRY] == entry

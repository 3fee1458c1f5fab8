"""The hotlist: application serials that must not pay. Sorted 10-byte serials, found by bisection.

Deltas name the version they build on, so a terminal that missed one says so and gets all of it.
"""

import struct

from .files import read_file, replace_file

_SIZE = 10
_MAX_COUNT = 4000  # 40 kB of RAM
_HEAD = ">I"


class HotlistError(Exception):
    """A delta that does not fit this hotlist. Nothing was changed."""


class Hotlist:
    """Kept in the file `path`: version (4 bytes), then the serials."""

    def __init__(self, path):
        self._path = path
        raw = read_file(path)
        self.version = 0
        self._serials = b""
        if raw is not None and len(raw) % _SIZE == 4:
            self.version = struct.unpack_from(_HEAD, raw)[0]
            self._serials = raw[4:]

    def __len__(self):
        return len(self._serials) // _SIZE

    def __contains__(self, serial):
        at = self._place(serial)
        return self._serials[at : at + _SIZE] == serial

    def _place(self, serial):
        low, high = 0, len(self)
        while low < high:
            middle = (low + high) // 2
            if self._serials[middle * _SIZE : middle * _SIZE + _SIZE] < serial:
                low = middle + 1
            else:
                high = middle
        return low * _SIZE

    def apply(self, base, version, add, remove):
        """Go from version `base` to `version`. add, remove: serials back to back.

        base 0 replaces the whole list. A delta to the present version changes nothing: it was sent
        again because its answer got lost. Raises HotlistError if base is not the present version,
        the sizes are odd or the list grows beyond 4,000 serials.
        """
        if base and version == self.version:
            return
        if base not in (0, self.version):
            raise HotlistError("hotlist is at version %d, not %d" % (self.version, base))
        if len(add) % _SIZE or len(remove) % _SIZE:
            raise HotlistError("serials are %d bytes each" % _SIZE)
        serials = set() if base == 0 else set(_split(self._serials))
        serials.update(_split(add))
        serials.difference_update(_split(remove))
        if len(serials) > _MAX_COUNT:
            raise HotlistError("hotlist of %d, limit %d" % (len(serials), _MAX_COUNT))
        raw = b"".join(sorted(serials))
        replace_file(self._path, struct.pack(_HEAD, version) + raw)
        self.version, self._serials = version, raw


def _split(raw):
    return [bytes(raw[i : i + _SIZE]) for i in range(0, len(raw), _SIZE)]

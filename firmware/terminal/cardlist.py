"""A signed list of cards in a file: taken over the link in parts, looked up where it lies."""

import os
import struct

import occrypto
from ocwire import cardlist, record
from ocwire.cardlist import ENTRY_SIZE, HEADER_SIZE, ListError
from ocwire.fingerprint import FINGERPRINT_SIZE, fingerprint

from .files import read_file, replace_file

_READ_SIZE = 250  # whole entries


class CardList:
    """path: of the file. `serial in it` is a question for any card; find() tells its number.

    header: of what is held, None for no list. A list whose file was damaged is as good as none.
    """

    def __init__(self, path):
        self._path = path
        self._new = None  # the header of what is being received
        self._at = 0
        self.header = None
        self._load()

    def _load(self):
        try:
            with open(self._path, "rb") as file:
                header = cardlist.unpack(file.read(HEADER_SIZE))
                if _digest(file) == header.digest:
                    self.header = header
        except (OSError, ListError):
            pass

    def __contains__(self, serial):
        return self.find(serial) is not None

    def __len__(self):
        return self.header.count if self.header is not None else 0

    def find(self, serial):
        """(place in the list, number) of this card, or None."""
        if self.header is None:
            return None
        wanted = fingerprint(serial)
        low, high = 0, self.header.count
        with open(self._path, "rb") as file:
            while low < high:
                middle = (low + high) // 2
                file.seek(HEADER_SIZE + middle * ENTRY_SIZE)
                entry = file.read(ENTRY_SIZE)
                if entry[:FINGERPRINT_SIZE] == wanted:
                    return middle, struct.unpack_from(">I", entry, FINGERPRINT_SIZE)[0]
                if entry[:FINGERPRINT_SIZE] < wanted:
                    low = middle + 1
                else:
                    high = middle
        return None

    def is_over(self, now_s):
        """True if there is none or it has expired."""
        header = self.header
        return header is None or (header.expires_s != 0 and header.expires_s <= now_s)

    # -- taking one -----------------------------------------------------------------------

    def write(self, offset, data, roots):
        """Bytes of a list from `offset` on: -> the offset wanted next; its size once it is held.

        roots: SM2 public keys whose holders may sign lists. Raises ListError; what is held stays.
        """
        if offset == 0:
            header = cardlist.unpack(data)
            if not any(header.is_signed_by(root) for root in roots):
                raise ListError("the list is not signed by a key of list_roots")
            held = self.header
            if held is not None and held.signed_part() == header.signed_part():
                return header.size
            if held is not None and header.version < held.version:
                raise ListError("the list is older than the one that is held")
            self._new, self._at = header, 0
        if self._new is None or offset != self._at:
            return self._at if self._new is not None else 0
        if offset + len(data) > self._new.size:
            raise ListError("more bytes than the list has")
        with open(self._path + ".new", "ab" if offset else "wb") as file:
            file.write(data)
        self._at += len(data)
        if self._at == self._new.size:
            self._take()
        return self._at

    def _take(self):
        """All is there: hold it, if it is what was signed."""
        header, self._new = self._new, None
        with open(self._path + ".new", "rb") as file:
            file.seek(HEADER_SIZE)
            if _digest(file) != header.digest:
                raise ListError("the list has another digest than its header says: send it anew")
        os.rename(self._path + ".new", self._path)
        self.header = header

    def taken(self, now_s):
        """The record body that says which list is held."""
        header = self.header
        return record.pack(
            record.LIST,
            now_s,
            header.version,
            header.count,
            struct.unpack(">I", header.digest[:4])[0],
            tail=header.name.encode(),
        )


class Paid:
    """Which places of a list have been served: a bit each, in a file that goes with its version.

    A power cut between a payment and its bit is made good from the journal: see scenes/subsidy.py.
    """

    def __init__(self, path, header):
        self._path = path
        self._mark = struct.pack(">I", header.version)
        raw = read_file(path)
        size = (header.count + 7) // 8
        is_ours = raw is not None and raw[:4] == self._mark and len(raw) == 4 + size
        self._bits = bytearray(raw[4:] if is_ours else size)

    def __contains__(self, place):
        return bool(self._bits[place >> 3] & 1 << (place & 7))

    def add(self, place):
        """Served: on return it is in flash."""
        if place not in self:
            self._bits[place >> 3] |= 1 << (place & 7)
            replace_file(self._path, self._mark + bytes(self._bits))

    def count(self):
        """How many have been served."""
        return sum(bin(byte).count("1") for byte in self._bits)


def _digest(file):
    state = occrypto.sm3_start()
    while True:
        part = file.read(_READ_SIZE)
        if not part:
            return bytes(occrypto.sm3_finish(state))
        occrypto.sm3_update(state, part)

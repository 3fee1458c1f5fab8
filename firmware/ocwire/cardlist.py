"""Lists of cards with a number each: who booked a meal, who is paid what. SPEC.md section 8.

    header 66 | SM2 signature of the header 64 | entries of 10 bytes, sorted

An entry is the card's fingerprint (ocwire/fingerprint.py) and a number of 4 bytes. The header has
the digest of the entries, so the signature covers them too.
"""

import struct

import occrypto

from .errors import WireError

_MAGIC = b"OCL\x01"
_FORM = ">4s16sIIH4x32s"
SIGNED_SIZE = struct.calcsize(_FORM)
HEADER_SIZE = SIGNED_SIZE + 64
ENTRY_SIZE = 10
MOST_ENTRIES = 1000  # of a terminal's slice: its file system is small

# The lists a terminal keeps.
BOOKED, PAYOUT = 0, 1
NAMES = {BOOKED: "booked", PAYOUT: "payout"}


class ListError(WireError):
    """A list that this terminal does not take."""


class Header:
    """name: for people, up to 16 bytes UTF-8. version: UTC second in which it was made. expires_s:
    UTC seconds, 0 for never. count: entries. digest: SM3 of them. signature: 64 bytes."""

    def __init__(self, name, version, expires_s, count, digest, signature=bytes(64)):
        self.name = name
        self.version = version
        self.expires_s = expires_s
        self.count = count
        self.digest = digest
        self.signature = signature

    @property
    def size(self):
        """Of the whole list, bytes."""
        return HEADER_SIZE + self.count * ENTRY_SIZE

    def signed_part(self):
        """The bytes that the signature is of."""
        name = self.name.encode()
        return struct.pack(
            _FORM, _MAGIC, name, self.version, self.expires_s, self.count, self.digest
        )

    def pack(self):
        """HEADER_SIZE bytes."""
        return self.signed_part() + self.signature

    def is_signed_by(self, root):
        """True if the holder of this SM2 public key (64 bytes, X|Y) signed it."""
        return occrypto.sm2_verify(
            root, occrypto.sm2_digest(root, self.signed_part()), self.signature
        )


def unpack(raw):
    """The Header in the first bytes of `raw`. Raises ListError."""
    if len(raw) < HEADER_SIZE or raw[:4] != _MAGIC:
        raise ListError("no card list of a format that is known here")
    _, name, version, expires_s, count, digest = struct.unpack_from(_FORM, raw)
    if any(raw[30:34]):
        raise ListError("a list with fields that are not known here: a newer onecard made it")
    if not 0 < count <= MOST_ENTRIES:
        raise ListError("a list of %d cards: 1 to %d fit" % (count, MOST_ENTRIES))
    try:
        text = name.rstrip(b"\0").decode()
    except UnicodeError:
        raise ListError("the list's name is no text")
    return Header(text, version, expires_s, count, digest, bytes(raw[SIGNED_SIZE:HEADER_SIZE]))

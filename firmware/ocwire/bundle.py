"""The header of an update bundle: what the image is, who may run it, who signed it. SPEC.md 7.

A bundle, and a slot that holds one, is one page of header (filled up with FF) and the image.
"""

import struct

import occrypto

from .errors import BundleError

PAGE_SIZE = 256  # the header's page; the image starts behind it
SIGNATURE_SIZE = 64
MAY_DOWNGRADE = 1  # flag: may replace newer firmware
BASE_SIZE = 8

_MAGIC = b"OCB\x01"  # the last byte is the header's version
_FORM = ">4sI3sB12s8sBB32s"
SIGNED_SIZE = struct.calcsize(_FORM)
HEADER_SIZE = SIGNED_SIZE + SIGNATURE_SIZE
_UNSIGNED = bytes(SIGNATURE_SIZE)


class Header:
    """size: of the image. version: three numbers. flags: MAY_DOWNGRADE or 0.

    board: name of the only board it is for, "" for any. base: first 8 bytes of the digest of the
    frozen modules it lies over. journal: (lowest, highest) format version that it can go on with.
    digest: SM3 of the image, 32 bytes. signature: r|s, zeros before it is signed.
    """

    def __init__(self, size, version, flags, board, base, journal, digest, signature=_UNSIGNED):
        self.size = size
        self.version = tuple(version)
        self.flags = flags
        self.board = board
        self.base = base
        self.journal = journal
        self.digest = digest
        self.signature = signature

    @property
    def may_downgrade(self):
        """True if it was signed to replace newer firmware."""
        return bool(self.flags & MAY_DOWNGRADE)

    def signed_part(self):
        """The bytes that the signature is of."""
        lowest, highest = self.journal
        return struct.pack(
            _FORM,
            _MAGIC,
            self.size,
            bytes(self.version),
            self.flags,
            self.board.encode(),
            self.base,
            lowest,
            highest,
            self.digest,
        )

    def pack(self):
        """HEADER_SIZE bytes."""
        return self.signed_part() + self.signature

    def is_signed_by(self, root):
        """True if the holder of this SM2 public key (64 bytes, X|Y) signed it."""
        digest = occrypto.sm2_digest(root, self.signed_part())
        return occrypto.sm2_verify(root, digest, self.signature)


def unpack(raw):
    """The Header in the first bytes of `raw`. Raises BundleError."""
    if len(raw) < HEADER_SIZE or raw[:3] != _MAGIC[:3]:
        raise BundleError("no update bundle")
    if raw[3] != _MAGIC[3]:
        raise BundleError("bundle format %d is not known here: a newer onecard made it" % raw[3])
    _, size, version, flags, board, base, lowest, highest, digest = struct.unpack_from(_FORM, raw)
    if not size:
        raise BundleError("bundle without an image")
    try:
        name = board.rstrip(b"\0").decode()
    except UnicodeError:
        raise BundleError("bundle's board name is no text")
    signature = bytes(raw[SIGNED_SIZE:HEADER_SIZE])
    return Header(size, version, flags, name, base, (lowest, highest), digest, signature)


def page(raw):
    """A packed header as the page that stands before the image."""
    return raw + b"\xff" * (PAGE_SIZE - len(raw))


def version_text(version):
    """Three numbers as "1.2.3"."""
    return "%d.%d.%d" % tuple(version)


def parse_version(text):
    """The other way. Raises BundleError."""
    try:
        numbers = tuple(int(part) for part in text.split("."))
    except ValueError:
        numbers = ()
    if len(numbers) != 3 or not all(0 <= number < 256 for number in numbers):
        raise BundleError("version %s is not three numbers of 0 to 255" % text)
    return numbers

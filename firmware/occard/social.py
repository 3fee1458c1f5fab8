"""The social security application (LD/T 32, LD/T 33): who the card's holder is.

Read only, EF05 and EF06 of the social security environment (SSSE). Names are GBK: a runtime that
has no GBK (MicroPython) hands in a decoder or shows none. What a card wants before it is read
differs by province: a card that refuses says so, and no PIN is ever tried.
"""

from . import apdu
from .errors import CardError, ProtocolError, StatusError, WrongCard

# "sx1.sh." and 社会保障 in GBK.
SSSE = b"sx1.sh.\xc9\xe7\xbb\xe1\xb1\xa3\xd5\xcf"
_EF_CARD, _EF_HOLDER = b"\xef\x05", b"\xef\x06"
_ABSENT = (0x6A82, 0x6A81, 0x6A86, 0x6700, 0x6D00, 0x6E00)
_NEEDS_SAM = (0x6982, 0x6985, 0x6300)
_NOT_THERE = (0x6A83, 0x6A82, 0x6A88, 0x6B00, 0x9403)
_BAD_WAY = (0x6A86, 0x6A81, 0x6981, 0x6D00, 0x6B00, 0x6700)
_RECORDS = 8  # of a file, at most
_EXTERNAL_KEY = 0x0A

# tag: name of the field in Identity, of either file.
_TAGS = {
    0x01: "card_id",
    0x02: "card_class",
    0x03: "version",
    0x04: "institution",
    0x05: "issued",
    0x06: "valid_until",
    0x07: "card_number",
    0x08: "id_number",
    0x09: "name",
    0x4E: "name_more",
    0x0A: "sex",
    0x0B: "ethnic_group",
    0x0C: "birthplace",
    0x0D: "birth_date",
}
_CARD_TAGS = (0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07)
_HOLDER_TAGS = (0x08, 0x09, 0x4E, 0x0A, 0x0B, 0x0C, 0x0D)
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"


class NeedsSam(CardError):
    """The card gives this only to the social security scheme's own SAM."""


def is_id_number(text):
    """True if an 18-character citizen number's check character is right (GB 11643, MOD 11-2)."""
    if len(text) != 18 or not text[:17].isdigit():
        return False
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, text))
    return _CHECKS[total % 11] == text[17].upper()


def masked_id(text):
    """A citizen number as it may be seen: region, and the last two characters.

    Only a number of 18 characters, or 15 of the old kind, begins with a region. A permit's or a
    passport's (they stand in the same field) shows its last two characters alone.
    """
    if len(text) <= 4:
        return "*" * len(text)
    shown = 6 if len(text) in (15, 18) else 0
    return text[:shown] + "*" * (len(text) - shown - 2) + text[-2:]


def masked_name(text):
    """A name as it may be seen: its first character, of one of several."""
    return text[:1] + "*" * (len(text) - 1) if len(text) > 1 else "*" * len(text)


class Identity:
    """What was read. Texts are ASCII; name: GBK bytes; dates: 8 digits; "" or b"" if not there.

    region, birthplace: six digits (GB/T 2260). ethnic_group: two digits (GB 3304). generation: 1,
    2 or 3, 0 if the card does not say.
    """

    def __init__(self, fields):
        text = _texts(fields)
        self.region = text("card_id")[:6]
        self.card_class = text("card_class")
        self.version = text("version")
        self.issued = text("issued")
        self.valid_until = text("valid_until")
        self.card_number = text("card_number")
        self.id_number = text("id_number")
        name = fields.get("name", b"") + fields.get("name_more", b"")
        self.name = name.replace(b"\x00", b"").rstrip(b" ")
        self.sex = text("sex")
        self.ethnic_group = text("ethnic_group")
        self.birthplace = text("birthplace")
        self.birth_date = text("birth_date")

    @property
    def generation(self):
        """By the version that the card states."""
        return int(self.version[0]) if self.version[:1] in ("1", "2", "3") else 0

    @property
    def is_id_right(self):
        """True if the citizen number checks."""
        return is_id_number(self.id_number)

    def is_valid_on(self, date):
        """True up to and on the day of `valid_until`. date: "YYYYMMDD"."""
        return not self.valid_until.isdigit() or date <= self.valid_until

    def pack(self):
        """The fields that a register wants, as bytes to be sealed: id number, card number, valid
        until, region, name; each with its size before it."""
        parts = (
            self.id_number.encode(),
            self.card_number.encode(),
            self.valid_until.encode(),
            self.region.encode(),
            self.name,
        )
        return b"".join(bytes((len(part),)) + part for part in parts)


def unpack(raw):
    """(id number, card number, valid until, region, name in GBK) of what `Identity.pack` made.

    Raises ProtocolError.
    """
    parts, at = [], 0
    while at < len(raw):
        size = raw[at]
        part = bytes(raw[at + 1 : at + 1 + size])
        if len(part) != size:
            raise ProtocolError("packed identity ends early")
        parts.append(part)
        at += 1 + size
    if len(parts) != 5:
        raise ProtocolError("packed identity of %d fields" % len(parts))
    try:
        return tuple(part.decode() for part in parts[:4]) + (parts[4],)
    except UnicodeError:
        raise ProtocolError("packed identity is not ASCII") from None


def _texts(fields):
    numeric = ("card_id", "issued", "valid_until", "birth_date", "ethnic_group", "birthplace")

    def text(name):
        raw = fields.get(name, b"")
        if name in numeric:
            return "".join("%02X" % byte for byte in raw).rstrip("F")
        raw = raw.rstrip(b"\x00 ")
        return "".join(chr(byte) for byte in raw if 0x20 <= byte < 0x7F)

    return text


async def read(target, authenticate=None):
    """Select the SSSE and read card and holder: -> Identity.

    authenticate: async challenge -> cryptogram for EXTERNAL AUTHENTICATE with key 0A, where a SAM
    of the scheme is at hand. Raises WrongCard for a card without the application, NeedsSam for one
    that wants a SAM that is not there.
    """
    if await _try(target, apdu.encode(0, 0xA4, 4, 0, SSSE, 256), _ABSENT) is None:
        raise WrongCard("no social security application on this card")
    if authenticate is not None:
        challenge = await apdu.send(target, apdu.encode(0, 0x84, 0, 0, le=8))
        cryptogram = await authenticate(challenge)
        await _read_or_needs_sam(target, apdu.encode(0, 0x82, 0, _EXTERNAL_KEY, cryptogram))
    fields = {}
    for file, tags in ((_EF_CARD, _CARD_TAGS), (_EF_HOLDER, _HOLDER_TAGS)):
        await _select_file(target, file)
        await _read_file(target, tags, fields)
    if "id_number" not in fields:
        raise ProtocolError("no citizen number on the card")
    return Identity(fields)


async def _select_file(target, file):
    for p1 in (2, 0):  # under the current DF; some cards want it as a file of any kind
        command = apdu.encode(0, 0xA4, p1, 0, file)
        if await _try(target, command, _ABSENT) is not None:
            return
    raise ProtocolError("file %s is not there" % file[1:].hex())


async def _read_file(target, tags, fields):
    """By number, the answers telling their tags; where that is not done, by tag."""
    found = 0
    for number in range(1, _RECORDS + 1):
        raw = await _record(target, number, 4)
        if raw is None:
            break
        found += _take(raw, fields)
    if not found:
        for tag in tags:
            raw = await _record(target, tag, 0)
            if raw is not None:
                _take(raw, fields)


async def _record(target, p1, how):
    command = apdu.encode(0, 0xB2, p1, how, le=256)
    return await _try(target, command, _NOT_THERE + _BAD_WAY)


def _take(raw, fields):
    """Put the object of one record into `fields`; 1 if it is one that is known."""
    if len(raw) < 2 or raw[1] > len(raw) - 2:
        raise ProtocolError("record of %d bytes is no object" % len(raw))
    name = _TAGS.get(raw[0])
    if name is None:
        return 0
    fields[name] = bytes(raw[2 : 2 + raw[1]])
    return 1


async def _try(target, command, absent):
    try:
        return await _read_or_needs_sam(target, command)
    except StatusError as error:
        if error.sw in absent:
            return None
        raise


async def _read_or_needs_sam(target, command):
    try:
        return await apdu.send(target, command)
    except StatusError as error:
        if error.sw in _NEEDS_SAM:
            raise NeedsSam("card wants the social security SAM: %04X" % error.sw) from None
        raise

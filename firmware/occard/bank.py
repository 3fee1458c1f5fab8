"""The bank application (JR/T 0025, EMV): which card it is, masked, and nothing more.

No account number and no track leaves this module: it gives the last four digits and the date.
"""

from . import apdu, tlv
from .errors import ProtocolError, StatusError, WrongCard

PPSE = b"2PAY.SYS.DDF01"
_UNIONPAY = b"\xa0\x00\x00\x03\x33"
SCHEMES = {
    b"\xa0\x00\x00\x03\x33\x01\x01\x01": "UnionPay debit",
    b"\xa0\x00\x00\x03\x33\x01\x01\x02": "UnionPay credit",
    b"\xa0\x00\x00\x03\x33\x01\x01\x03": "UnionPay quasi-credit",
    b"\xa0\x00\x00\x03\x33\x01\x01\x06": "UnionPay electronic cash",
}
_ABSENT = (0x6A82, 0x6A81, 0x6A86, 0x6700, 0x6D00, 0x6E00)
_MAX_FILES = 8
_MAX_RECORDS = 16
_PDOL, _AFL, _TRACK2, _PAN, _EXPIRY, _ATC = 0x9F38, 0x94, 0x57, 0x5A, 0x5F24, 0x9F36
_MAX_DOL = 250  # bytes of data that one command can carry with its head
# What a terminal says of itself in GPO, by tag; all else is zeros.
_TERMINAL = {
    0x9F66: b"\x36\x00\x00\x80",  # contactless, no magnetic stripe: it only reads
    0x9F1A: b"\x01\x56",
    0x5F2A: b"\x01\x56",
}


class BankCard:
    """scheme: for people. last_digits: four. expiry: "YYMM", or "" if the card does not say.

    counter: the application's transaction counter (ATC), None if the card does not say.
    """

    def __init__(self, scheme, last_digits, expiry, counter=None):
        self.scheme = scheme
        self.last_digits = last_digits
        self.expiry = expiry
        self.counter = counter


async def applications(target):
    """AIDs of the PPSE directory in the card's order of priority; empty if it has none."""
    fci = await _select(target, PPSE)
    if fci is None:
        return []
    entries = tlv.find(fci, (0x6F, 0xA5, 0xBF0C)) or b""
    found = []
    for tag, value in tlv.objects(entries):
        aid = tlv.find(value, (0x4F,)) if tag == 0x61 else None
        if aid:
            priority = (tlv.find(value, (0x87,)) or b"\x0f")[0] & 0x0F
            found.append((priority, bytes(aid)))
    found.sort(key=lambda entry: entry[0])
    return [aid for _, aid in found]


async def read(target):
    """Identify the card's bank application: -> BankCard. Raises WrongCard if it has none.

    A card without a PPSE (contact only) is asked for each AID of SCHEMES.
    """
    for aid in await applications(target) or sorted(SCHEMES):
        fci = await _select(target, aid) if aid[:5] == _UNIONPAY else None
        if fci is not None:
            return await _read(target, aid, fci)
    raise WrongCard("no bank application on this card")


async def _select(target, name):
    try:
        return await apdu.send(target, apdu.encode(0, 0xA4, 4, 0, name, 256))
    except StatusError as error:
        if error.sw in _ABSENT:
            return None
        raise


async def _read(target, aid, fci):
    pdol = tlv.find(fci, (0x6F, 0xA5, _PDOL)) or b""
    data = _dol(pdol)
    gpo = apdu.encode(0x80, 0xA8, 0, 0, bytes((0x83, len(data))) + data, 256)
    answer = await apdu.send(target, gpo)
    afl, found = _options(answer)
    for command in _records(afl):
        if found.get(_PAN) or found.get(_TRACK2):
            break
        record = await apdu.send(target, command)
        _collect(tlv.find(record, (0x70,)) or b"", found)
    if _ATC not in found:
        found[_ATC] = await _counter(target)
    return _card(aid, found)


async def _counter(target):
    """The ATC by GET DATA; b"" from a card that does not give it."""
    try:
        answer = await apdu.send(target, apdu.encode(0x80, 0xCA, 0x9F, 0x36, le=256))
    except StatusError:
        return b""
    return bytes(tlv.find(answer, (_ATC,)) or b"")


def _dol(dol):
    """The data that a list of tags and sizes asks for."""
    out, at = b"", 0
    while at < len(dol):
        tag, at = tlv.read_tag(dol, at)
        if at >= len(dol):
            raise ProtocolError("PDOL ends early")
        size = dol[at]
        at += 1
        out += (_TERMINAL.get(tag, b"") + bytes(size))[:size]
        if len(out) > _MAX_DOL:
            raise ProtocolError("PDOL asks for more than %d bytes" % _MAX_DOL)
    return out


def _options(answer):
    """(AFL, objects found) of a GPO answer in format 1 (tag 80) or 2 (tag 77)."""
    plain = tlv.find(answer, (0x80,))
    if plain is not None:
        return plain[2:], {}
    found = {}
    body = tlv.find(answer, (0x77,))
    if body is None:
        raise ProtocolError("GPO answered neither format")
    _collect(body, found)
    return tlv.find(body, (_AFL,)) or b"", found


def _records(afl):
    if len(afl) % 4 or len(afl) > 4 * _MAX_FILES:
        raise ProtocolError("AFL of %d bytes" % len(afl))
    left = _MAX_RECORDS
    for at in range(0, len(afl), 4):
        sfi, first, last = afl[at] >> 3, afl[at + 1], afl[at + 2]
        for number in range(first, last + 1):
            if left == 0:
                return
            left -= 1
            yield apdu.encode(0, 0xB2, number, sfi << 3 | 4, le=256)


def _collect(data, found):
    for tag, value in tlv.objects(data):
        if tag in (_TRACK2, _PAN, _EXPIRY, _ATC):
            found[tag] = bytes(value)


def _card(aid, found):
    digits, expiry = "", ""
    if _TRACK2 in found:
        text = found[_TRACK2].hex().upper()
        digits, _, rest = text.partition("D")
        expiry = rest[:4]
    elif _PAN in found:
        digits = found[_PAN].hex().upper().rstrip("F")
    if _EXPIRY in found:
        expiry = found[_EXPIRY].hex()[:4]
    if len(digits) < 12 or not digits.isdigit():
        raise ProtocolError("no account number where one must be")
    scheme = SCHEMES.get(aid[:8], "UnionPay")
    atc = found[_ATC]
    counter = atc[0] << 8 | atc[1] if len(atc) == 2 else None
    return BankCard(scheme, digits[-4:], expiry if expiry.isdigit() else "", counter)

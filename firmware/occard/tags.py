"""Plain tags for closed groups: the UID as an identity, and NDEF messages of Type 4 tags.

A UID can be copied and is no proof of anything: good for a staff tag of a reading room, not for
money. NFC Forum Type 4 Tag and NDEF specifications.
"""

from . import apdu
from .errors import ProtocolError, StatusError, WrongCard

NDEF_APPLICATION = b"\xd2\x76\x00\x00\x85\x01\x01"
_CC_FILE = b"\xe1\x03"
_CC_SIZE = 15
_MAX_MESSAGE = 1024
_MAX_RECORDS = 16
_TEXT, _URI = b"T", b"U"
_WELL_KNOWN = 1
# By identifier code (NFC Forum URI RTD 1.0, 3.2.2); a code beyond them puts nothing before.
_PREFIXES = (
    "", "http://www.", "https://www.", "http://", "https://", "tel:", "mailto:",
    "ftp://anonymous:anonymous@", "ftp://ftp.", "ftps://", "sftp://", "smb://", "nfs://",
    "ftp://", "dav://", "news:", "telnet://", "imap:", "rtsp://", "urn:", "pop:", "sip:",
    "sips:", "tftp:", "btspp://", "btl2cap://", "btgoep://", "tcpobex://", "irdaobex://",
    "file://", "urn:epc:id:", "urn:epc:tag:", "urn:epc:pat:", "urn:epc:raw:", "urn:epc:",
    "urn:nfc:",
)  # fmt: skip


def uid_of(target):
    """The tag's UID, 4, 7 or 10 bytes.

    Raises WrongCard for a random one: a 4-byte UID that begins with 08 is another each time
    (ISO/IEC 14443-3; phones and many bank cards).
    """
    uid = bytes(target.uid)
    if len(uid) == 4 and uid[0] == 0x08:
        raise WrongCard("this UID is another one each time")
    return uid


class Record:
    """kind: "text" (in UTF-8), "uri" or "other". text: of these two, else "". payload: bytes."""

    def __init__(self, kind, text, payload):
        self.kind = kind
        self.text = text
        self.payload = payload


async def read_ndef(target):
    """The Records of a Type 4 tag. Raises WrongCard if it is none."""
    try:
        await apdu.send(target, apdu.encode(0, 0xA4, 4, 0, NDEF_APPLICATION, 256))
    except StatusError:
        raise WrongCard("no NDEF application on this tag") from None
    await _select(target, _CC_FILE)
    head = await apdu.send(target, apdu.encode(0, 0xB0, 0, 0, le=_CC_SIZE))
    if len(head) != _CC_SIZE or head[7] != 0x04:
        raise ProtocolError("capability container of %d bytes" % len(head))
    most = max(1, min(head[3] << 8 | head[4], 250))
    await _select(target, head[9:11])
    size = await _binary(target, 0, 2, most)
    length = size[0] << 8 | size[1]
    if length > _MAX_MESSAGE:
        raise ProtocolError("NDEF message of %d bytes, limit %d" % (length, _MAX_MESSAGE))
    return parse(await _binary(target, 2, length, most))


async def _select(target, file):
    await apdu.send(target, apdu.encode(0, 0xA4, 0, 0x0C, file))


async def _binary(target, offset, size, most):
    out = b""
    while len(out) < size:
        at, want = offset + len(out), min(most, size - len(out))
        part = await apdu.send(target, apdu.encode(0, 0xB0, at >> 8, at & 0xFF, le=want))
        if not part or len(part) > want:
            raise ProtocolError("READ BINARY answered %d bytes" % len(part))
        out += part
    return out


def parse(message):
    """The Records of an NDEF message. Raises ProtocolError if it does not fit its bytes."""
    records, at = [], 0
    while at < len(message) and len(records) < _MAX_RECORDS:
        flags = message[at]
        at += 1
        type_size, payload_size, id_size, at = _sizes(message, at, flags)
        kind = message[at : at + type_size]
        start = at + type_size + id_size
        end = start + payload_size
        if end > len(message):
            raise ProtocolError("NDEF record is longer than its message")
        records.append(_record(flags & 7, kind, message[start:end]))
        at = end
        if flags & 0x40:  # message end
            break
    return records


def _sizes(message, at, flags):
    is_short, has_id = flags & 0x10, flags & 0x08
    head = 1 + (1 if is_short else 4) + (1 if has_id else 0)
    if at + head > len(message):
        raise ProtocolError("NDEF record ends early")
    type_size = message[at]
    at += 1
    size = 0
    for _ in range(1 if is_short else 4):
        size = size << 8 | message[at]
        at += 1
    id_size = 0
    if has_id:
        id_size = message[at]
        at += 1
    return type_size, size, id_size, at


def _record(tnf, kind, payload):
    try:
        if tnf == _WELL_KNOWN and kind == _TEXT and payload and not payload[0] & 0x80:
            return Record("text", payload[1 + (payload[0] & 0x3F) :].decode(), payload)
        if tnf == _WELL_KNOWN and kind == _URI and payload:
            prefix = _PREFIXES[payload[0]] if payload[0] < len(_PREFIXES) else ""
            return Record("uri", prefix + payload[1:].decode(), payload)
    except UnicodeError:
        pass  # not what it says: kept as bytes
    return Record("other", "", payload)

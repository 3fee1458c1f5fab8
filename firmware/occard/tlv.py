"""BER-TLV objects as cards give them (ISO/IEC 7816-4, 5.2.2): bounded, two-byte tags at most."""

from .errors import ProtocolError


def objects(data):
    """(tag, value) of each object in `data`, in order; padding between them is passed over.

    Raises ProtocolError if the structure does not fit its bytes.
    """
    offset, end = 0, len(data)
    while offset < end:
        if data[offset] in (0x00, 0xFF):
            offset += 1
            continue
        tag, offset = read_tag(data, offset)
        size, offset = _size(data, offset)
        if offset + size > end:
            raise ProtocolError("object %X is longer than its container" % tag)
        yield tag, data[offset : offset + size]
        offset += size


def find(data, path):
    """Value of the object at `path` (a tuple of tags), or None if it is not there.

    Raises ProtocolError as `objects` does.
    """
    for wanted in path:
        for tag, value in objects(data):
            if tag == wanted:
                data = value
                break
        else:
            return None
    return data


def read_tag(data, offset):
    """(tag, offset behind it); one or two bytes. Raises ProtocolError if the second is missing."""
    tag = data[offset]
    offset += 1
    if tag & 0x1F == 0x1F:
        if offset >= len(data):
            raise ProtocolError("tag ends early")
        tag = tag << 8 | data[offset]
        offset += 1
    return tag, offset


def _size(data, offset):
    if offset >= len(data):
        raise ProtocolError("object without a length")
    size = data[offset]
    offset += 1
    if size < 0x80:
        return size, offset
    count = size & 0x7F
    if count not in (1, 2) or offset + count > len(data):
        raise ProtocolError("length %02X not allowed" % size)
    size = data[offset]
    if count == 2:
        size = size << 8 | data[offset + 1]
    return size, offset + count

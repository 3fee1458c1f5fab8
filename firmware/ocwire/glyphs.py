"""Glyphs that a host lends: of characters in names, which the firmware's own font lacks.

One entry of 36 bytes each, base64 of them back to back:

    0   2   code point (Basic Multilingual Plane)
    2   2   its code in GB 18030, for receipt printers
    4   32  16 x 16 pixels: the upper eight rows, then the lower; a byte a column, the upper pixel
            in the lowest bit
"""

import binascii
import struct

ENTRY_SIZE = 36
TEXT_SIZE = 48  # of an entry in base64
MOST = 100  # in a configuration: what the files of a small board have room for
_FIRST = 0x80  # ASCII is in every font


def pack(entries):
    """Text of entries (character, code of 2 bytes, pages of 32 bytes)."""
    raw = b"".join(
        struct.pack(">H", ord(character)) + code + pages for character, code, pages in entries
    )
    return binascii.b2a_base64(raw).decode().strip()


def unpack(text):
    """[(code point, code, pages), ...]. Raises ValueError."""
    if len(text) % TEXT_SIZE:
        raise ValueError("glyphs have %d characters each" % TEXT_SIZE)
    raw = binascii.a2b_base64(text)
    if len(raw) * 4 != len(text) * 3:
        raise ValueError("glyphs are no base64")
    out = []
    for at in range(0, len(raw), ENTRY_SIZE):
        number = struct.unpack_from(">H", raw, at)[0]
        if number < _FIRST:
            raise ValueError("%02X needs no glyph" % number)
        out.append((number, raw[at + 2 : at + 4], raw[at + 4 : at + ENTRY_SIZE]))
    return out

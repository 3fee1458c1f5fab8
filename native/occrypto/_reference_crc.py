"""The CRCs of the pure Python twin, bit by bit, as the reveng catalogue describes them.

`reflected` and `straight` are looked up here at every call, so that occrypto._viper can put faster
ones in their place.
"""

from occrypto import _reference_util as _util


def reflected(reg, data, poly):
    """The register after data, least significant bit first. No preset, no final XOR."""
    for byte in data:
        reg ^= byte
        for _ in range(8):
            reg = (reg >> 1) ^ (poly if reg & 1 else 0)
    return reg


def straight(reg, data, poly):
    """The 16-bit register after data, most significant bit first."""
    for byte in data:
        reg ^= byte << 8
        for _ in range(8):
            reg = (reg << 1 ^ (poly if reg & 0x8000 else 0)) & 0xFFFF
    return reg


def crc_a(data, crc=0x6363):
    """CRC-16/ISO-IEC-14443-3-A; its preset C6C6 is 6363 as a reflected register holds it."""
    data = _util.as_bytes(data)
    return reflected(_util.integer(crc, 0, 0xFFFF, "crc"), data, 0x8408)


def crc_b(data, crc=0):
    """CRC-16/IBM-SDLC, also called X-25."""
    data = _util.as_bytes(data)
    return reflected(_util.integer(crc, 0, 0xFFFF, "crc") ^ 0xFFFF, data, 0x8408) ^ 0xFFFF


def crc_ccitt(data, crc=0xFFFF):
    """CRC-16/IBM-3740, also called CCITT-FALSE."""
    data = _util.as_bytes(data)
    return straight(_util.integer(crc, 0, 0xFFFF, "crc"), data, 0x1021)


def crc32(data, crc=0, out=None):
    """CRC-32/ISO-HDLC: zip and Ethernet."""
    data = _util.as_bytes(data)
    preset = _util.integer(crc, 0, 0xFFFFFFFF, "crc") ^ 0xFFFFFFFF
    value = reflected(preset, data, 0xEDB88320) ^ 0xFFFFFFFF
    return value if out is None else _util.answer(value.to_bytes(4, "big"), out)

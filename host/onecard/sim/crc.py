"""The two checksums of ISO/IEC 14443-3 annex B, bit by bit as printed there."""


def _crc(data: bytes, initial: int) -> int:
    crc = initial
    for byte in data:
        byte ^= crc & 0xFF
        byte ^= byte << 4 & 0xFF
        crc = ((crc >> 8) ^ (byte << 8) ^ (byte << 3) ^ (byte >> 4)) & 0xFFFF
    return crc


def crc_a(data: bytes) -> bytes:
    """CRC_A in air order (low byte first)."""
    return _crc(data, 0x6363).to_bytes(2, "little")


def crc_b(data: bytes) -> bytes:
    """CRC_B in air order (low byte first)."""
    return (_crc(data, 0xFFFF) ^ 0xFFFF).to_bytes(2, "little")

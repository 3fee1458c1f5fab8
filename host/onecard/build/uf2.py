"""UF2, the file format of the RP2040's boot ROM (github.com/microsoft/uf2)."""

import struct

_MAGIC_START0 = 0x0A324655
_MAGIC_START1 = 0x9E5D5157
_MAGIC_END = 0x0AB16F30
_FLAG_FAMILY = 0x2000
_FAMILY_RP2040 = 0xE48BFF56
_FLASH_START = 0x10000000
_PAYLOAD = 256


def encode(binary: bytes, address: int = _FLASH_START) -> bytes:
    """UF2 blocks of 512 bytes that put `binary` at `address`."""
    count = -(-len(binary) // _PAYLOAD)
    blocks = []
    for number in range(count):
        start = number * _PAYLOAD
        head = struct.pack(
            "<8I",
            _MAGIC_START0,
            _MAGIC_START1,
            _FLAG_FAMILY,
            address + start,
            _PAYLOAD,
            number,
            count,
            _FAMILY_RP2040,
        )
        data = binary[start : start + _PAYLOAD].ljust(476, b"\0")
        blocks.append(head + data + struct.pack("<I", _MAGIC_END))
    return b"".join(blocks)

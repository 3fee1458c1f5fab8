"""UF2, the file format of the RP2040's boot ROM (github.com/microsoft/uf2)."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

from ..errors import OneCardError

_MAGIC_START0 = 0x0A324655
_MAGIC_START1 = 0x9E5D5157
_MAGIC_END = 0x0AB16F30
_NOT_MAIN_FLASH = 0x1
_FLAG_FAMILY = 0x2000
_FAMILY_RP2040 = 0xE48BFF56
_FAMILIES = {0xE48BFF59: "RP2350", 0xE48BFF5A: "RP2350 (RISC-V)", 0xBFDD4EEE: "ESP32-S2",
             0xC47E5767: "ESP32-S3", 0x68ED2B88: "SAMD21", 0x55114460: "SAMD51",
             0xADA52840: "nRF52840"}  # fmt: skip
_FLASH_START = 0x10000000
_FLASH_SIZE = 16 * 1024 * 1024
_PAYLOAD = 256
_BLOCK = 512
_SECTOR_BLOCKS = 16  # of 256 bytes in a sector that is erased at once


class Uf2Error(OneCardError):
    """A file that no RP2040 takes, or not all of it."""


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


@dataclass(frozen=True, repr=False)
class Uf2:
    """A whole image for an RP2040. blocks: of 512 bytes, as in the file."""

    path: Path
    blocks: tuple[bytes, ...]

    @property
    def binary(self) -> bytes:
        """What comes into flash, in the order of the blocks."""
        return b"".join(block[32 : 32 + _PAYLOAD] for block in self.blocks)

    def in_safe_order(self) -> bytes:
        """The blocks in an order after which a torn copy never starts: the boot stage (block 0)
        last, the rest of its sector, which is erased with it, first."""
        first, rest = self.blocks[1:_SECTOR_BLOCKS], self.blocks[_SECTOR_BLOCKS:]
        return b"".join((*first, *rest, self.blocks[0]))


def load(path: Path) -> Uf2:
    """The image in a UF2 file. Raises Uf2Error saying what is wrong with it."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise Uf2Error(f"no UF2 at {path}: {error.strerror}", "onecard build rp2_pico") from error
    if not raw or len(raw) % _BLOCK:
        raise Uf2Error(f"{path} is cut short: {len(raw):,} bytes are no blocks of {_BLOCK}")
    blocks = [raw[at : at + _BLOCK] for at in range(0, len(raw), _BLOCK)]
    for number, block in enumerate(blocks):
        wrong = _wrong_with(block, number, len(blocks))
        if wrong:
            raise Uf2Error(f"{path}: block {number} of {len(blocks)}: {wrong}")
    return Uf2(path, tuple(blocks))


def _wrong_with(block: bytes, number: int, count: int) -> str:
    start0, start1, flags, address, size, no, of, family = struct.unpack_from("<8I", block)
    if (start0, start1) != (_MAGIC_START0, _MAGIC_START1):
        return "no UF2 block"
    if struct.unpack_from("<I", block, _BLOCK - 4)[0] != _MAGIC_END:
        return "damaged"
    if not flags & _FLAG_FAMILY or family != _FAMILY_RP2040:
        name = _FAMILIES.get(family, f"family {family:08x}") if flags & _FLAG_FAMILY else "no chip"
        return f"is for {name}, not for an RP2040"
    if no != number or of != count:
        return f"says that it is block {no} of {of}: blocks are missing or out of order"
    if size != _PAYLOAD or flags & _NOT_MAIN_FLASH:
        return f"{size} bytes that do not go into flash"
    if address != _FLASH_START + number * _PAYLOAD or address >= _FLASH_START + _FLASH_SIZE:
        return f"goes to {address:08x}, where no image lies"
    return ""

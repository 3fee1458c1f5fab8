"""The PN532 as a Pcd: raw frames by InCommunicateThru, ISO/IEC 14443 in software (iso14443.py).

For what the chip's own commands cannot do: more than two cards in the field, PPS, own retries.
"""

import asyncio

from micropython import const

from .base import LinkError
from .pcd import COLLISION, GARBLED, SILENT, Pcd

TYPE_CHECKING = const(0)
if TYPE_CHECKING:
    from ..kinds import Data
    from .pn532 import PN532

_CIU_TX_MODE = b"\x63\x02"
_CIU_RX_MODE = b"\x63\x03"
_CIU_BIT_FRAMING = b"\x63\x3d"
_CRC_ON = const(0x80)
_TYPE_B = const(0x03)
_GUARD_MS = const(6)
_ERR_TIMEOUT = const(0x01)
_ERR_GARBLED = (0x02, 0x03, 0x05, 0x0B)
_ERR_COLLISION = const(0x06)
_MAX_TIMEOUT_CODE = const(16)


class PN532Thru(Pcd):
    """chip: a PN532. It takes frames of 256 bytes (FSDI 8): its buffer holds 262."""

    fsdi = 8
    name = "PN532"

    def __init__(self, chip: "PN532"):
        self._chip = chip
        self.rx = memoryview(bytearray(264))
        self._mode = self._framing = self._timeout_code = -1
        self._base, self._rate = 0, (0, 0)
        self._pairs = bytearray(9)
        self._pairs[0:2], self._pairs[3:5], self._pairs[6:8] = (
            _CIU_TX_MODE,
            _CIU_RX_MODE,
            _CIU_BIT_FRAMING,
        )
        self._item = bytearray((2, 0, 0x0B, 0))

    async def start(self) -> None:
        """See Pcd.start."""
        await self._chip.start()
        self._mode = self._framing = self._timeout_code = -1

    async def switch_field(self, is_on: bool) -> None:
        """See Pcd.switch_field."""
        await self._chip.configure(b"\x01\x01" if is_on else b"\x01\x00")
        await asyncio.sleep_ms(_GUARD_MS)

    async def set_mode(self, kind: str, to_card: int = 0, to_reader: int = 0) -> None:
        """See Pcd.set_mode."""
        self._base = _TYPE_B if kind == "B" else 0
        self._rate = (to_card << 4, to_reader << 4)
        self._mode = -1

    async def transceive(
        self, frame: "Data", timeout_us: int, has_crc: bool = True, last_bits: int = 0
    ) -> int:
        """See Pcd.transceive."""
        align = last_bits if len(frame) > 1 else 0
        await self._set(has_crc, align << 4 | last_bits)
        await self._set_timeout(timeout_us)
        error, answer = await self._chip.thru(frame)
        if not error:
            self.rx[: len(answer)] = answer
            return len(answer)
        if error == _ERR_TIMEOUT:
            return SILENT
        if error == _ERR_COLLISION:
            return COLLISION
        if error in _ERR_GARBLED:
            return GARBLED
        raise LinkError("PN532 error %02X" % error)

    async def _set(self, has_crc: bool, framing: int) -> None:
        mode = self._base | (_CRC_ON if has_crc else 0)
        if mode == self._mode and framing == self._framing:
            return
        pairs = self._pairs
        pairs[2], pairs[5], pairs[8] = mode | self._rate[0], mode | self._rate[1], framing
        await self._chip.write_registers(pairs)
        self._mode, self._framing = mode, framing

    async def _set_timeout(self, timeout_us: int) -> None:
        """RFConfiguration item 2: n is 100 us * 2 ** (n - 1)."""
        code = 1
        while code < _MAX_TIMEOUT_CODE and 100 << (code - 1) < timeout_us:
            code += 1
        if code != self._timeout_code:
            self._item[3] = code
            await self._chip.configure(self._item)
            self._timeout_code = code

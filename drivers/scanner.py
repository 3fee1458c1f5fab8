"""Serial scanners of bar codes and QR codes: Grow GM65, GM66, GM805, GM861 and their kin.

Source: GM65 Bar Code Reader Module, User Manual V1.3, chapters 2 to 4. Settings are "zone bits"
at 16-bit addresses; a command is 7E 00, type, length, address, data, CRC; its answer 02 00, type,
length, data, CRC. A code comes as its bytes with CR or CR LF behind, without any check.
"""

import time

from micropython import const

TYPE_CHECKING = const(0)
if TYPE_CHECKING:
    from .kinds import BytePort

_READ_ZONE = const(0x07)
_WRITE_ZONE = const(0x08)
_ANSWER_HEAD = const(0x02)
_SUCCESS = const(0x00)

_ZONE_MODE = const(0x0000)
_MODE_BITS = const(0x03)
_COMMAND_TRIGGER = const(1)
_CONTINUOUS = const(2)
_ZONE_TRIGGER = const(0x0002)
_ZONE_READ_TIME = const(0x0006)  # tenths of a second; 0 is without end
_ZONE_TAIL = const(0x0060)
_TAIL_CR = const(0x01)  # a tail; bits 6 and 5 are 0: CR. Bit 7: data within a protocol

_ANSWER_MS = const(200)
_TRIES = const(3)
_GAP_MS = const(60)  # bytes of one code follow each other in 1 ms at 9600 bit/s
_END_MS = const(20)
_NOISE = const(4)  # times `most` without an end: no more of it is waited for
_CR = const(0x0D)
_LF = const(0x0A)


class ScannerError(OSError):
    """The module does not answer, or refuses what it is told."""


class BadCode(ScannerError):
    """A code came that cannot be used: too long or cut off. Scan again."""


class Scanner:
    """port: a byte port (drivers.uart_port.UartPort) at 9600 bit/s, 8N1.

    most: bytes of the longest code that is taken. One task uses it at a time.
    """

    def __init__(self, port: "BytePort", most: int = 512):
        self._port = port
        self._code = bytearray(most)
        self._frame = bytearray(9)
        self._answer = bytearray(16)
        self._chunk = bytearray(64)
        self._view = memoryview(self._chunk)
        self._at = self._end = 0  # what of the chunk has not been looked at

    async def start(self, is_continuous: bool = False) -> None:
        """Find the module and set it up. is_continuous: it looks for codes all the time.

        The settings are gone with its power; nothing is written into its EEPROM.
        Raises ScannerError.
        """
        mode = await self._read_zone(_ZONE_MODE)
        # First let it stop sending codes on its own: they would get among the answers.
        await self._write_zone(_ZONE_MODE, mode & ~_MODE_BITS & 0xFF | _COMMAND_TRIGGER)
        await self._write_zone(_ZONE_READ_TIME, 0)
        await self._write_zone(_ZONE_TAIL, _TAIL_CR)
        if is_continuous:
            await self._write_zone(_ZONE_MODE, mode & ~_MODE_BITS & 0xFF | _CONTINUOUS)

    def has_more(self) -> bool:
        """True if something of a code has come."""
        return self._at < self._end or self._port.any() > 0

    async def scan(self, timeout_ms: int) -> "bytes | None":
        """Light up and look for one code; None if there is none in timeout_ms.

        Raises BadCode, ScannerError.
        """
        await self._write_zone(_ZONE_TRIGGER, 1)
        code = None
        try:
            code = await self.read(timeout_ms)
        finally:
            if code is None:
                await self._write_zone(_ZONE_TRIGGER, 0)
        return code

    async def read(self, timeout_ms: int) -> "bytes | None":
        """The next code that comes by itself (start(is_continuous=True)); None after timeout_ms.

        Raises BadCode.
        """
        start_ms, left_ms = time.ticks_ms(), timeout_ms
        byte = await self._byte(left_ms)
        while byte == _CR or byte == _LF:  # CR LF ends one code, not two
            left_ms = timeout_ms - time.ticks_diff(time.ticks_ms(), start_ms)
            byte = await self._byte(left_ms) if left_ms > 0 else -1
        if byte < 0:
            return None
        return await self._rest_of(byte)

    async def _rest_of(self, byte: int) -> bytes:
        """The code that begins with `byte`. CR or LF ends a text; what has other bytes in it may
        have these too, and is over when nothing comes behind a CR or CR LF."""
        code, size, before = self._code, 0, 0
        is_text = True
        while byte >= 0:
            if is_text and (byte == _CR or byte == _LF):
                break
            is_text = is_text and 0x20 <= byte < 0x7F
            if size < len(code):
                code[size] = byte
            size += 1
            if size > _NOISE * len(code):
                break  # this never was a code
            last, before = before, byte
            byte = await self._byte(_END_MS if byte == _CR else _GAP_MS)
        else:
            tail = 1 if before == _CR else 2 if (last, before) == (_CR, _LF) else 0
            if is_text or not tail:
                raise BadCode("cut off after %d bytes" % size)
            size -= tail
        if size > len(code):
            raise BadCode("longer than %d bytes" % len(code))
        return bytes(code[:size])

    # -- commands ---------------------------------------------------------------------------

    async def _read_zone(self, address: int) -> int:
        await self._command(_READ_ZONE, address, 1)
        return self._answer[4]

    async def _write_zone(self, address: int, value: int) -> None:
        await self._command(_WRITE_ZONE, address, value)

    async def _command(self, kind: int, address: int, value: int) -> None:
        """Send a command until it is answered. data of the answer: _answer[4:]."""
        frame = self._frame
        frame[0] = 0x7E
        frame[1] = 0
        frame[2] = kind
        frame[3] = 1
        frame[4] = address >> 8
        frame[5] = address & 0xFF
        frame[6] = value
        crc = _crc(frame, 2, 7)
        frame[7] = crc >> 8
        frame[8] = crc & 0xFF
        for _ in range(_TRIES):
            self._port.clear()
            self._at = self._end = 0
            self._port.write(frame)
            if await self._receive():
                if self._answer[2] != _SUCCESS:
                    raise ScannerError("refuses zone %04x: %02x" % (address, self._answer[2]))
                return
        raise ScannerError("does not answer about zone %04x" % address)

    async def _receive(self) -> bool:
        """Wait for an answer that is whole; what else comes is dropped. False if none does."""
        answer, size = self._answer, 0
        for _ in range(2 * len(self._code)):
            byte = await self._byte(_ANSWER_MS)
            if byte < 0:
                return False
            if size == 1 and byte != 0:
                size = 0  # what looked like the head was none
            if size == 0 and byte != _ANSWER_HEAD:
                continue
            answer[size] = byte
            size += 1
            if size < 4:
                continue
            whole = 6 + answer[3]
            if whole > len(answer):
                size = 0
            elif size == whole:
                if _crc(answer, 2, size - 2) == answer[size - 2] << 8 | answer[size - 1]:
                    return True
                size = 0
        return False

    async def _byte(self, timeout_ms: int) -> int:
        """The next byte, -1 after timeout_ms."""
        if self._at == self._end:
            self._at, self._end = 0, await self._port.read_into(self._view, timeout_ms)
            if not self._end:
                return -1
        byte = self._chunk[self._at]
        self._at += 1
        return byte


def _crc(data: bytearray, start: int, end: int) -> int:
    """CRC-16/CCITT, start value 0, of data[start:end] (manual, appendix A)."""
    crc = 0
    for i in range(start, end):
        crc ^= data[i] << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xFFFF
    return crc

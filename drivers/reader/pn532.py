"""NXP PN532 on its high-speed UART (HSU). User manual UM0701-02.

The chip runs ISO/IEC 14443-3 and -4 itself. All buffers are made once; every wait has an end.
"""

import asyncio
import time

from micropython import const

from .base import CardGone, LinkError, Reader, Target
from .pn532_frame import ABORT_OR_ACK, NACK, FrameReader, put_frame

_GET_FIRMWARE_VERSION = const(0x02)
_SET_SERIAL_BAUD_RATE = const(0x10)
_SAM_CONFIGURATION = const(0x14)
_RF_CONFIGURATION = const(0x32)
_IN_DATA_EXCHANGE = const(0x40)
_IN_LIST_PASSIVE_TARGET = const(0x4A)
_IN_RELEASE = const(0x52)
_DIAGNOSE = const(0x00)
_IC_PN532 = const(0x32)

_ACK_TIMEOUT_MS = const(250)  # 15 ms by the manual; a bridge or a loaded host takes longer
_COMMAND_TIMEOUT_MS = const(300)
_POLL_TIMEOUT_MS = const(1000)
_EXCHANGE_TIMEOUT_MS = const(5500)  # FWI 14 is 4.95 s; the chip itself ends a silent exchange
_PASSIVE_TRIES = const(10)
_POLL_PAUSE_MS = const(10)
_TRIES = const(3)
_STATUS_ERROR = const(0x3F)
_STATUS_MORE = const(0x40)

_RESET_BAUD = 115200
_FAST_BAUD = 921600
_FAST_BAUD_CODE = const(7)  # UM0701-02 7.2.7
_RETRIES = bytes((5, 0xFF, 1, _PASSIVE_TRIES))  # RFConfiguration item 5: ATR, PSL, passive
_FIELD_OFF = b"\x01\x00"
_WAKE_UP = b"\x55\x55" + bytes(14)

# UM0701-02 7.1: errors that mean "no card any more"; all others are the reader's own.
_GONE = (0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0A, 0x0B, 0x13, 0x23, 0x27, 0x29, 0x2A, 0x2B)


class SyntaxErrorFrame(LinkError):
    """The chip does not know the command or its length."""


class PN532(Reader):
    """port: write(buf), `await read_into(view, timeout_ms) -> count`, set_baud(rate), clear().

    is_fast: raise the line to 921600 baud after waking (24 ms less for each purchase).
    """

    def __init__(self, port, is_fast=True):
        self._port = port
        self._is_fast = is_fast
        self._tx = bytearray(300)
        self._frames = FrameReader(port)
        self._has_presence_check = True
        self.firmware = b""

    async def start(self):
        """Wake the chip at whatever speed it runs, check it, set its retries."""
        baud = await self._wake()
        version = bytes(await self._command(_GET_FIRMWARE_VERSION, b""))
        if len(version) != 4 or version[0] != _IC_PN532:
            raise LinkError("not a PN532: firmware version answer %s" % version.hex())
        self.firmware = version[1:3]
        if self._is_fast and baud != _FAST_BAUD:
            await self._raise_baud()
        await self._configure(_FIELD_OFF)  # a card left active by an earlier start begins anew
        await self._configure(_RETRIES)

    async def _configure(self, item):
        try:
            await self._command(_RF_CONFIGURATION, item)
        except LinkError:
            pass  # its own setting holds; poll ends an endless search by ABORT

    async def _wake(self):
        for baud in (_RESET_BAUD, _FAST_BAUD, _RESET_BAUD):
            self._port.set_baud(baud)
            try:
                await self._sam_configuration()
                return baud
            except LinkError as error:
                last = error
        raise last

    async def _sam_configuration(self):
        """Normal mode: also ends the LowVbat state the chip wakes up in (UM0701-02 7.2.10)."""
        self._port.write(_WAKE_UP)
        await self._command(_SAM_CONFIGURATION, b"\x01\x14\x01")

    async def _raise_baud(self):
        try:
            await self._command(_SET_SERIAL_BAUD_RATE, bytes((_FAST_BAUD_CODE,)))
        except LinkError:
            return  # a chip or a bridge that cannot: stay where we are
        self._port.write(ABORT_OR_ACK)  # only now both sides switch
        await asyncio.sleep_ms(2)
        self._port.set_baud(_FAST_BAUD)
        try:
            await self._command(_GET_FIRMWARE_VERSION, b"")
        except LinkError:
            self._is_fast = False
            self._port.set_baud(_RESET_BAUD)
            await self._sam_configuration()

    # -- the contract ---------------------------------------------------------------

    async def poll(self, timeout_ms):
        """Wait for one ISO/IEC 14443 type A card; see Reader.poll."""
        start = time.ticks_ms()
        while True:
            try:
                data = await self._command(_IN_LIST_PASSIVE_TARGET, b"\x01\x00", _POLL_TIMEOUT_MS)
            except NoAnswer:
                return None  # an endless search, aborted: no card came
            if data and data[0]:
                return self._target(data)
            if time.ticks_diff(time.ticks_ms(), start) >= timeout_ms:
                return None
            await asyncio.sleep_ms(_POLL_PAUSE_MS)

    def _target(self, data):
        if len(data) < 6 or len(data) < 6 + data[5]:
            raise LinkError("target data of %d bytes" % len(data))
        uid_end = 6 + data[5]
        return PN532Target(self, data[1], data[4], bytes(data[6:uid_end]), bytes(data[uid_end:]))

    async def exchange(self, number, command):
        """One APDU with target `number` through InDataExchange; see Target.exchange."""
        data = await self._command(
            _IN_DATA_EXCHANGE, bytes((number,)) + command, _EXCHANGE_TIMEOUT_MS
        )
        answer = self._checked(data)
        while data[0] & _STATUS_MORE:
            data = await self._command(_IN_DATA_EXCHANGE, bytes((number,)), _EXCHANGE_TIMEOUT_MS)
            answer += self._checked(data)
            if len(answer) > 258:
                raise LinkError("answer longer than a short APDU allows")
        return answer

    @staticmethod
    def _checked(data):
        """Answer bytes behind a status byte; raises CardGone or LinkError by its error code."""
        if not data:
            raise LinkError("answer without a status byte")
        code = data[0] & _STATUS_ERROR
        if code in _GONE:
            raise CardGone("PN532 error %02X" % code)
        if code:
            raise LinkError("PN532 error %02X" % code)
        return bytes(data[1:])

    async def is_present(self, target):
        """Ask the card by Diagnose 6 (an R(NAK)); True if it answers. UM0701-02 7.2.1.

        A card without ISO/IEC 14443-4 does not know that question: it is looked for anew.
        """
        if self._has_presence_check and target.is_iso_dep:
            try:
                data = await self._command(_DIAGNOSE, b"\x06", _POLL_TIMEOUT_MS)
                return len(data) == 1 and data[0] == 0
            except LinkError:
                self._has_presence_check = False
        await self.release(target.number)
        data = await self._command(_IN_LIST_PASSIVE_TARGET, b"\x01\x00", _POLL_TIMEOUT_MS)
        return bool(data and data[0]) and self._target(data).uid == target.uid

    async def release(self, number):
        """Let the target go (InRelease)."""
        await self._command(_IN_RELEASE, bytes((number,)))

    # -- one command ------------------------------------------------------------------

    async def _command(self, code, data, timeout_ms=_COMMAND_TIMEOUT_MS):
        """Send a command, return its response data (a view, valid until the next command).

        Resends a command that was not acknowledged, asks again for a garbled response. Raises
        NoAnswer when the response does not come (the command is aborted), LinkError else.
        """
        size = put_frame(self._tx, code, data)
        for _ in range(_TRIES):
            self._port.clear()
            self._frames.clear()
            self._port.write(memoryview(self._tx)[:size])
            if await self._frames.ack(_ACK_TIMEOUT_MS):
                return await self._response(code, timeout_ms)
        raise LinkError("PN532 does not acknowledge command %02X" % code)

    async def _response(self, code, timeout_ms):
        for _ in range(_TRIES):
            state, data = await self._frames.response(timeout_ms)
            if state == FrameReader.TIMED_OUT:
                self._port.write(ABORT_OR_ACK)
                raise NoAnswer("no response to command %02X in %d ms" % (code, timeout_ms))
            if state == FrameReader.SYNTAX_ERROR:
                raise SyntaxErrorFrame("PN532 refuses command %02X" % code)
            if state == FrameReader.GARBLED:
                self._port.write(NACK)
                continue
            if data[0] != 0xD5 or data[1] != code + 1:
                raise LinkError("response %02X to command %02X" % (data[1], code))
            return data[2:]
        raise LinkError("garbled responses to command %02X" % code)


class NoAnswer(LinkError):
    """The chip took the command and never answered it; it was aborted."""


class PN532Target(Target):
    """A card listed by the chip."""

    def __init__(self, chip, number, sak, uid, ats):
        self._chip = chip
        self.number = number
        self.uid = uid
        self.ats = ats
        self.is_iso_dep = bool(sak & 0x20)

    async def exchange(self, command):
        """See Target.exchange."""
        return await self._chip.exchange(self.number, command)

    async def is_present(self):
        """See Target.is_present."""
        return await self._chip.is_present(self)

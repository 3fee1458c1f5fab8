"""NXP PN532. User manual UM0701-02, data sheet PN532/C1.

The chip runs ISO/IEC 14443-3 and -4 itself. All buffers are made once; every wait has an end.
"""

import asyncio
import time

from micropython import const

from .base import CardGone, LinkError, Reader, SeveralCards, Target
from .iso14443 import Iso14443Reader
from .pn532_frame import ABORT_OR_ACK, ACK, ANSWER, GARBLED, NACK, SYNTAX_ERROR, put_frame
from .pn532_link import FAST_BAUD_CODE, TIMED_OUT
from .pn532_thru import PN532Thru

TYPE_CHECKING = const(0)
if TYPE_CHECKING:
    from ..kinds import Data, Switch
    from .pn532_link import Link

_DIAGNOSE = const(0x00)
_GET_FIRMWARE_VERSION = const(0x02)
_WRITE_REGISTER = const(0x08)
_SET_SERIAL_BAUD_RATE = const(0x10)
_SAM_CONFIGURATION = const(0x14)
_POWER_DOWN = const(0x16)
_RF_CONFIGURATION = const(0x32)
_IN_DATA_EXCHANGE = const(0x40)
_IN_COMMUNICATE_THRU = const(0x42)
_IN_LIST_PASSIVE_TARGET = const(0x4A)
_IN_RELEASE = const(0x52)
_IC_PN532 = const(0x32)

_ACK_TIMEOUT_MS = const(250)  # 15 ms by the manual; a bridge or a loaded host takes longer
_COMMAND_TIMEOUT_MS = const(300)
_POLL_TIMEOUT_MS = const(1000)
_EXCHANGE_TIMEOUT_MS = const(5500)  # FWI 14 is 4.95 s; the chip itself ends a silent exchange
_RESET_MS = const(10)
_TRIES = const(3)
_STATUS_ERROR = const(0x3F)
_STATUS_MORE = const(0x40)
_MAX_ANSWER = const(258)
_ACK_SIZE = const(6)
_AROUND = const(10)  # bytes of an InDataExchange response's frame around the card's answer

_RETRIES = b"\x05\xff\x01\x08"  # RFConfiguration item 5: ATR, PSL, passive activation (9 looks)
_FIELD_OFF = b"\x01\x00"
_TYPE_A = b"\x02\x00"  # MaxTg 2: a second card is told from the first
_TYPE_B = b"\x01\x03\x00"  # one card, AFI of all families, one time slot
_B_EVERY = const(8)  # one search of so many, 45 ms each, is for type B
_ALL_LINKS = b"\xb0"  # wake from PowerDown by I2C, SPI or HSU
_NOTHING = b""
_TO_CARD = (_IN_DATA_EXCHANGE, _IN_COMMUNICATE_THRU)

# UM0701-02 7.1: errors that mean "no card any more"; all others are the reader's own.
_GONE = (0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0A, 0x0B, 0x13, 0x23, 0x27, 0x29, 0x2A, 0x2B)
_OVERHEATED = const(0x0D)
_OVERCURRENT = const(0x2D)


class SyntaxErrorFrame(LinkError):
    """The chip does not know the command or its length."""


class NoAnswer(LinkError):
    """The chip took the command and never answered it; it was aborted."""


class PN532(Reader):
    """link: HsuLink, I2cLink or SpiLink. reset: pin at RSTPDN, active low, or None.

    has_type_b: type B cards are looked for too. period_ms: pause between two looks; in it the chip
    is in PowerDown if is_sleeping (4 uA instead of some 100 mA with the field on).

    The chip itself tells two cards apart; where several are to be served, ISO/IEC 14443 runs in
    software over its raw frames.
    """

    def __init__(
        self,
        link: "Link",
        reset: "Switch | None" = None,
        has_type_b: bool = True,
        period_ms: int = 0,
        is_sleeping: bool = False,
    ):
        self.link = link
        self.serves_several = False
        self._incoming = link.incoming
        self._reset = reset
        self._has_type_b = has_type_b
        self._period_ms = period_ms
        self._is_sleeping = is_sleeping
        self._has_presence_check = True
        self._looks = 0
        self._in_software: "Iso14443Reader | None" = None
        self._long = bytearray(_MAX_ANSWER)  # an answer that comes in parts
        self.firmware = b""

    # -- starting ---------------------------------------------------------------------

    async def start(self) -> None:
        """Wake the chip however it is, check it, set its retries."""
        if self._reset is not None:
            self._reset(0)
            await asyncio.sleep_ms(_RESET_MS)
            self._reset(1)
            await asyncio.sleep_ms(_RESET_MS)
        await self._wake()
        version = bytes(await self.command(_GET_FIRMWARE_VERSION, _NOTHING))
        if len(version) != 4 or version[0] != _IC_PN532:
            raise LinkError("not a PN532: firmware version answer %s" % version.hex())
        self.firmware = version[1:3]
        if self.link.can_raise and not self.link.is_raised:
            await self._raise_speed()
        self._in_software = None
        await self._configure(_FIELD_OFF)  # a card left active by an earlier start begins anew
        await self._configure(_RETRIES)

    async def _configure(self, item: "Data") -> None:
        try:
            await self.command(_RF_CONFIGURATION, item)
        except LinkError:
            pass  # its own setting holds; poll ends an endless search by ABORT

    async def _wake(self) -> None:
        last = LinkError("no way to wake the chip")
        for way in self.link.wakes:
            try:
                await self.link.wake(way)
                await self._sam_configuration()
                return
            except LinkError as error:
                last = error
        raise last

    async def _sam_configuration(self) -> None:
        """Normal mode, IRQ in use: ends the LowVbat state the chip wakes up in (7.2.10)."""
        await self.command(_SAM_CONFIGURATION, b"\x01\x14\x01")

    async def _raise_speed(self) -> None:
        try:
            await self.command(_SET_SERIAL_BAUD_RATE, bytes((FAST_BAUD_CODE,)))
        except LinkError:
            return  # a chip that cannot: stay where we are
        await self.link.raise_speed()
        try:
            await self.command(_GET_FIRMWARE_VERSION, _NOTHING)
        except LinkError:
            self.link.lower_speed()
            await self._wake()

    async def power_down(self) -> None:
        """Let the chip sleep until the next start() or poll(): field off, 4 uA (7.2.11)."""
        await self.command(_POWER_DOWN, _ALL_LINKS)

    # -- looking for cards --------------------------------------------------------------

    async def poll(self, timeout_ms: int) -> "Target | None":
        """See Reader.poll."""
        if self.serves_several:
            return await self._serving().poll(timeout_ms)
        start = time.ticks_ms()
        while True:
            self._looks += 1
            target = await self._look(self._has_type_b and not self._looks % _B_EVERY)
            if target is not None or time.ticks_diff(time.ticks_ms(), start) >= timeout_ms:
                return target
            await self._pause()

    async def _look(self, is_b: bool) -> "Target | None":
        if is_b:
            return self._target_b(await self._list(_TYPE_B))
        return await self._target_a(await self._list(_TYPE_A))

    def _serving(self) -> "Iso14443Reader":
        reader = self._in_software
        if reader is None:
            reader = self._in_software = Iso14443Reader(PN532Thru(self), self._has_type_b)
            reader.serves_several = True
        return reader

    async def _pause(self) -> None:
        if self._is_sleeping and self._period_ms:
            await self.power_down()
            await asyncio.sleep_ms(self._period_ms)
            await self._wake()
        else:
            await asyncio.sleep_ms(self._period_ms)

    async def _list(self, what: "Data") -> memoryview:
        """Target data of InListPassiveTarget from NbTg on; empty if none came in time."""
        try:
            return await self.command(_IN_LIST_PASSIVE_TARGET, what, _POLL_TIMEOUT_MS)
        except NoAnswer:
            return memoryview(_NOTHING)  # an endless search, aborted: no card came

    async def _target_a(self, data: memoryview) -> "Target | None":
        if not data or not data[0]:
            return None
        first, rest = self._parse_a(data[1:])
        if data[0] == 1:
            return first
        second, _ = self._parse_a(rest)
        await self.command(_IN_RELEASE, b"\x00")
        raise SeveralCards((first.uid, second.uid))

    def _parse_a(self, data: memoryview) -> "tuple[PN532Target, memoryview]":
        """A target and what follows it; an ATS counts its own bytes."""
        if len(data) < 5 or len(data) < 5 + data[4]:
            raise LinkError("target data of %d bytes" % len(data))
        end = 5 + data[4]
        ats_size = data[end] if data[3] & 0x20 and len(data) > end else 0
        if len(data) < end + ats_size:
            raise LinkError("ATS of %d bytes is cut" % ats_size)
        ats = bytes(data[end : end + ats_size])
        target = PN532Target(self, data[0], bytes(data[5:end]), ats, bool(data[3] & 0x20))
        return target, data[end + ats_size :]

    def _target_b(self, data: memoryview) -> "PN532Target | None":
        if not data or not data[0]:
            return None
        if len(data) < 15 or data[2] != 0x50:
            raise LinkError("type B target data of %d bytes" % len(data))
        target = PN532Target(self, data[1], bytes(data[3:7]), _NOTHING, True)
        target.kind = "B"
        return target

    # -- talking to a card ----------------------------------------------------------------

    async def exchange(self, number: int, command: "Data", expected: int = 0) -> memoryview:
        """One APDU with target `number` through InDataExchange; see Target.exchange."""
        size = expected + _AROUND if expected else 0
        data = await self.command(_IN_DATA_EXCHANGE, command, _EXCHANGE_TIMEOUT_MS, number, size)
        answer = self._checked(data)
        if not data[0] & _STATUS_MORE:
            return answer
        size, long = 0, self._long
        while True:
            end = size + len(answer)
            if end > _MAX_ANSWER:
                raise LinkError("answer longer than a short APDU allows")
            long[size:end] = answer
            size = end
            if not data[0] & _STATUS_MORE:
                return memoryview(long)[:size]
            data = await self.command(_IN_DATA_EXCHANGE, _NOTHING, _EXCHANGE_TIMEOUT_MS, number)
            answer = self._checked(data)

    @staticmethod
    def _checked(data: memoryview) -> memoryview:
        """Answer bytes behind a status byte; raises CardGone or LinkError by its error code."""
        if not data:
            raise LinkError("answer without a status byte")
        code = data[0] & _STATUS_ERROR
        if not code:
            return data[1:]
        if code in _GONE:
            raise CardGone("PN532 error %02X" % code)
        if code in (_OVERHEATED, _OVERCURRENT):
            raise LinkError("PN532 switched its antenna off: error %02X" % code)
        raise LinkError("PN532 error %02X" % code)

    async def is_present(self, target: "PN532Target") -> bool:
        """Ask the card by Diagnose 6 (an R(NAK)); True if it answers. UM0701-02 7.2.1.

        A card without ISO/IEC 14443-4 does not know that question: it is looked for anew.
        """
        if self._has_presence_check and target.is_iso_dep:
            try:
                data = await self.command(_DIAGNOSE, b"\x06", _POLL_TIMEOUT_MS)
                return len(data) == 1 and data[0] == 0
            except LinkError:
                self._has_presence_check = False
        await self.release(target.number)
        if target.kind == "B":
            again = self._target_b(await self._list(_TYPE_B))
        else:
            data = await self._list(_TYPE_A)
            again = self._parse_a(data[1:])[0] if data and data[0] else None
        return again is not None and again.uid == target.uid

    async def release(self, number: int) -> None:
        """Let the target go (InRelease)."""
        await self.command(_IN_RELEASE, bytes((number,)))

    async def thru(self, frame: "Data") -> "tuple[int, memoryview]":
        """A raw frame through InCommunicateThru: (error code, answer view)."""
        data = await self.command(_IN_COMMUNICATE_THRU, frame, _EXCHANGE_TIMEOUT_MS)
        if not data:
            raise LinkError("answer without a status byte")
        return data[0] & _STATUS_ERROR, data[1:]

    async def write_registers(self, pairs: "Data") -> None:
        """WriteRegister (7.2.5). pairs: address high, low and value of each."""
        await self.command(_WRITE_REGISTER, pairs)

    async def configure(self, item: "Data") -> None:
        """RFConfiguration (7.3.1): the item's number and values. Raises LinkError."""
        await self.command(_RF_CONFIGURATION, item)

    # -- one command ------------------------------------------------------------------

    async def command(
        self,
        code: int,
        data: "Data",
        timeout_ms: int = _COMMAND_TIMEOUT_MS,
        target: int = -1,
        size: int = 0,
    ) -> memoryview:
        """Send a command, return its response data (a view, valid until the next command).

        size: of the response's frame, if it is known.

        Resends a command that was not acknowledged, asks again for a garbled response. What goes
        to a card is sent once: it may have been carried out though its ACK was lost (P2). Raises
        NoAnswer when the response does not come (the command is aborted), LinkError else.
        """
        link = self.link
        size = put_frame(link.tx, code, data, target)
        for _ in range(1 if code in _TO_CARD else _TRIES):
            link.send(size)
            state = await self._acknowledged(code)
            if state == ANSWER:
                return self._answer(code)
            if state == SYNTAX_ERROR:
                raise SyntaxErrorFrame("PN532 refuses command %02X" % code)
            if state == ACK:
                return await self._response(code, timeout_ms, size)
        raise LinkError("PN532 does not acknowledge command %02X" % code)

    async def _acknowledged(self, code: int) -> int:
        """ACK, or the response at once where the ACK was garbled, or what came instead."""
        state = GARBLED
        for _ in range(_TRIES):
            state = await self.link.receive(_ACK_TIMEOUT_MS, _ACK_SIZE)
            if state != GARBLED:
                break
        return state

    def _answer(self, code: int) -> memoryview:
        incoming = self.link.incoming
        view, start = incoming.view, incoming.start
        if view[start] != 0xD5 or view[start + 1] != code + 1:
            raise LinkError("response %02X to command %02X" % (view[start + 1], code))
        return view[start + 2 : incoming.end]

    async def _response(self, code: int, timeout_ms: int, size: int) -> memoryview:
        link, tries = self.link, _TRIES
        while tries:
            state = await link.receive(timeout_ms, size)
            if state == ANSWER:
                return self._answer(code)
            if state == TIMED_OUT:
                link.write(ABORT_OR_ACK)
                raise NoAnswer("no response to command %02X in %d ms" % (code, timeout_ms))
            if state == SYNTAX_ERROR:
                raise SyntaxErrorFrame("PN532 refuses command %02X" % code)
            tries -= 1
            if state == GARBLED and tries:
                link.write(NACK)
        raise LinkError("garbled responses to command %02X" % code)


class PN532Target(Target):
    """A card listed by the chip."""

    def __init__(self, chip: "PN532", number: int, uid: bytes, ats: bytes, is_iso_dep: bool):
        self._chip = chip
        self.number = number
        self.uid = uid
        self.ats = ats
        self.is_iso_dep = is_iso_dep

    async def exchange(self, command: "Data", expected: int = 0) -> memoryview:
        """See Target.exchange."""
        return await self._chip.exchange(self.number, command, expected)

    async def is_present(self) -> bool:
        """See Target.is_present."""
        return await self._chip.is_present(self)

    async def release(self) -> None:
        """See Target.release."""
        await self._chip.release(self.number)

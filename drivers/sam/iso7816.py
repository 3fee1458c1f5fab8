"""A contact card slot (PSAM) by ISO/IEC 7816-3:2006, protocol T=0.

The card's I/O is one wire: the UART's TX and RX are joined on it (docs/hardware.md). Its clock
comes from a PWM output. See line.py for what is needed of the UART.
"""

import asyncio

from micropython import const

from .atr import F_DEFAULT, MAX_SIZE, TS_DIRECT, TS_INVERSE, Atr, missing
from .base import (
    CardMute,
    NotPowered,
    ProtocolError,
    SamError,
    SamTimeout,
    Slot,
    SlotEmpty,
    Unsupported,
)
from .t0 import T0

TYPE_CHECKING = const(0)
if TYPE_CHECKING:
    from ..kinds import Clock, Data, Level, Room, Switch
    from .line import CardLine

_OFF_MS = const(10)  # between taking the supply and giving it again, 6.2.4
_SETTLE_MS = const(5)  # the supply's and the clock's
_RESET_MS = const(2)  # 400 clocks at least, 6.2.2: 0.4 ms at 1 MHz
_RESETS = const(3)
_ATR_CLOCKS = const(40000)  # the latest start after RST, 6.2.2
_FIRST_MS = const(15)  # one character and slack
_INITIAL_ETU = const(9600)  # the most between two characters of an ATR or a PPS, 8.1
_SLACK_MS = const(5)
_HALF = const(32768)
_TS_INVERSE_SEEN = const(0x03)  # an inverse TS to a UART set for the direct convention
_PPSS = const(0xFF)
_PPS1 = const(0x10)  # PPS0: PPS1 is there, T=0
_TA1_DEFAULT = const(0x11)


class Iso7816Slot(Slot):
    """line: CardLine. clock: machine.PWM or alike (freq, duty_u16). rst, vcc: pins, called with a
    level; vcc None: the card's supply is always on. present: called for True if there is a card.

    clock_hz: 1 to 5 MHz; what the PWM makes of it counts. reset_etus: clocks for each bit of the
    ATR, in the order tried (93: SAMs that start at 38400). max_baud: the fastest agreed on.
    max_nulls: how often in a row a card may ask for time; each is worth a waiting time.

    Slots that share a line have a reset pin each, and a supply and a clock if the board gives
    them: power_on() of one holds the others in reset with their clocks off, and they begin anew
    when their turn comes. They stay supplied: a card without supply would hold the wire low.
    """

    def __init__(
        self,
        line: "CardLine",
        clock: "Clock",
        rst: "Switch",
        vcc: "Switch | None" = None,
        present: "Level | None" = None,
        clock_hz: int = 3571200,
        reset_etus: "tuple[int, ...]" = (F_DEFAULT,),
        max_baud: int = 1000000,
        max_nulls: int = 200,
    ):
        self._line = line
        self._clock = clock
        self._rst = rst
        self._vcc = vcc
        self._present = present
        self._reset_etus = reset_etus
        self._max_baud = max_baud
        self._t0 = T0(line, max_nulls)
        self._buf = bytearray(MAX_SIZE)
        clock.freq(clock_hz)
        self._clock_hz = clock.freq()
        self.is_on = False
        self.atr = b""
        self.baud = 0
        line.slots.append(self)
        self._hold()
        self.supply(0)

    # -- the contract -----------------------------------------------------------------

    async def power_on(self) -> bytes:
        """See Slot.power_on."""
        async with self._line.lock:
            if self._line.owner is not None:
                self._line.owner._hold()
            self._line.owner = self
            is_done = False
            try:
                if self._present is not None and not self._present():
                    raise SlotEmpty("the slot is empty")
                atr = await self._start()
                is_done = True
            finally:
                if not is_done:
                    self.power_off()
            self.atr, self.is_on = atr.raw, True
            return self.atr

    async def exchange(self, command: "Data", into: "Room") -> int:
        """See Slot.exchange."""
        async with self._line.lock:
            if not self.is_on:
                raise NotPowered("power_on() first")
            data_at, data_size = self._t0.begin(command)
            is_done = False
            try:
                size = await self._t0.run(command, data_at, data_size, into)
                is_done = True
                return size
            finally:
                if not is_done:  # also when the caller gave up: the card is in mid-command
                    self.power_off()

    def power_off(self) -> None:
        """See Slot.power_off."""
        self._hold()
        if self._line.owner is self:
            self._line.owner = None
            for slot in self._line.slots:
                slot.supply(0)

    # -- contacts -----------------------------------------------------------------------

    def supply(self, level: int) -> None:
        """The card's supply on or off."""
        if self._vcc is not None:
            self._vcc(level)

    def _hold(self) -> None:
        """6.4: RST, then CLK; the supply, with I/O's pull-up, may go after that."""
        self.is_on = False
        self._rst(0)
        self._clock.duty_u16(0)

    async def _cold_reset(self) -> None:
        """6.2.1: the supply, I/O high, the clock, and RST low for its time; RST goes high."""
        self._hold()
        self.supply(0)
        await asyncio.sleep_ms(_OFF_MS)
        for slot in self._line.slots:
            slot.supply(1)
        await asyncio.sleep_ms(_SETTLE_MS)
        self._clock.duty_u16(_HALF)
        await asyncio.sleep_ms(_SETTLE_MS)
        self._line.clear()
        self._rst(1)

    async def _warm_reset(self) -> None:
        """6.2.3: RST low for its time, the rest goes on."""
        self._rst(0)
        await asyncio.sleep_ms(_RESET_MS)
        self._line.clear()
        self._rst(1)

    def _set_speed(self, fi: int, di: int, is_inverse: bool) -> None:
        self.baud = self._baud(fi, di)
        self._line.set_speed(self.baud, is_inverse)

    def _baud(self, fi: int, di: int) -> int:
        """7.1: an etu is Fi/Di clocks; rounded to whole bit/s."""
        return (self._clock_hz * di + fi // 2) // fi

    def _clocks_ms(self, clocks: int) -> int:
        return clocks * 1000 // self._clock_hz + 1

    # -- answer to reset ----------------------------------------------------------------

    async def _start(self) -> Atr:
        """Reset at each speed until an ATR comes, agree on a speed: an Atr."""
        error: "SamError | None" = None
        for clocks in self._reset_etus:
            try:
                atr = await self._reset(clocks)
            except SamError as failed:
                if error is None or not isinstance(failed, CardMute):
                    error = failed
                continue
            return await self._agree(atr, clocks)
        raise error or CardMute("no speed to try")

    async def _reset(self, clocks: int) -> Atr:
        """Cold reset at one speed, the ATR. Warm resets: for the inverse convention, for noise."""
        self._set_speed(clocks, 1, False)
        await self._cold_reset()
        error: "SamError | None" = None
        for _ in range(_RESETS):
            if error is not None:
                self._set_speed(clocks, 1, self._line.first == _TS_INVERSE_SEEN)
                await self._warm_reset()
            try:
                return await self._atr()
            except CardMute:
                raise
            except SamError as garbled:
                error = garbled
        raise error or CardMute("no ATR")

    async def _atr(self) -> Atr:
        """The characters of one ATR. Raises CardMute if nothing comes, else what is wrong."""
        buf, line, count = self._buf, self._line, 1
        try:
            await line.read(buf, 0, 1, self._clocks_ms(_ATR_CLOCKS) + _FIRST_MS)
        except SamTimeout:
            raise CardMute("no answer to reset at %d bit/s" % self.baud)
        if buf[0] != (TS_INVERSE if line.is_inverse else TS_DIRECT):
            raise ProtocolError("no TS but %02X" % buf[0])
        next_ms = _INITIAL_ETU * 1000 // self.baud + _SLACK_MS
        more = missing(buf, count)
        while more:
            await line.read(buf, count, more, next_ms)
            count += more
            more = missing(buf, count)
        await line.quiet()
        return Atr(memoryview(buf)[:count])

    # -- protocol and parameters selection ------------------------------------------------

    async def _agree(self, atr: Atr, clocks: int) -> Atr:
        """Clause 9: settle on T=0 and on the fastest speed that both can do."""
        if 0 not in atr.protocols or atr.specific not in (None, 0):
            raise Unsupported("no T=0: ATR %s" % atr.raw.hex())
        self._line.guard_etu = atr.extra_guard if atr.extra_guard < 255 else 0
        fi, di = (atr.fi, atr.di) if atr.fi and atr.di else (F_DEFAULT, 1)
        if atr.specific is None:
            is_better = self._baud(clocks, 1) < self._baud(fi, di) <= self._max_baud
            if is_better or atr.protocols[0] != 0:
                atr, is_better = await self._negotiate(atr, clocks, is_better)
            if not is_better:
                fi, di = clocks, 1
        elif atr.is_implicit or self._baud(fi, di) > self._max_baud:
            raise Unsupported("specific mode, speed unknown or too high: ATR %s" % atr.raw.hex())
        self._set_speed(fi, di, self._line.is_inverse)
        self._t0.waiting_ms = self._clocks_ms(960 * atr.wi * (atr.fi or F_DEFAULT)) + _SLACK_MS
        return atr

    async def _negotiate(self, atr: Atr, clocks: int, is_better: bool) -> "tuple[Atr, bool]":
        """PPS: (ATR, whether the card took TA1's speed). A card that refuses is reset."""
        try:
            return atr, await self._pps(atr.ta1 if is_better else _TA1_DEFAULT) and is_better
        except SamError:
            if atr.protocols[0] != 0:
                raise Unsupported("T=0 refused: ATR %s" % atr.raw.hex())
        return await self._reset(clocks), False

    async def _pps(self, ta1: int) -> bool:
        """9.2: propose T=0 at `ta1`; True if the card took it, False if it keeps the default."""
        buf, line = self._buf, self._line
        buf[0], buf[1], buf[2], buf[3] = _PPSS, _PPS1, ta1, _PPSS ^ _PPS1 ^ ta1
        await line.send(buf, 0, 4)
        next_ms = _INITIAL_ETU * 1000 // self.baud + _SLACK_MS
        await line.read(buf, 0, 2, next_ms)
        size = 4 if buf[1] & _PPS1 else 3
        await line.read(buf, 2, size - 2, next_ms)
        await line.quiet()
        check = 0
        for i in range(size):
            check ^= buf[i]
        is_taken = size == 4
        if check or buf[0] != _PPSS or buf[1] & ~_PPS1 or (is_taken and buf[2] != ta1):
            raise ProtocolError("PPS refused: %s" % bytes(buf[:size]).hex())
        return is_taken

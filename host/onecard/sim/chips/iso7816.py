"""A contact card with protocol T=0, byte by byte: ISO/IEC 7816-3:2006.

It has the contacts VCC, RST, CLK and I/O and stands in front of a card at APDU level. All its
times are counted in its clock. What the standard does not allow the reader goes to `faults`, and
the card does what cards do then: it ignores it, or falls silent until it is reset.
"""

from collections.abc import Callable, Generator, Iterable
from fractions import Fraction
from typing import Protocol

from onecard.sim.cards.base import status
from onecard.sim.chips.iso7816_atr import Profile
from onecard.sim.chips.iso7816_wire import Character, IoWire
from onecard.sim.timers import Cancel, Timers

# What a session waits for: bytes to have been sent, microseconds, or (None) a character.
_Session = Generator[bytes | float | None, int, None]
_Bytes = Generator[bytes | float | None, int, bytearray]

_NULL, _GET_RESPONSE = 0x60, 0xC0
_PPSS, _PPS1 = 0xFF, 0x10
_MIN_HZ, _MAX_HZ = 1e6, 5e6  # 5.2.3: classes A and B
_RESET_CLOCKS = 400  # 6.2.2
_TURN_ETU = 16  # 7.2 and 10.2: leading edge to leading edge when the direction changes
_CHARACTER_ETU = 12
_TOLERANCE_ETU = 0.6
_INVERTED = bytes(int(f"{byte ^ 0xFF:08b}"[::-1], 2) for byte in range(256))


class ApduCard(Protocol):
    """A card at APDU level. apdu_us: its own time for one command."""

    apdu_us: float

    def process(self, apdu: bytes) -> bytes:
        """Run one command APDU; returns the data followed by the two status bytes."""

    def power_off(self) -> None:
        """Forget what is volatile."""


class ContactCard:
    """card: what answers APDUs. The reader's pins call set_vcc, set_rst and set_clock.

    heard_etu: when the world reports a reader's character, in etu after its leading edge.
    is_timed: False in a world without exact times; the reader's spacing is not judged then.
    """

    def __init__(
        self,
        card: ApduCard,
        wire: IoWire,
        timers: Timers,
        profile: Profile | None = None,
        heard_etu: float = 11.0,
        is_timed: bool = True,
    ) -> None:
        self.card, self.wire, self.timers = card, wire, timers
        self.profile = profile or Profile()
        self.heard_etu, self.is_timed = heard_etu, is_timed
        self.faults: list[str] = []
        self.is_inserted, self.has_vcc, self.is_rst_high, self.hz = True, False, False, 0.0
        self.is_inverse = self.profile.is_inverse
        self.resets = 0
        self._cancel: Cancel = lambda: False
        self._is_in_reset = False
        self._since_us = 0.0  # VCC and clock are there and RST is low
        self._stop()
        wire.cards.append(self)

    # -- contacts -----------------------------------------------------------------------

    @property
    def is_starved(self) -> bool:
        """True if it is in its slot without a supply."""
        return self.is_inserted and not self.has_vcc

    @property
    def baud_rate(self) -> float | None:
        """Of its I/O, bit/s; None while it is off or in reset."""
        return self.hz / float(self._etu) if self._session is not None and self.hz else None

    def set_vcc(self, level: bool) -> None:
        """The supply. 6.4 wants it to go last, 6.2.1 to come first."""
        if level == self.has_vcc:
            return
        if not level and self.is_rst_high:
            self._fault("VCC taken while RST is high")
        if not level and self.hz:
            self._fault("VCC taken while the clock runs")
        self.has_vcc = level
        self._contacts_changed()

    def set_rst(self, level: bool) -> None:
        """RST; its rising edge starts the card."""
        if level == self.is_rst_high:
            return
        if level and not (self.has_vcc and self.hz):
            self._fault("RST high without supply and clock")
        self.is_rst_high = level
        self._contacts_changed()

    def set_clock(self, hz: float) -> None:
        """CLK in hertz, 0: it stands still."""
        if hz == self.hz:
            return
        if hz and not self.has_vcc:
            self._fault("clock without supply")
        if hz and not _MIN_HZ <= hz <= _MAX_HZ:
            self._fault(f"clock of {hz:.0f} Hz")
        if self._session is not None:
            self._fault("clock changed while the card is active")
        self.hz = hz
        self._contacts_changed()

    def remove(self) -> None:
        """Pull the card: every contact opens."""
        self.is_inserted = False
        self._contacts_changed()

    def insert(self) -> None:
        """Put it back; it starts with the next reset."""
        self.is_inserted = True
        self._contacts_changed()

    def _fault(self, text: str) -> None:
        if self.is_inserted:
            self.faults.append(text)

    def _contacts_changed(self) -> None:
        is_fed = self.is_inserted and self.has_vcc and self.hz > 0
        if is_fed and self.is_rst_high:
            if self._is_in_reset:
                self._start()
            return
        self._stop()
        if not (self.is_inserted and self.has_vcc):
            self.card.power_off()
        if is_fed and not self._is_in_reset:
            self._since_us = self.timers.now_us()
        self._is_in_reset = is_fed

    def _stop(self) -> None:
        self._session: _Session | None = None
        self._is_in_reset = self._is_listening = False
        self._cancel()
        self._response: tuple[bytes, bytes] | None = None
        self._etu = Fraction(self.profile.reset_etu)
        self._edge_us = self._heard_us = float("-inf")

    def _start(self) -> None:
        clocks = (self.timers.now_us() - self._since_us) * self.hz / 1e6
        if clocks < _RESET_CLOCKS:
            self._fault(f"RST low for {clocks:.0f} clocks")
        self._stop()
        self.card.power_off()  # a warm reset forgets too
        self.resets += 1
        self._session = self._run()
        self._wait_for(next(self._session))

    # -- characters ---------------------------------------------------------------------

    def _us(self, clocks: float) -> float:
        return clocks * 1e6 / self.hz

    def _etu_us(self, count: float) -> float:
        return self._us(count * float(self._etu))

    def receive(self, character: Character) -> None:
        """A character from the reader has ended (7.3: a wrong parity bit is objected to)."""
        if self._session is None:
            return
        if not self._is_listening:
            self._fault(f"character {character.byte:02X} out of turn")
            return
        if character.is_odd() != self.is_inverse:
            self.wire.object()
            return
        now_us = self.timers.now_us()
        if self.is_timed:
            self._judge(now_us)
        self._heard_us = now_us
        byte = character.byte
        self._advance(_INVERTED[byte] if self.is_inverse else byte)

    def _judge(self, now_us: float) -> None:
        """The reader's times: 12 etu and TC1 between its characters, 16 after one of ours."""
        guard = self.profile.tc1 or 0
        apart = (now_us - self._heard_us) / self._etu_us(1)
        if self._heard_us > self._edge_us:
            least = 12 + (0 if guard == 255 else guard)
        else:
            apart = (now_us - self._edge_us) / self._etu_us(1) - self.heard_etu
            least = _TURN_ETU
        if apart < least - _TOLERANCE_ETU:
            self._fault(f"character {apart:.1f} etu after the last, not {least}")

    def _advance(self, value: int) -> None:
        assert self._session is not None
        self._is_listening = False
        self._wait_for(self._session.send(value))

    def _wait_for(self, want: bytes | float | None) -> None:
        """What the session needs before it goes on."""
        if want is None:
            self._is_listening = True
        elif isinstance(want, bytes):
            self._transmit(list(want))
        else:
            self._later(want, lambda: self._advance(0))

    def _later(self, delay_us: float, action: Callable[[], None]) -> None:
        self._cancel = self.timers.after(delay_us, action)

    def _transmit(self, rest: list[int]) -> None:
        if not rest:
            self._advance(0)
            return
        pause_us = self.wire.pause_us()
        if pause_us:
            self._later(pause_us, lambda: self._put(rest))
        else:
            self._put(rest)

    def _put(self, rest: list[int]) -> None:
        byte = _INVERTED[rest[0]] if self.is_inverse else rest[0]
        self._edge_us = self.timers.now_us()
        self.wire.transmit(Character(byte, bool(byte.bit_count() & 1) ^ self.is_inverse))
        if self._session is None:  # pulled in this very moment
            return
        apart_etu = self.profile.character_etu if len(rest) > 1 else _CHARACTER_ETU
        self._later(self._etu_us(apart_etu), lambda: self._transmit(rest[1:]))

    # -- a session, from reset on -------------------------------------------------------

    def _run(self) -> _Session:
        profile = self.profile
        yield self._us(profile.reset_clocks)
        yield profile.atr()
        if profile.ta2 is not None and not profile.ta2 & 0x10:
            self._etu = profile.etu()
        first = yield None
        if first == _PPSS and profile.ta2 is None:
            yield from self._pps()
            first = yield None
        while True:
            header = bytes([first]) + (yield from self._take(4))
            yield from self._command(header)
            first = yield None

    def _take(self, count: int) -> _Bytes:
        taken = bytearray()
        while len(taken) < count:
            taken.append((yield None))
        return taken

    def _mute(self) -> _Session:
        while True:
            yield None

    def _pps(self) -> _Session:
        """Clause 9. A request that is not understood is not answered (9.3)."""
        pps0 = yield None
        size = (pps0 >> 4 & 7).bit_count()
        body = yield from self._take(size + 1)
        check = _PPSS ^ pps0
        for byte in body:
            check ^= byte
        ta1 = body[0] if pps0 & _PPS1 else 0x11
        if check or pps0 & 0xEF or not self._is_offered(ta1):
            self._fault(f"PPS request FF{pps0:02X}{body.hex().upper()}")
            yield from self._mute()
        if self.profile.pps == "mute":
            yield from self._mute()
        yield self._etu_us(_TURN_ETU - self.heard_etu)
        if self.profile.pps == "default":
            yield bytes([_PPSS, 0x00, _PPSS])
            return
        yield bytes([_PPSS, pps0]) + bytes(body)
        self._etu = self.profile.etu(ta1)

    def _is_offered(self, ta1: int) -> bool:
        """9.1: between the default and what TA1 says."""
        own = self.profile.ta1
        return 0 in self.profile.protocols and ta1 in (0x11, own)

    # -- a command, clause 10.3 -----------------------------------------------------------

    def _command(self, header: bytes) -> _Session:
        ins, p3 = header[1], header[4]
        if ins & 0xF0 in (0x60, 0x90):
            self._fault(f"INS {ins:02X}")
            yield from self._say(status(0x6D00))
            return
        is_fetch = header[:2] == bytes([0x00, _GET_RESPONSE])
        if not is_fetch:
            self._response = None
        if is_fetch:
            data, sw = self._fetch(p3 or 256)
        elif ins in self.profile.data_ins:
            command = header[:4]
            if p3:
                command = header + (yield from self._gather(ins, p3))
            yield from self._work()
            data, sw = self._keep(self._process(command))
        else:
            yield from self._work()
            data, sw = self._process(header)
            if data and len(data) != (p3 or 256):
                data, sw = b"", bytes([0x6C, len(data) & 0xFF])
        yield from self._say(sw, ins, data)

    def _process(self, command: bytes) -> tuple[bytes, bytes]:
        answer = self.card.process(bytes(command))
        return answer[:-2], answer[-2:]

    def _keep(self, answer: tuple[bytes, bytes]) -> tuple[bytes, bytes]:
        """12.2: a case 4 answer waits for GET RESPONSE."""
        if not answer[0]:
            return answer
        self._response = answer
        return b"", bytes([0x61, len(answer[0]) & 0xFF])

    def _fetch(self, size: int) -> tuple[bytes, bytes]:
        if self._response is None:
            return b"", status(0x6985)
        data, sw = self._response
        if size > len(data):
            return b"", bytes([0x6C, len(data) & 0xFF])
        rest = data[size:]
        self._response = (rest, sw) if rest else None
        return data[:size], bytes([0x61, len(rest) & 0xFF]) if rest else sw

    def _ask_for_time(self) -> _Session:
        """The NULLs that the profile wants before a procedure byte, after the turn."""
        yield self._etu_us(_TURN_ETU - self.heard_etu)
        for _ in range(self.profile.nulls):
            yield bytes([_NULL])

    def _work(self) -> _Session:
        """The card's own time, with a NULL before its waiting time is over."""
        left_us, most_us = self.card.apdu_us, 0.8 * self._us(self.profile.wait_clocks)
        while left_us > most_us:
            yield most_us
            yield bytes([_NULL])
            left_us -= most_us
        yield left_us

    def _pieces(self, size: int) -> Iterable[int]:
        """How many bytes each procedure byte is for."""
        done = 0
        while done < size:
            is_single = self.profile.ack == "one" or (self.profile.ack == "mixed" and done < 3)
            count = 1 if is_single else size - done
            yield count
            done += count

    def _gather(self, ins: int, size: int) -> _Bytes:
        """The command's data, by procedure bytes."""
        taken = bytearray()
        for count in self._pieces(size):
            yield from self._ask_for_time()
            yield bytes([ins if count == size - len(taken) else ins ^ 0xFF])
            taken += yield from self._take(count)
        return taken

    def _say(self, sw: bytes, ins: int = 0, data: bytes = b"") -> _Session:
        """The answer: data by procedure bytes, then the status word."""
        yield from self._ask_for_time()
        done = 0
        for count in self._pieces(len(data)):
            is_all = count == len(data) - done
            yield bytes([ins if is_all else ins ^ 0xFF]) + data[done : done + count]
            done += count
        yield sw

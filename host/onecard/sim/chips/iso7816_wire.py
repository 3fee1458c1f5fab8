"""The I/O wire between a reader's UART (TX and RX joined) and contact cards: ISO/IEC 7816-3, 7.

A character on the wire is eight data bits and a parity bit, as a UART counts them (least
significant bit first, high is 1). Worlds carry bytes, not parity: it is kept and checked here.
What goes wrong on a wire (`WireFault`) is put here from outside; a card knows nothing of it.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from onecard.sim.buses import UartPart
from onecard.sim.timers import Timers


@dataclass(frozen=True)
class Character:
    """byte: 0..255 in a UART's bit order. parity: the ninth bit."""

    byte: int
    parity: bool

    def is_odd(self) -> bool:
        """True if the sum of the nine bits is odd (never in the direct convention)."""
        return bool((self.byte.bit_count() + self.parity) & 1)


@dataclass(frozen=True)
class WireFault:
    """What happens to the at-th character (from 0, both directions) on the wire.

    kind: "drop"; "flip" (bits of `value` inverted, the parity bit is not); "double"; "late"
    (value: microseconds); "spurious" (a character `value` before it). A reader's character is
    dropped, doubled and late for the card alone; the other kinds its echo shows too.
    """

    at: int
    kind: str
    value: int = 0


class OnWire(Protocol):
    """A card's side of the wire."""

    is_inverse: bool

    @property
    def is_starved(self) -> bool:
        """True if it is in its slot without a supply."""

    @property
    def baud_rate(self) -> float | None:
        """What it sends and takes at, bit/s; None while it is off or held in reset."""

    def receive(self, character: Character) -> None:
        """A character from the reader has ended."""


class IoWire(UartPart):
    """What the UART of a reader sees of the I/O contacts that it serves.

    reader_parity: how the reader's UART is set, 0 even, 1 odd; None if the world cannot tell: taken
    as what the card wants. parity_errors: what such a UART has seen. injected: what goes wrong.
    count: characters so far, either way. on_character: called with count before each.
    echo: set by a world that lets the reader hear itself without delay; send is used if it is not.
    """

    def __init__(self, timers: Timers) -> None:
        self._timers = timers
        self.cards: list[OnWire] = []
        self.injected: list[WireFault] = []
        self.faults: list[str] = []
        self.reader_parity: int | None = None
        self.parity_errors = 0
        self.count = 0
        self.on_character: Callable[[int], None] = lambda count: None
        self.echo: Callable[[bytes], object] | None = None

    @property
    def baud_rate(self) -> int | None:  # type: ignore[override]
        """Of the card that is on; None: nobody there to be out of step with."""
        card = self._active()
        return round(card.baud_rate) if card is not None and card.baud_rate else None

    def _active(self) -> OnWire | None:
        return next((card for card in self.cards if card.baud_rate), None)

    def _is_odd(self) -> bool:
        """True if the reader's UART is set to odd parity."""
        if self.reader_parity is not None:
            return self.reader_parity == 1
        card = self._active()
        return card is not None and card.is_inverse

    def take_errors(self) -> int:
        """Characters that the reader took with a wrong parity bit since the last call."""
        count, self.parity_errors = self.parity_errors, 0
        return count

    # -- from the reader ----------------------------------------------------------------

    def receive(self, data: bytes) -> None:
        """Characters that the reader's UART has sent."""
        if any(card.is_starved for card in self.cards):
            self.faults.append("I/O is held low by a card without supply")  # its clamping diode
            return
        for byte in data:
            sent = Character(byte, bool(byte.bit_count() & 1) ^ self._is_odd())
            fault = self._next_fault()
            for character, _ in _after_fault(sent, fault if _is_heard(fault) else None):
                self._hear(character)
            for character, delay_us in _after_fault(sent, fault):
                self._reach_cards(character, delay_us)

    def _hear(self, character: Character) -> None:
        self._check_parity(character)
        if self.echo is not None:
            self.echo(bytes([character.byte]))
        else:
            self.send(bytes([character.byte]), 0.0)

    def _reach_cards(self, character: Character, delay_us: float) -> None:
        def reach() -> None:
            for card in self.cards:
                card.receive(character)

        if delay_us:
            self._timers.after(delay_us, reach)
        else:
            reach()

    # -- from a card --------------------------------------------------------------------

    def transmit(self, character: Character) -> None:
        """A card begins a character now."""
        for arriving, delay_us in _after_fault(character, self._next_fault()):
            self._check_parity(arriving)
            self.send(bytes([arriving.byte]), delay_us)

    def object(self) -> None:
        """A card's error signal (7.3): I/O low for one etu from 10.5 etu after the leading edge.

        A UART takes it for a start bit with nothing but high bits behind it. (What it does to a
        character that the reader sends on at once is not modelled.)
        """
        self._hear(Character(0xFF, True))

    def _check_parity(self, character: Character) -> None:
        if character.is_odd() != self._is_odd():
            self.parity_errors += 1

    def _next_fault(self) -> WireFault | None:
        self.on_character(self.count)
        fault = next((fault for fault in self.injected if fault.at == self.count), None)
        self.count += 1
        return fault


def _is_heard(fault: WireFault | None) -> bool:
    return fault is not None and fault.kind in ("flip", "spurious")


def _after_fault(character: Character, fault: WireFault | None) -> list[tuple[Character, float]]:
    """What arrives of a character: (character, microseconds later than it would) each."""
    if fault is None:
        return [(character, 0.0)]
    if fault.kind == "drop":
        return []
    if fault.kind == "flip":
        return [(replace(character, byte=character.byte ^ fault.value), 0.0)]
    if fault.kind == "double":
        return [(character, 0.0)] * 2
    if fault.kind == "late":
        return [(character, float(fault.value))]
    if fault.kind == "spurious":
        return [(Character(fault.value, character.parity), 0.0), (character, 0.0)]
    raise ValueError(f"fault {fault.kind!r}")

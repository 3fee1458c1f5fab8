"""The I/O wire between a reader's UART (TX and RX joined) and contact cards: ISO/IEC 7816-3, 7.

A character on the wire is eight data bits and a parity bit, as a UART counts them (least
significant bit first, high is 1). Worlds carry bytes, not parity: it is kept and checked here.
What goes wrong on a wire (`WireFault`) is put here from outside; a card knows nothing of it.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from onecard.sim.buses import UartPart


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

    kind: "drop" (not heard at the other end; a reader still hears its own); "flip" (bits of
    `value` inverted, the parity bit is not); "double"; "spurious" (a character `value` before it);
    "late" (the card pauses for `value` microseconds; nothing to a character of the reader).
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

    reader_parity: gives how the reader's UART is set, 0 even, 1 odd; None if the world cannot
    tell: it is taken as what the card wants. parity_errors: what such a UART has seen.
    injected: what goes wrong. count: characters so far, either way. on_character: called with
    count before each.
    echo: set by a world that lets the reader hear itself without delay; else send is used.
    """

    def __init__(self) -> None:
        self.cards: list[OnWire] = []
        self.injected: list[WireFault] = []
        self.faults: list[str] = []
        self.reader_parity: Callable[[], int | None] = lambda: None
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
        parity = self.reader_parity()
        if parity is not None:
            return parity == 1
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
            is_lost = fault is not None and fault.kind == "drop"
            for character in _after_fault(sent, None if is_lost else fault):
                self._hear(character)
            for character in _after_fault(sent, fault):
                for card in self.cards:
                    card.receive(character)

    def _hear(self, character: Character) -> None:
        self._check_parity(character)
        if self.echo is not None:
            self.echo(bytes([character.byte]))
        else:
            self.send(bytes([character.byte]), 0.0)

    # -- from a card --------------------------------------------------------------------

    def pause_us(self) -> float:
        """How long a card has to pause before its next character."""
        fault = self._fault_at(self.count)
        return float(fault.value) if fault is not None and fault.kind == "late" else 0.0

    def transmit(self, character: Character) -> None:
        """A card begins a character now."""
        for arriving in _after_fault(character, self._next_fault()):
            self._check_parity(arriving)
            self.send(bytes([arriving.byte]), 0.0)

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
        self.count += 1
        return self._fault_at(self.count - 1)

    def _fault_at(self, count: int) -> WireFault | None:
        return next((fault for fault in self.injected if fault.at == count), None)


def _after_fault(character: Character, fault: WireFault | None) -> list[Character]:
    """What arrives of a character."""
    if fault is None or fault.kind == "late":
        return [character]
    if fault.kind == "drop":
        return []
    if fault.kind == "flip":
        return [replace(character, byte=character.byte ^ fault.value)]
    if fault.kind == "double":
        return [character] * 2
    if fault.kind == "spurious":
        return [Character(fault.value, character.parity), character]
    raise ValueError(f"fault {fault.kind!r}")

"""The air in front of a reader's antenna: frames, cards that enter and leave at any byte, faults.

Levels are those of ISO/IEC 14443-2 and -3: a frame is bytes and bits with its CRC in it. Who makes
and checks CRCs, and what a collision means to it, is the reader chip's affair.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from onecard.sim.cards.base import Card
from onecard.sim.crc import crc_a
from onecard.sim.picc import Answer, PiccA, PiccB
from onecard.sim.picc_blocks import FC_MHZ

ETU_US = 128 / FC_MHZ
BYTE_US = 9 * ETU_US  # type A: eight bits and parity
BYTE_B_US = 10 * ETU_US  # type B: start, eight bits, stop
FRAME_B_US = 24 * ETU_US  # SOF and EOF
SHORT_FRAME_US = 7 * ETU_US
FDT_ONE_US = 1236 / FC_MHZ  # reader to card, last bit sent was 1 (ISO/IEC 14443-3, 6.2.1.1)
FDT_ZERO_US = 1172 / FC_MHZ  # the same, last bit was 0; also card to reader
TR_US = 151 * ETU_US  # type B: TR0 and TR1 at their least (64/fs, 80/fs) and the reader's turn

TO_CARD, TO_READER = "to card", "to reader"
Tamper = Callable[[str, bytes], bytes | None]


@dataclass(frozen=True)
class Reception:
    """What reaches the antenna. bits: in all, the first at bit 0 of data.

    delay_us: from the end of the frame sent to the first bit. air_us: the answer's own length.
    collision: index of the first bit in which cards differed; bits behind it are of no use.
    is_garbled: a parity bit or the framing was wrong.
    """

    data: bytes
    bits: int
    delay_us: float
    air_us: float
    collision: int | None = None
    is_garbled: bool = False


class _Present:
    def __init__(self, card: Card, bytes_left: int | None) -> None:
        self.card = card
        self.picc = PiccB(card) if hasattr(card, "atqb") else PiccA(card)
        self.kind = "B" if hasattr(card, "atqb") else "A"
        self.bytes_left = bytes_left

    def cross(self, size: int) -> bool:
        """Count size bytes on air; False if the card's power went before the last of them."""
        if self.bytes_left is None:
            return True
        crossed = min(size, self.bytes_left)
        self.bytes_left -= crossed
        return crossed == size


class Field:
    """The air between a reader's antenna and its cards.

    air_us and card_us add up what the air and the card have taken since the start, so that a
    reader chip can delay its answer by the growth of `elapsed_us`. air_bytes counts both ways.
    tamper: called with TO_CARD or TO_READER and a frame; returns what arrives, None for nothing.
    breaks_parity: what it changed has wrong parity, as noise does; else it passes as sent so.
    """

    def __init__(self) -> None:
        self.tamper: Tamper = lambda way, data: data
        self.breaks_parity = True
        self.on_change: Callable[[], None] | None = None
        self.air_us = 0.0
        self.card_us = 0.0
        self.air_bytes = 0
        self.is_on = True
        self._listeners: list[Callable[[], None]] = []
        self._present: list[_Present] = []

    # -- cards come and go ------------------------------------------------------

    @property
    def cards(self) -> list[Card]:
        """The cards that are there."""
        return [present.card for present in self._present]

    @property
    def card(self) -> Card | None:
        """The first card that is there."""
        return self._present[0].card if self._present else None

    @property
    def elapsed_us(self) -> float:
        """Time on air and in the card since the field was made, microseconds."""
        return self.air_us + self.card_us

    def subscribe(self, listener: Callable[[], None]) -> None:
        """Call listener() whenever a card was placed or has left (chips do this)."""
        self._listeners.append(listener)

    def place(self, card: Card, leave_after_bytes: int | None = None) -> None:
        """A card enters; those that were there leave first. See add()."""
        self._take_away()
        self.add(card, leave_after_bytes)

    def add(self, card: Card, leave_after_bytes: int | None = None) -> None:
        """A card enters beside those that are there.

        leave_after_bytes: the card loses power once that many bytes, CRCs included, have crossed
        the air in either direction from now on. A command whose last byte has not crossed by
        then, or crosses as the power goes, is not carried out; one whose answer is cut was.
        """
        self._present.append(_Present(card, leave_after_bytes))
        self._changed()

    def leave_after(self, count: int) -> None:
        """The cards that are there lose power after count more bytes on the air."""
        for present in self._present:
            present.bytes_left = count

    def remove(self, card: Card | None = None) -> None:
        """This card, or all that are there, leave now."""
        if self._take_away(card):
            self._changed()

    def switch(self, is_on: bool) -> None:
        """Turn the carrier on or off; without it a card has no power."""
        if self.is_on and not is_on:
            for present in self._present:
                present.picc.power_off()
        self.is_on = is_on

    def _take_away(self, card: Card | None = None) -> bool:
        leaving = [p for p in self._present if card is None or p.card is card]
        for present in leaving:
            present.picc.power_off()
            self._present.remove(present)
        return bool(leaving)

    def _changed(self) -> None:
        for listener in list(self._listeners):
            listener()
        if self.on_change is not None:
            self.on_change()

    # -- frames -------------------------------------------------------------------

    def transmit(
        self, data: bytes, last_bits: int = 8, kind: str = "A", rates: tuple[int, int] = (0, 0)
    ) -> Reception | None:
        """One frame to the cards and what comes back; None is silence.

        data: as on the air, CRC included; last_bits of its last byte are sent. kind: "A" or "B".
        rates: to the card and back, as log2 of the factor over 106 kbit/s; a card at another
        rate hears nothing.
        """
        if not self.is_on or not data:
            return None
        self.air_us += FDT_ZERO_US + self.frame_us(data, last_bits, kind, rates[0])
        arriving = self.tamper(TO_CARD, data)
        answers = []
        for present in list(self._present):
            if not present.cross(len(data)) or present.bytes_left == 0 or arriving is None:
                continue
            if present.kind == kind and present.picc.rates == rates:
                is_garbled = self.breaks_parity and arriving != data
                answer = present.picc.receive(arriving, last_bits, is_garbled)
                if answer is not None:
                    answers.append((present, answer))
        self.air_bytes += len(data)
        reception = self._superpose(answers, data, last_bits, kind, rates[1])
        self._remove_spent()
        return reception

    def _superpose(
        self,
        answers: list[tuple[_Present, Answer]],
        sent: bytes,
        last_bits: int,
        kind: str,
        rate: int,
    ) -> Reception | None:
        """What all answers together make at the antenna; counts their time and bytes."""
        if not answers:
            return None
        turn_us = self._turn_us(sent, last_bits, kind)
        delay_us = max(answer.delay_us for _, answer in answers)
        self.card_us += delay_us
        size = max(len(answer.data) for _, answer in answers)
        air_us = self.frame_us(bytes(size), 8, kind, rate)
        self.air_us += turn_us + air_us
        self.air_bytes += size
        arrived = [answer for present, answer in answers if present.cross(size)]
        if not arrived:
            return None
        values = [int.from_bytes(answer.data, "little") for answer in arrived]
        bits = max(answer.bits for answer in arrived)
        merged = seen = 0
        for value in values:
            merged, seen = merged | value, seen | (value ^ values[0])
        is_mixed = len({(answer.bits, answer.delay_us) for answer in arrived}) > 1
        collision = (seen & -seen).bit_length() - 1 if seen else None
        data = merged.to_bytes(size, "little")
        heard = self.tamper(TO_READER, data)
        if heard is None:
            return None
        is_noisy = self.breaks_parity and heard != data
        is_garbled = is_noisy or is_mixed or (kind == "B" and collision is not None)
        if kind == "B":
            collision = None
        if heard != data:
            bits = len(heard) * 8
        return Reception(heard, bits, turn_us + delay_us, air_us, collision, is_garbled)

    @staticmethod
    def frame_us(data: bytes, last_bits: int, kind: str, rate: int) -> float:
        """Time that a frame takes on the air, microseconds."""
        if kind == "B":
            return (len(data) * BYTE_B_US + FRAME_B_US) / (1 << rate)
        if last_bits == 8:
            return len(data) * BYTE_US / (1 << rate)
        return (len(data) - 1) * BYTE_US + last_bits * ETU_US

    @staticmethod
    def _turn_us(data: bytes, last_bits: int, kind: str) -> float:
        if kind == "B":
            return TR_US
        is_one = data[-1] >> (last_bits - 1) & 1
        return FDT_ONE_US if is_one else FDT_ZERO_US

    def _remove_spent(self) -> None:
        spent = [present for present in self._present if present.bytes_left == 0]
        for present in spent:
            present.picc.power_off()
            self._present.remove(present)
        if spent:
            self._changed()


__all__ = ["BYTE_US", "TO_CARD", "TO_READER", "Field", "Reception", "crc_a"]

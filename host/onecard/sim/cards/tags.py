"""Cards that are no purse: a tag without ISO/IEC 14443-4, and a card that misbehaves."""

from collections.abc import Callable

from onecard.sim.cards.base import Card


class PlainTag:
    """A memory card without ISO/IEC 14443-4 (SAK 08: Mifare Classic 1K). Answers no APDU."""

    def __init__(self, uid: bytes = b"\x04\x12\x34\x56", sak: int = 0x08) -> None:
        self.uid, self.sak = uid, sak
        self.atqa, self.ats = b"\x04\x00", b""
        self.apdu_us = 0.0

    def process(self, apdu: bytes) -> bytes:
        """Never called: there is no block protocol."""
        raise AssertionError("an APDU reached a card without ISO/IEC 14443-4")

    def power_off(self) -> None:
        """Nothing is volatile here."""


class FaultyCard:
    """A card that answers one instruction wrongly and everything else as the card inside.

    ins: the instruction byte, or None for every command.
    answer: the bytes to give instead (no status word is added: b"" is given as 6F00 by the
    block layer), or a callable apdu, right_answer -> bytes.
    runs: the inner card carries the command out all the same (its answer alone is spoilt).
    """

    def __init__(
        self,
        card: Card,
        ins: int | None,
        answer: bytes | Callable[[bytes, bytes], bytes],
        runs: bool = True,
    ) -> None:
        self.card, self.ins, self.answer, self.runs = card, ins, answer, runs
        self.uid, self.atqa, self.sak = card.uid, card.atqa, card.sak
        self.ats, self.apdu_us = card.ats, card.apdu_us
        inf_size = getattr(card, "inf_size", None)
        if inf_size is not None:
            self.inf_size = inf_size

    def process(self, apdu: bytes) -> bytes:
        """The inner card's answer, or the wrong one for the chosen instruction."""
        is_hit = self.ins is None or (len(apdu) > 1 and apdu[1] == self.ins)
        if not is_hit:
            return self.card.process(apdu)
        right = self.card.process(apdu) if self.runs else b""
        return self.answer(apdu, right) if callable(self.answer) else self.answer

    def power_off(self) -> None:
        """Passes the loss of power on to the inner card."""
        self.card.power_off()

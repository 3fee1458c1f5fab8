"""A virtual card as a target: what its file shows without a reader."""

from __future__ import annotations

from ..sim.cards.personalise import CardFile


class FileTarget:
    """The card of a file, read without its memory being saved."""

    def __init__(self, card_file: CardFile) -> None:
        self._chip = card_file.chip
        if self._chip is not None:
            self._chip.on_commit = None
        self.is_iso_dep = self._chip is not None
        self.uid = card_file.body.uid
        self.reset_answer: bytes = getattr(card_file.card, "ats", b"")

    async def exchange(self, command: bytes, expected: int = 0) -> bytes:
        """Run one APDU."""
        return self._chip.process(bytes(command)) if self._chip is not None else b"\x6f\x00"

    def close(self) -> None:
        """The card leaves."""
        if self._chip is not None:
            self._chip.power_off()

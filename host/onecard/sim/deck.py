"""A deck of virtual purse cards, kept in a JSON file so that balances survive the program."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from .cards.purse import PurseCard

# name: (application serial, uid, balance in fen)
_CARDS = {
    "a": ("03109990000000000011", "04A10001", 10000),
    "b": ("03109990000000000022", "04A10002", 500),
    "c": ("03109990000000000033", "04A10003", 8000),
    "d": ("03109990000000000044", "04A10004", 6000),
    "e": ("03109990000000000055", "04A10005", 5000),
}
NAMES = tuple(_CARDS)


class Deck:
    """keys_of(serial) gives a card's own (DPK, DTK), 16 bytes each."""

    def __init__(
        self, path: Path, keys_of: Callable[[bytes], tuple[bytes, bytes]], key_index: int = 1
    ) -> None:
        self._path = path
        self.on_commit: Callable[[], None] | None = None  # called when any card's memory changes
        self.cards: dict[str, PurseCard] = {}
        kept = json.loads(path.read_text()) if path.exists() else {}
        for name, (serial, uid, balance) in _CARDS.items():
            if name in kept:
                card = PurseCard.from_state(kept[name], on_commit=self._changed)
            else:
                dpk, dtk = keys_of(bytes.fromhex(serial))
                card = PurseCard.make(
                    serial=bytes.fromhex(serial),
                    uid=bytes.fromhex(uid),
                    balance=balance,
                    dpk=dpk,
                    dtk=dtk,
                    key_indexes=(key_index,),
                    on_commit=self._changed,
                )
            self.cards[name] = card
        self.start = self.balances()

    def _changed(self, _: PurseCard) -> None:
        self.save()
        if self.on_commit is not None:
            self.on_commit()

    def save(self) -> None:
        """Write all cards' memories."""
        beside = self._path.with_suffix(".new")
        beside.write_text(json.dumps({name: card.state() for name, card in self.cards.items()}))
        beside.replace(self._path)

    def balances(self) -> dict[str, int]:
        """Fen on each card."""
        return {name: card.balance for name, card in self.cards.items()}

    def lost(self) -> int:
        """Fen that all cards together have lost since this deck was opened."""
        return sum(self.start.values()) - sum(self.balances().values())

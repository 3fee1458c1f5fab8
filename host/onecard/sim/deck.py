"""A deck of virtual cards, kept in a JSON file so that balances survive the program.

Every card is there for a reason that its note tells: who learns at a counter tries them in turn.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .cards.base import Card
from .cards.chip import Chip
from .cards.purse import PurseCard
from .cards.social import Social, SocialState
from .cards.tags import PlainTag

Words = tuple[str, str]  # Chinese, English

_CITY = "4403"
_RIDES = [f"27{number}7D0101".ljust(256, "0") for number in ("01", "02")]  # EF 1A: rail, bus
_STUDENT, _SENIOR = 2, 3  # JT/T 978, EF 17: card type
_PURSE, _RESIDENT, _TAG = "purse", "resident", "tag"


@dataclass(frozen=True)
class Kind:
    """What a card of the deck is. balance: fen at first. fields: of its purse, beside keys.

    title: whose it is. note: why it is in the deck.
    """

    serial: str
    uid: str
    balance: int
    title: Words
    note: Words
    kind: str = _PURSE
    card_type: int = 1
    fields: dict[str, Any] = field(default_factory=dict)


KINDS = {
    "a": Kind(
        "03109990000000000011", "04A10001", 10000, ("张明", "Zhang Ming"), ("普通卡", "ordinary")
    ),
    "b": Kind(
        "03109990000000000022",
        "04A10002",
        500,
        ("李芳", "Li Fang"),
        ("余额少", "little money left"),
    ),
    "c": Kind(
        "03109990000000000033",
        "04A10003",
        8000,
        ("王强", "Wang Qiang"),
        ("已挂失", "reported lost"),
    ),
    "d": Kind(
        "03109990000000000044", "04A10004", 6000, ("赵敏", "Zhao Min"), ("普通卡", "ordinary")
    ),
    "e": Kind(
        "03109990000000000055", "04A10005", 5000, ("陈静", "Chen Jing"), ("普通卡", "ordinary")
    ),
    "f": Kind(
        "03109990000000000066",
        "04A10006",
        9000,
        ("刘洋", "Liu Yang"),
        ("已过期", "expired"),
        fields={"end_date": "20250101"},
    ),
    "g": Kind(
        "03109990000000000077",
        "04A10007",
        4000,
        ("孙小雨", "Sun Xiaoyu"),
        ("学生卡", "pupil"),
        card_type=_STUDENT,
    ),
    "h": Kind(
        "03109990000000000088",
        "04A10008",
        3000,
        ("周建国", "Zhou Jianguo"),
        ("老年卡", "senior"),
        card_type=_SENIOR,
    ),
    "i": Kind(
        "03109990000000000099",
        "04A10009",
        7000,
        ("吴磊", "Wu Lei"),
        ("应用已锁定", "locked by its issuer"),
        fields={"locked": "temporary"},
    ),
    "j": Kind(
        "03109990000000000110",
        "04A1000A",
        12000,
        ("张测试", "Zhang Ceshi"),
        ("第三代社保卡", "social security, purse"),
        kind=_RESIDENT,
        fields={"has_deposit": True, "deposit": 20000},
    ),
    "k": Kind(
        "", "04A1000B", 0, ("门禁牌", "door tag"), ("不是一卡通", "no card of ours"), kind=_TAG
    ),
}
NAMES = tuple(KINDS)
LOST = "c"  # what a bench puts on the hotlist


BOOKS: dict[str, Words] = {  # by bar code
    "9787020002207": ("红楼梦", "Hongloumeng"),
    "9787020008728": ("三国演义", "Sanguo yanyi"),
    "9787020008735": ("水浒传", "Shuihu zhuan"),
}


class ResidentCard(PurseCard):
    """A third-generation social security card: a purse and its holder's identity."""

    def __init__(self, state_: Any = None, **options: Any) -> None:
        super().__init__(state_, **options)
        identity = Social(SocialState())
        identity.card = self
        self.applications.append(identity)


class Deck:
    """keys_of(serial) gives a card's own (DPK, DTK), 16 bytes each; its load key is the first."""

    def __init__(
        self, path: Path, keys_of: Callable[[bytes], tuple[bytes, bytes]], key_index: int = 1
    ) -> None:
        self._path = path
        self.on_commit: Callable[[], None] | None = None  # called when any card's memory changes
        self.cards: dict[str, Any] = {}  # PurseCard, but for a tag
        kept = json.loads(path.read_text()) if path.exists() else {}
        for name, kind in KINDS.items():
            if kind.kind == _TAG:
                self.cards[name] = PlainTag(bytes.fromhex(kind.uid))
                continue
            dpk, dtk = keys_of(bytes.fromhex(kind.serial))
            new = _state(kind, dpk, dtk, key_index)
            state = new | kept[name] | {"dlk": new["dlk"]} if name in kept else new
            make = ResidentCard if kind.kind == _RESIDENT else PurseCard
            self.cards[name] = make.from_state(state, on_commit=self._changed)
        self.start = self.balances()

    def _changed(self, _: Chip) -> None:
        self.save()
        if self.on_commit is not None:
            self.on_commit()

    @property
    def purses(self) -> dict[str, PurseCard]:
        """The cards that have money."""
        return {name: card for name, card in self.cards.items() if isinstance(card, PurseCard)}

    def name_of(self, card: Card | None) -> str | None:
        """What a card is called here, None if it is not of this deck."""
        return next((name for name, own in self.cards.items() if own is card), None)

    def save(self) -> None:
        """Write all cards' memories."""
        beside = self._path.with_suffix(".new")
        beside.write_text(json.dumps({name: card.state() for name, card in self.purses.items()}))
        beside.replace(self._path)

    def balances(self) -> dict[str, int]:
        """Fen on each card."""
        return {name: card.balance for name, card in self.purses.items()}

    def lost(self) -> int:
        """Fen that all cards together have lost since this deck was opened."""
        return sum(self.start.values()) - sum(self.balances().values())


def _state(kind: Kind, dpk: bytes, dtk: bytes, key_index: int) -> dict[str, Any]:
    """A new card's memory as PurseCard.state() tells it."""
    management = f"00000156{_CITY[:2]}00{_CITY}0001{kind.card_type:02X}".ljust(120, "0")
    return {
        "serial": kind.serial,
        "uid": kind.uid,
        "balance": kind.balance,
        "dpk": dpk.hex().upper(),
        "dlk": dpk.hex().upper(),
        "dtk": dtk.hex().upper(),
        "key_indexes": [key_index],
        "management": management,
        "rides": _RIDES,
        **kind.fields,
    }

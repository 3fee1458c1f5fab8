"""One virtual card held to one virtual terminal: the real firmware decides what happens."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from ..errors import OneCardError
from ..keystore import Keystore, PurseKeys
from ..link import LinkClient, open_port
from ..provision import provision
from ..settings import Settings
from .cards.base import Card
from .cards.personalise import CardFile
from .cards.psam import Psam
from .session import Event, Session
from .workplace import open_session, open_world

_TERMINAL = "112233445566"
_SCREEN_TIMEOUT_S = 120
_LINK_TIMEOUT_S = 30


@dataclass(frozen=True)
class Tap:
    """What a tap came to. screen: rows of text; picture: the display in half-block characters.

    before, after: fen in the purse, None for a card without one. records: kinds of those that the
    terminal wrote.
    """

    screen: list[str]
    picture: str
    before: int | None
    after: int | None
    records: list[str]


def tap(card_file: CardFile, amount: int, board: str = "unix") -> Tap:
    """Boot a terminal that has this card's purchase key and a price of `amount` fen, and tap.

    What the card remembers is saved in its file as it happens. Raises OneCardError: no contactless
    side, firmware not built, or a terminal that says nothing.
    """
    card = card_file.card
    if isinstance(card, Psam) or card_file.body.interface == "contact":
        raise OneCardError(
            f"{card_file.path} has no contactless side", "it belongs in a SAM slot or card slot"
        )
    with tempfile.TemporaryDirectory(prefix="onecard-tap-") as folder:
        session = open_session(open_world(board, Path(folder)), lambda event: None)
        try:
            _set_up(session, _keystore(card_file), amount)
            return _tap(session, card_file, card)
        finally:
            session.close()


def _keystore(card_file: CardFile) -> Keystore:
    """A keystore whose purchase key is the card's own; a random one for a card without a purse."""
    purse = card_file.application("purse")
    if purse is None:
        return Keystore.make()
    m = purse.memory
    return Keystore.make(PurseKeys(m.dpk, m.dtk, m.key_indexes[0], is_diversified=False))


def _set_up(session: Session, keystore: Keystore, amount: int) -> None:
    session.call(session.world.power_on)
    with LinkClient(open_port(session.world.link_path), _LINK_TIMEOUT_S) as client:
        mark = session.mark()
        provision(client, keystore, _TERMINAL, Settings(price=amount), [])
    session.wait_screen("请刷卡", mark, _SCREEN_TIMEOUT_S)


def _tap(session: Session, card_file: CardFile, card: Card) -> Tap:
    before, idle, mark = card_file.balance, session.screen, session.mark()
    session.call(lambda: session.world.field.place(card))
    session.wait(lambda e: e["event"] == "sound", "a sound", mark, _SCREEN_TIMEOUT_S)

    def is_outcome(event: Event) -> bool:
        return event["event"] == "screen" and event["text"] != idle

    shown = session.wait(is_outcome, "the outcome on the screen", mark, _SCREEN_TIMEOUT_S)
    picture = session.picture()
    session.call(session.world.field.remove)
    records = [e["kind"] for e in session.events[mark:] if e["event"] == "record"]
    return Tap(shown["text"], picture, before, card_file.balance, records)

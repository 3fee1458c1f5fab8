"""What is to be seen of a bench at this moment: whatever draws it, draws this."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..report import masked
from .counter_host import CounterHost
from .deck import KINDS, Deck, Words
from .picture import Picture
from .session import Event, Session

if TYPE_CHECKING:  # it needs gmssl, which is there with the extra `sim`
    from .codes import Codes

_KEPT = 100  # lines of the log
_MOST_EDGES = 64  # of a pattern
_TOLD = ("record", "error", "pulled", "filled", "scan", "power", "host")
# Fields of a record that people want to see; the others are evidence.
_SHOWN = (
    "seq kind time_s serial amount balance outcome what reason purpose way count item room"
    " reference operator boots upto_seq entries intent_seq"
).split()


@dataclass(frozen=True)
class About:
    """What does not change. link: the port's path."""

    board: str
    scene: str
    language: str
    merchant: str
    terminal: str
    link: str


@dataclass(frozen=True)
class CardView:
    """One card of the deck. balance: fen, None for one without money."""

    name: str
    title: Words
    note: Words
    balance: int | None
    is_there: bool


@dataclass(frozen=True)
class Snapshot:
    """number: rises with every change. picture: the display as it is seen.

    sound: the last pattern, milliseconds of each beep. log: the newest events, oldest first;
    cards of other people in them are masked.
    """

    number: int
    is_on: bool
    is_plugged: bool
    is_host_there: bool
    picture: Picture
    text: tuple[str, ...]
    sound: tuple[int, ...]
    log: tuple[Event, ...]
    cards: tuple[CardView, ...]

    @property
    def card(self) -> CardView | None:
        """The card that lies there."""
        return next((card for card in self.cards if card.is_there), None)


class View:
    """Listens to a session. on_change: called after each change, from any thread; be brief."""

    def __init__(
        self, session: Session, deck: Deck, host: CounterHost, about: About, codes: Codes | None
    ) -> None:
        self.about = about
        self.codes = {} if codes is None else dict(codes.notes)
        self.on_change: list[Callable[[], None]] = []
        # Changes of the buzzer's wire, (milliseconds, level): as they come in a world that keeps
        # up with the clock, else a whole pattern when it is over.
        self.on_buzzer: list[Callable[[list[tuple[float, int]]], None]] = []
        self._edges: list[tuple[float, int]] = []
        self._session, self._deck, self._host = session, deck, host
        self._lock = threading.Lock()
        self._number = self._logged = 0
        self._text: tuple[str, ...] = ()
        self._sound: tuple[int, ...] = ()
        self._log: deque[Event] = deque(maxlen=_KEPT)
        session.listen(self._hear)
        session.on_buzzer = self._beep
        session.call(self._begin)
        deck.on_commit = self._touch

    def _begin(self) -> None:
        """In the world's thread: what is there already."""
        self._session.world.field.on_change = self._touch
        self._look()

    def _look(self) -> None:
        world = self._session.world
        seen = world.picture()
        self._picture = seen if world.is_on else Picture.dark(seen.width, seen.height)
        self._text = tuple(self._session.screen) if world.is_on else ()

    def _hear(self, event: Event) -> None:
        name = event["event"]
        if name == "screen" or (name == "power" and not event["on"]):
            self._look()  # both come from the world's thread, or while that waits for us
        elif name == "sound":
            self._sound = tuple(event["beeps_ms"])
            self._sound_out()
        if name in _TOLD:
            self._logged += 1
            told = {"number": self._logged, **_for_people(event)}
            with self._lock:
                self._log.append(told)
        self._touch()

    def _beep(self, at_ms: float, level: int) -> None:
        self._edges = [*self._edges[-_MOST_EDGES:], (at_ms, level)]
        if self._session.world.is_real_time:
            self._sound_out()

    def _sound_out(self) -> None:
        edges, self._edges = self._edges, []
        for listener in self.on_buzzer if edges else ():
            listener(edges)

    def _touch(self) -> None:
        with self._lock:
            self._number += 1
        for listener in self.on_change:
            listener()

    def snapshot(self) -> Snapshot:
        """How it is now."""
        there = self._deck.name_of(self._session.world.field.card)
        balances = self._deck.balances()
        with self._lock:
            log = tuple(self._log)
        return Snapshot(
            self._number,
            self._session.world.is_on,
            self._host.is_plugged,
            self._host.is_there and self._session.world.is_on,
            self._picture,
            self._text,
            self._sound,
            log,
            tuple(
                CardView(name, kind.title, kind.note, balances.get(name), name == there)
                for name, kind in KINDS.items()
            ),
        )


def _for_people(event: Event) -> dict[str, Any]:
    if event["event"] != "record":
        return event
    shown = {name: event[name] for name in _SHOWN if name in event}
    if "serial" in shown:
        shown["serial"] = masked(shown["serial"])
    return {"event": "record", **shown}

"""The hand that holds a card to a reader, and takes it away when the terminal has answered."""

from __future__ import annotations

import time

from .cards.base import Card
from .session import Event, Session

_ANSWER_MS = 50  # beeps longer than that are an answer; a key's click is shorter
_REACTION_S = 0.3
_PATIENCE_S = 20.0  # what asks the host may take that long


class Hand:
    """All methods are called in the world's thread: see Session.call."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._card: Card | None = None  # which is to go
        self._until_s = 0.0
        session.listen(self._hear)
        session.each_step(self._look)

    def place(self, card: Card, leave_after_bytes: int | None, is_to_go: bool) -> None:
        """Put a card down in the place of any other. is_to_go: take it away after the answer."""
        self._session.world.field.place(card, leave_after_bytes)
        self._card = card if is_to_go else None
        self._until_s = time.monotonic() + _PATIENCE_S

    def remove(self) -> None:
        """Take away what lies there."""
        self._card = None
        self._session.world.field.remove()

    def tear(self, after_bytes: int) -> bool:
        """Have it leave after so many more bytes on the air; False if nothing lies there."""
        field = self._session.world.field
        if field.card is None:
            return False
        field.leave_after(after_bytes)
        return True

    def _hear(self, event: Event) -> None:
        if self._card is None:
            return
        if event["event"] == "sound" and max(event["beeps_ms"]) >= _ANSWER_MS:
            self._until_s = min(self._until_s, time.monotonic() + _REACTION_S)
        elif event["event"] == "power" and not event["on"]:
            self._until_s = 0.0

    def _look(self) -> None:
        if self._card is None or time.monotonic() < self._until_s:
            return
        self._card = None
        self._session.world.field.remove()
        self._session.emit("card", in_field=False)

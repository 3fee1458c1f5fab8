"""Carries out command lines one after the other, so that whoever draws never waits."""

from __future__ import annotations

import queue
import threading

from ..errors import OneCardError
from .desk import Desk
from .session import Session

_MOST_WAITING = 64


class Busy(OneCardError):
    """More lines than the terminal can take: this one was not taken."""


class Worker:
    """Errors become "error" events, as in the JSON lines."""

    def __init__(self, session: Session, desk: Desk) -> None:
        self._session, self._desk = session, desk
        self._lines: queue.Queue[str | None] = queue.Queue(_MOST_WAITING)
        self._thread = threading.Thread(target=self._work, name="desk", daemon=True)
        self._thread.start()

    def submit(self, line: str) -> None:
        """Have a line carried out. Raises Busy."""
        try:
            self._lines.put_nowait(line)
        except queue.Full:
            raise Busy(
                f"{_MOST_WAITING} commands are waiting: {line[:20]!r} was not taken"
            ) from None

    def close(self) -> None:
        """End after what is under way; lines that still wait are dropped."""
        while True:
            try:
                self._lines.put_nowait(None)
                break
            except queue.Full:
                self._lines.get()
        self._thread.join()

    def _work(self) -> None:
        while (line := self._lines.get()) is not None:
            try:
                self._desk.run(line)
            except OneCardError as error:
                self._session.emit("error", text=error.text)

"""A virtual terminal at work: its world in a thread of its own, what happens there as events.

Other threads place cards, press keys and cut the power through `call`, talk to the terminal over
`world.link_path` like any host tool, and wait for events.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeVar

from ocwire import sector

from .. import dump
from ..errors import OneCardError
from ..report import describe
from .screen import ScreenReader, half_blocks
from .worlds.base import World

_LOOK_S = 0.5  # how often a caller looks whether the world still runs

T = TypeVar("T")
Event = dict[str, Any]


class SimError(OneCardError):
    """The virtual terminal did not do in time what was waited for."""


class Session:
    """world: not powered yet. glyphs: what its screen can show. on_event: told of everything.

    digits: its large characters, of a display that has them. on_buzzer: told of each change of
    the buzzer's wire (milliseconds of the world's, level), in the world's thread.
    """

    def __init__(
        self,
        world: World,
        glyphs: dict[str, bytes],
        on_event: Callable[[Event], None] = lambda event: None,
        digits: Mapping[str, bytes] = MappingProxyType({}),
    ) -> None:
        self.world = world
        self.events: list[Event] = []
        self.screen: list[str] = []
        self._listeners: list[Callable[[Event], None]] = [on_event]
        self._each_step: list[Callable[[], None]] = []
        self.on_buzzer: Callable[[float, int], None] = lambda at_ms, level: None
        self._reader = ScreenReader(glyphs, digits)
        self._calls: queue.SimpleQueue[tuple[Callable[[], Any], queue.SimpleQueue[Any]]]
        self._calls = queue.SimpleQueue()
        self._changed = threading.Condition()
        self._is_running = True
        self._last_seq = 0
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="world", daemon=True)
        self._thread.start()

    # -- from other threads ------------------------------------------------------------

    def call(self, action: Callable[[], T]) -> T:
        """Run `action` in the world's thread between two steps; returns or raises as it does."""
        answer: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._calls.put((action, answer))
        while True:
            try:
                result = answer.get(timeout=_LOOK_S)
                break
            except queue.Empty:
                if not self._thread.is_alive():  # it ended with this call still in the queue
                    raise SimError(f"the virtual terminal has failed: {self._failure}") from None
        if isinstance(result, BaseException):
            raise result
        return result  # type: ignore[no-any-return]

    def wait(
        self, is_it: Callable[[Event], bool], what: str, since: int = 0, timeout_s: float = 30
    ) -> Event:
        """The first event from number `since` on for which is_it() is true.

        Raises SimError naming `what` after timeout_s.
        """
        deadline = time.monotonic() + timeout_s
        position = since
        with self._changed:
            while True:
                while position < len(self.events):
                    if is_it(self.events[position]):
                        return self.events[position]
                    position += 1
                if self._failure is not None:
                    raise SimError(f"the virtual terminal has failed: {self._failure}")
                left = deadline - time.monotonic()
                if left <= 0:
                    raise SimError(
                        f"{what} did not happen in {timeout_s:g} s", "\n".join(self.screen)
                    )
                self._changed.wait(left)

    def wait_screen(self, text: str, since: int = 0, timeout_s: float = 30) -> Event:
        """Wait until the screen shows `text` in one of its rows."""
        return self.wait(
            lambda e: e["event"] == "screen" and any(text in row for row in e["text"]),
            f"“{text}” on the screen",
            since,
            timeout_s,
        )

    def listen(self, listener: Callable[[Event], None]) -> None:
        """Have `listener` told of every event too, in the thread that it comes from."""
        with self._changed:
            self._listeners.append(listener)

    def each_step(self, look: Callable[[], None]) -> None:
        """Have look() called in the world's thread after each of its steps."""
        self._each_step.append(look)

    def learn(self, glyphs: dict[str, bytes]) -> None:
        """The screen may show these, too: character to rows, see ScreenReader."""
        self.call(lambda: self._reader.learn(glyphs))

    def picture(self) -> str:
        """The display as half-block characters, 32 rows of 128 (120 of 320)."""
        seen = self.call(self.world.picture)
        return half_blocks(seen.mono, seen.width, seen.height)

    def mark(self) -> int:
        """The number the next event will have."""
        return len(self.events)

    def close(self) -> None:
        """Power off and end the thread."""
        self._is_running = False
        self._thread.join()

    # -- the world's thread --------------------------------------------------------------

    def _run(self) -> None:
        try:
            while self._is_running:
                self._serve_calls()
                self.world.step()
                self._observe()
                for look in self._each_step:
                    look()
        except BaseException as error:
            self._failure = error
            with self._changed:
                self._changed.notify_all()
        finally:
            self._serve_calls()
            self.world.close()

    def _serve_calls(self) -> None:
        while not self._calls.empty():
            action, answer = self._calls.get()
            try:
                answer.put(action())
            except Exception as error:
                answer.put(error)

    def emit(self, name: str, **values: Any) -> None:
        """Add an event of this name."""
        event = {"event": name, **values}
        with self._changed:
            self.events.append(event)
            for listener in self._listeners:  # inside the lock: told in the order they happen
                listener(event)
            self._changed.notify_all()

    def _observe(self) -> None:
        seen = self.world.events
        while seen.power_changes:
            self.emit("power", on=seen.power_changes.pop(0))
        while seen.programmed:
            self._observe_sector(seen.programmed.pop(0))
        if seen.is_screen_settled(self.world.now_ms):
            self.screen = self._reader.read_picture(self.world.picture())
            self.emit("screen", text=[row.rstrip() for row in self.screen])
        for at_ms, level in seen.take_edges():
            self.on_buzzer(at_ms, level)
        pattern = seen.take_sound(self.world.now_ms)
        if pattern:
            self.emit("sound", beeps_ms=pattern)

    def _observe_sector(self, address: int) -> None:
        """Tell of records that have come into the sector at this byte of the journal."""
        start = address // sector.SECTOR_SIZE * sector.SECTOR_SIZE
        for item in dump.records(self.world.journal_read(start, sector.SECTOR_SIZE)):
            if item.seq > self._last_seq:
                self._last_seq = item.seq
                told = describe(item)
                if "event" in told:  # the record's own, of a shift or a loan
                    told["what"] = told.pop("event")
                self.emit("record", **told)

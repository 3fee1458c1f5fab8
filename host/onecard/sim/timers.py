"""Time for simulated parts: what the clock says, and what is to happen later."""

from __future__ import annotations

import heapq
import itertools
import time
from collections.abc import Callable
from typing import Any, Protocol

ROUNDING_US = 0.01  # a clock that is asked at the instant of an alarm may be a little before it
Cancel = Callable[[], bool]
Action = Callable[[], None]


class Timers(Protocol):
    """A world's clock as its parts see it."""

    def now_us(self) -> float:
        """Microseconds since some fixed instant."""

    def after(self, delay_us: float, action: Action) -> Cancel:
        """Call action() delay_us from now, in order of time. The result takes it back: it is True
        if the action had not happened yet."""


class RealTimers:
    """Timers on the host's clock; their owner calls run_due() and waits no longer than wait_s().

    scale: how much of each delay passes for real; 0 is at once.
    """

    def __init__(self, scale: float = 1.0) -> None:
        self._scale = scale
        self._heap: list[tuple[float, int, list[Action]]] = []
        self._order = itertools.count()

    def now_us(self) -> float:
        """See Timers."""
        return time.monotonic() * 1e6

    def after(self, delay_us: float, action: Action) -> Cancel:
        """See Timers."""
        holder = [action]
        due_s = time.monotonic() + delay_us * self._scale / 1e6
        heapq.heappush(self._heap, (due_s, next(self._order), holder))

        def cancel() -> bool:
            is_pending = bool(holder)
            holder.clear()
            return is_pending

        return cancel

    def wait_s(self, most_s: float) -> float:
        """How long nothing is due, at most most_s."""
        if not self._heap:
            return most_s
        return max(0.0, min(most_s, self._heap[0][0] - time.monotonic()))

    def run_due(self) -> None:
        """Do what is due."""
        while self._heap and self._heap[0][0] <= time.monotonic():
            holder = heapq.heappop(self._heap)[2]
            if holder:
                holder.pop()()

    def clear(self) -> None:
        """Forget all of it: the power is gone."""
        for _, _, holder in self._heap:
            holder.clear()
        self._heap.clear()


class AlarmTimers:
    """Timers on the virtual Pico's cycle clock. Before attach() it stands still: no power."""

    _clock: Any = None

    def attach(self, mcu: Any) -> None:
        """Go by the clock of this microcontroller; what was to happen on another never does."""
        self._clock = mcu.clock

    def now_us(self) -> float:
        """See Timers."""
        return float(self._clock.nanos) / 1000 if self._clock is not None else 0.0

    def after(self, delay_us: float, action: Action) -> Cancel:
        """See Timers."""
        if self._clock is None:
            return lambda: True
        state = {"is_pending": True}

        def fire() -> None:
            state["is_pending"] = False
            action()

        alarm = self._clock.create_alarm(fire)
        alarm.schedule(max(delay_us, 0.0) * 1000)

        def cancel() -> bool:
            was_pending, state["is_pending"] = state["is_pending"], False
            if was_pending:
                alarm.cancel()
            return was_pending

        return cancel

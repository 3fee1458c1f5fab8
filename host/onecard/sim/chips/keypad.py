"""A matrix of contacts without diodes, as membrane and button keypads have it.

A closed contact joins a row and a column; joined wires share their level, over any number of
contacts, so that three corners of a rectangle also join the fourth. A low wire wins over the
pull-ups. Contacts bounce when they close and when they open.
"""

from __future__ import annotations

import random
from functools import partial

from onecard.sim.buses import Line
from onecard.sim.timers import Cancel, Timers

BOUNCE_US = 5_000.0
_BOUNCES = 6


class KeyMatrix:
    """rows: wires that the controller drives, open drain. columns: wires that it reads.

    bounce_us: how long a contact chatters, at most; seed: of the chatter.
    """

    def __init__(
        self,
        timers: Timers,
        rows: list[Line],
        columns: list[Line],
        bounce_us: float = BOUNCE_US,
        seed: int = 1,
    ) -> None:
        self._timers, self._rows, self._columns = timers, rows, columns
        self._bounce_us, self._random = bounce_us, random.Random(seed)
        self._closed: set[tuple[int, int]] = set()
        self._chatter: dict[tuple[int, int], list[Cancel]] = {}
        self._is_updating = False
        for row in rows:
            row.listen(self._row_changed)

    def press(self, row: int, column: int) -> None:
        """A finger comes down on a key."""
        self._move((row, column), True)

    def release(self, row: int, column: int) -> None:
        """The finger goes."""
        self._move((row, column), False)

    def touch(self, row: int, column: int, for_us: float) -> None:
        """The contact closes cleanly for a moment, as by static or a knock."""
        self._set((row, column), True)
        self._timers.after(for_us, lambda: self._set((row, column), False))

    def _move(self, place: tuple[int, int], is_closed: bool) -> None:
        for cancel in self._chatter.pop(place, []):
            cancel()
        self._set(place, is_closed)
        if not self._bounce_us:
            return
        instants = sorted(self._random.uniform(0, self._bounce_us) for _ in range(2 * _BOUNCES))
        level, cancels = is_closed, []
        for after_us in instants:  # an even number: it ends as it began
            level = not level
            cancels.append(self._timers.after(after_us, partial(self._set, place, level)))
        self._chatter[place] = cancels

    def _set(self, place: tuple[int, int], is_closed: bool) -> None:
        (self._closed.add if is_closed else self._closed.discard)(place)
        self._update()

    def _row_changed(self, level: bool) -> None:
        self._update()

    def _update(self) -> None:
        """Give every column the level that the wires joined to it have."""
        if self._is_updating:
            return
        self._is_updating = True
        low = {row for row, line in enumerate(self._rows) if not line.level}
        columns: set[int] = set()
        while True:
            joined = {column for row, column in self._closed if row in low}
            rows = low | {row for row, column in self._closed if column in joined}
            if joined == columns and rows == low:
                break
            columns, low = joined, rows
        for column, line in enumerate(self._columns):
            line.drive(False if column in columns else None, self)
        self._is_updating = False

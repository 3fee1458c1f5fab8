"""A matrix of contacts without diodes: rows are pulled low one by one, columns are read.

Contacts bounce for up to 20 ms; each key has a counter of its own, so that one key's bouncing
holds up no other. Two keys down at once are always told apart, and more as long as no three of
them lie at corners of a rectangle: current then finds a way round through them and the fourth
corner reads as pressed too. In that state no key of the rectangle is taken as new.
"""

import asyncio

from micropython import const

TYPE_CHECKING = const(0)
if TYPE_CHECKING:
    from .kinds import EdgeLevel, Switch

_SCAN_MS = const(5)
_WATCH_MS = const(20)  # between looks at an idle keypad whose columns cannot interrupt
_QUEUE_SIZE = const(8)


class Keypad:
    """rows: pins called with 0 or 1, open drain (1 lets go). columns: pins called without
    arguments, with pull-ups; 0 is a closed contact. Those with irq() wake the scanning, else it
    looks every 20 ms. keys: names, row by row; None for a place without a key.

    debounce_ms: how long a contact must be steady to be believed, open or closed.
    lost: presses that found the queue of 8 full. Raises ValueError if keys are too few or many.
    """

    def __init__(
        self,
        rows: "list[Switch]",
        columns: "list[EdgeLevel]",
        keys: "tuple[str | None, ...]",
        debounce_ms: int = 20,
    ):
        if len(keys) != len(rows) * len(columns):
            raise ValueError("%d keys on %d x %d" % (len(keys), len(rows), len(columns)))
        self._rows = rows
        self._columns = columns
        self._keys = keys
        self._steady = max(1, (debounce_ms + _SCAN_MS - 1) // _SCAN_MS)
        self._closed = bytearray(len(rows))  # by row: bit n is column n, as read
        self._ghosts = bytearray(len(rows))
        self._down = bytearray(len(rows))  # what is believed
        self._counts = bytearray(len(keys))  # scans in a row that contradict it
        self._queue = bytearray(_QUEUE_SIZE)
        self._head = self._size = 0
        self.lost = 0
        self._task: "asyncio.Task | None" = None
        self._flag: "asyncio.ThreadSafeFlag | None" = None
        for row in rows:
            row(1)

    def read(self) -> "str | None":
        """The next key that was pressed, or None. The first call starts the scanning."""
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        return self.take()

    def take(self) -> "str | None":
        """As read(), for who calls scan() himself every 5 ms."""
        if not self._size:
            return None
        index = self._queue[self._head]
        self._head = (self._head + 1) % _QUEUE_SIZE
        self._size -= 1
        return self._keys[index]

    def is_down(self, key: str) -> bool:
        """True while `key` is held. Raises ValueError for a name that no key has."""
        index = self._keys.index(key)
        row, column = index // len(self._columns), index % len(self._columns)
        return bool(self._down[row] >> column & 1)

    def close(self) -> None:
        """End the scanning and let the rows go."""
        if self._task is not None:
            self._task.cancel()
            self._task = None

    # -- the scanning -----------------------------------------------------------------------

    async def _run(self) -> None:
        self._watch_edges(True)
        try:
            while True:
                await self._rest()
                is_busy = True
                while is_busy:
                    is_busy = self.scan()
                    await asyncio.sleep_ms(_SCAN_MS)
        finally:
            self._watch_edges(False)
            self._drive(1)

    def _watch_edges(self, is_on: bool) -> None:
        """Have the columns' edges wake the task, if the pins can."""
        if not hasattr(self._columns[0], "irq"):
            return
        if is_on:
            self._flag = asyncio.ThreadSafeFlag()
        for column in self._columns:
            if is_on:
                column.irq(self._edge, column.IRQ_FALLING)
            else:
                column.irq(None)

    def _edge(self, _pin: object) -> None:
        if self._flag is not None:
            self._flag.set()

    async def _rest(self) -> None:
        """Return when a contact is closed: all rows are low, so that any pulls a column down."""
        if self._flag is not None:
            self._flag.clear()
        self._drive(0)
        while not self._any_closed():
            if self._flag is not None:
                await self._flag.wait()
            else:
                await asyncio.sleep_ms(_WATCH_MS)
        self._drive(1)

    def _drive(self, level: int) -> None:
        for row in self._rows:
            row(level)

    def _any_closed(self) -> bool:
        for column in self._columns:
            if not column():
                return True
        return False

    def scan(self) -> bool:
        """Look at every contact once. True while anything is down or not yet believed.

        For calls every 5 ms; debounce_ms counts in such steps. Allocates nothing.
        """
        closed = self._closed
        for r in range(len(self._rows)):
            self._rows[r](0)
            bits = 0
            for c in range(len(self._columns)):
                if not self._columns[c]():
                    bits |= 1 << c
            self._rows[r](1)
            closed[r] = bits
        self._find_ghosts()
        is_busy = False
        for r in range(len(self._rows)):
            if closed[r] or self._down[r] or self._is_counting(r):
                self._settle(r)
                is_busy = True
        return is_busy

    def _find_ghosts(self) -> None:
        """Mark all corners of rectangles: contacts that may be closed or only seem to be."""
        closed, ghosts = self._closed, self._ghosts
        for r in range(len(closed)):
            ghosts[r] = 0
        for a in range(len(closed)):
            for b in range(a + 1, len(closed)):
                both = closed[a] & closed[b]
                if both & (both - 1):  # two columns or more in common
                    ghosts[a] |= both
                    ghosts[b] |= both

    def _is_counting(self, r: int) -> bool:
        width = len(self._columns)
        for index in range(r * width, (r + 1) * width):
            if self._counts[index]:
                return True
        return False

    def _settle(self, r: int) -> None:
        """Believe what contradicted the belief for long enough."""
        counts, width = self._counts, len(self._columns)
        for c in range(width):
            bit, index = 1 << c, r * width + c
            is_closed = bool(self._closed[r] & bit)
            is_doubtful = bool(self._ghosts[r] & bit)
            if is_closed == bool(self._down[r] & bit) or is_doubtful:
                counts[index] = 0
                continue
            counts[index] += 1
            if counts[index] >= self._steady:
                counts[index] = 0
                self._down[r] ^= bit
                if is_closed:
                    self._put(index)

    def _put(self, index: int) -> None:
        if self._keys[index] is None:
            return
        if self._size == _QUEUE_SIZE:
            self.lost += 1
            return
        self._queue[(self._head + self._size) % _QUEUE_SIZE] = index
        self._size += 1

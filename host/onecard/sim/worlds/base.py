"""What every world shows of its terminal, and the sizes they share."""

from __future__ import annotations

from collections import Counter
from typing import Protocol

from onecard.sim.field import Field
from onecard.sim.flash import SECTOR_SIZE
from onecard.sim.picture import Picture
from onecard.sim.terminal_parts import TerminalParts

# Flash map of both boards behind the firmware: files, two update slots, hotlist, journal
# (boards/*/flashmap.py).
FILES_SIZE = 32 * 1024
SLOT_SIZE = 32 * 1024
HOTLIST_SIZE = 60 * 1024
JOURNAL_START = FILES_SIZE + 2 * SLOT_SIZE + HOTLIST_SIZE
JOURNAL_SIZE = 1316 * 1024
BENCH_FLASH_SIZE = JOURNAL_START + JOURNAL_SIZE

_SCREEN_QUIET_MS = 40.0
_SOUND_QUIET_MS = 150.0


class Events:
    """Collects what happens on a board's outputs; the owner of the world asks for it.

    erases: how often each sector of the journal was erased.
    """

    def __init__(self) -> None:
        self.programmed: list[int] = []
        self.erases: Counter[int] = Counter()
        self.power_changes: list[bool] = []
        self._screen_at: float | None = None
        self._on_at: float | None = None
        self._off_at = 0.0
        self._pattern: list[int] = []
        self._edges: list[tuple[float, int]] = []

    def power(self, is_on: bool) -> None:
        """The terminal was switched on or lost its power."""
        self.power_changes.append(is_on)

    def programmed_at(self, address: int) -> None:
        """Something was programmed in the journal, at this byte of it."""
        self.programmed.append(address)

    def erased_at(self, address: int, size: int = SECTOR_SIZE) -> None:
        """That much of the journal was erased, from this byte of it on."""
        self.erases.update(range(address // SECTOR_SIZE, (address + size) // SECTOR_SIZE))

    def screen_changed(self, now_ms: float) -> None:
        """The display got data."""
        self._screen_at = now_ms

    def is_screen_settled(self, now_ms: float) -> bool:
        """True once after each change, when no more data came for a while."""
        if self._screen_at is None or now_ms - self._screen_at < _SCREEN_QUIET_MS:
            return False
        self._screen_at = None
        return True

    def buzzer(self, level: int, now_ms: float) -> None:
        """The buzzer's pin was set."""
        if not self._edges or self._edges[-1][1] != level:
            self._edges.append((now_ms, level))
        if level and self._on_at is None:
            self._on_at = now_ms
        elif not level and self._on_at is not None:
            self._pattern.append(round(now_ms - self._on_at))
            self._on_at, self._off_at = None, now_ms

    def take_edges(self) -> list[tuple[float, int]]:
        """(milliseconds, level) of the buzzer's changes since the last call."""
        edges, self._edges = self._edges, []
        return edges

    def take_sound(self, now_ms: float) -> list[int]:
        """The finished pattern as the milliseconds of each beep; empty if there is none."""
        if not self._pattern or self._on_at is not None or now_ms - self._off_at < _SOUND_QUIET_MS:
            return []
        pattern, self._pattern = self._pattern, []
        return pattern


class World(Protocol):
    """A virtual terminal. Whoever owns it calls step() again and again.

    is_real_time: a second of its own takes a second, if the machine is not too busy.
    """

    name: str
    is_real_time: bool
    field: Field
    events: Events
    link_path: str
    is_on: bool

    @property
    def parts(self) -> TerminalParts: ...
    @property
    def now_ms(self) -> float: ...
    def step(self, timeout_s: float = 0.02) -> None: ...
    def power_on(self) -> None: ...
    def power_off(self) -> None: ...
    def cut_power_at(self, operation: int, mode: str, seed: int = 1) -> None: ...
    def press(self, key: str) -> None: ...
    def picture(self) -> Picture: ...
    def framebuffer(self) -> bytes: ...
    def journal_read(self, address: int, size: int) -> bytes: ...
    def journal_write(self, address: int, data: bytes) -> None: ...
    def close(self) -> None: ...

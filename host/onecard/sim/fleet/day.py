"""The fleet's day: real signed records, and when each terminal reports, in time that runs fast."""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from onecard.errors import OneCardError
from onecard.keystore import Keystore

from ..county import make_county
from .terminal import FleetTerminal

DAY = datetime.date(2025, 6, 12)


class DayClock:
    """The day's time, `speed` times as fast as the wall's, from begin() on; before, its start."""

    def __init__(self, start_s: int, end_s: int, speed: float) -> None:
        self.start_s, self.end_s, self.speed = start_s, end_s, speed
        self._begun_s: float | None = None

    def begin(self) -> None:
        """The day begins now."""
        self._begun_s = time.monotonic()

    def now_s(self) -> float:
        """UTC seconds of the day."""
        passed_s = 0.0 if self._begun_s is None else time.monotonic() - self._begun_s
        return min(float(self.end_s), self.start_s + passed_s * self.speed)

    def left_s(self, at_s: float) -> float:
        """Seconds of the wall's time until then."""
        return max(0.0, (at_s - self.now_s()) / self.speed)


@dataclass(repr=False)
class Fleet:
    """terminals, and for each of them the times of the day at which it reports."""

    keystore: Keystore
    clock: DayClock
    terminals: list[FleetTerminal]
    reports: list[list[int]]

    @property
    def records(self) -> int:
        """At the day's end."""
        return sum(terminal.whole for terminal in self.terminals)


def make_fleet(
    seed: int, terminals: int, records: int, reports: int = 1, speed: float = 600.0
) -> Fleet:
    """A county's day (sim.county) of so many terminals and about so many records in all.

    reports: of each terminal while the day runs, each at the time of one of its own records, so
    that they follow the day's traffic; one more comes behind the day. The same seed gives the same
    records and times. Raises OneCardError.
    """
    try:
        county = make_county(seed, DAY, terminals, records)
    except ValueError as error:
        raise OneCardError(str(error), "give more terminals") from error
    clock = DayClock(county.at(5) - 60, county.at(22.5), speed)
    rng, out, times = Random(seed), [], []
    now_s: Callable[[], float] = clock.now_s
    for number in sorted(county.terminals):
        own = county.terminals.pop(number)  # its records are kept in a smaller form
        made = FleetTerminal(number, county.keystore.link_key(number), own.records, now_s)
        out.append(made)
        times.append(sorted(rng.choices(made.times(), k=reports)))
    return Fleet(county.keystore, clock, out, times)

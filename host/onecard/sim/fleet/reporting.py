"""A fleet that reports, all in one asyncio loop."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import Protocol

from ocwire import frame

from .day import Fleet
from .terminal import FleetTerminal

_READ_SIZE = 4096
_QUIET_S = 60.0  # a host that says nothing for so long is gone
_AGAIN_S = (0.2, 2.0)  # between these, before a report is tried again


@dataclass
class Figures:
    """What a fleet saw. seconds: from the first report to the last. reports: connections whose
    host left with everything acknowledged; again: those that had to be tried again, by reason.
    waits_s: of each report, from its time to its end."""

    terminals: int = 0
    records: int = 0
    acknowledged: int = 0
    records_sent: int = 0
    reports: int = 0
    bytes_up: int = 0
    bytes_down: int = 0
    seconds: float = 0.0
    again: Counter[str] = field(default_factory=Counter)
    waits_s: list[float] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        """Every record of the day is acknowledged."""
        return self.acknowledged == self.records

    def wait_s(self, share: float) -> float:
        """The wait that this share of the reports did not exceed."""
        ordered = sorted(self.waits_s) or [0.0]
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class Way(Protocol):
    """How a terminal reports. bytes_up, bytes_down: payload bytes until now."""

    bytes_up: int
    bytes_down: int

    async def report(self, terminal: FleetTerminal) -> str:
        """One try; how it ended. What was acknowledged the terminal knows."""


class Reporting:
    """at_once: terminals that report at the same time, at most. patience_s: how long a terminal
    goes on trying behind the end of the day."""

    def __init__(
        self,
        fleet: Fleet,
        way: Way,
        at_once: int = 2000,
        patience_s: float = 120.0,
        seed: int = 1,
    ) -> None:
        self._fleet, self._way = fleet, way
        self._free = asyncio.Semaphore(at_once)
        self._patience_s, self._rng = patience_s, Random(seed)
        self.figures = Figures(len(fleet.terminals), fleet.records)

    async def run(self) -> Figures:
        """The whole day, and what came late."""
        fleet, figures = self._fleet, self.figures
        fleet.clock.begin()
        begun_s = time.monotonic()
        pairs = zip(fleet.terminals, fleet.reports, strict=True)
        async with asyncio.TaskGroup() as group:
            for terminal, times in pairs:
                group.create_task(self._day(terminal, times))
        figures.seconds = time.monotonic() - begun_s
        figures.acknowledged = sum(terminal.acked for terminal in fleet.terminals)
        figures.records_sent = sum(terminal.records_sent for terminal in fleet.terminals)
        figures.bytes_up, figures.bytes_down = self._way.bytes_up, self._way.bytes_down
        return figures

    async def _day(self, terminal: FleetTerminal, times: list[int]) -> None:
        clock = self._fleet.clock
        for at_s in (*times, clock.end_s):
            await asyncio.sleep(clock.left_s(at_s))
            due_s, wanted = time.monotonic(), terminal.count
            while terminal.acked < wanted:
                async with self._free:
                    why = await self._way.report(terminal)
                if terminal.acked >= wanted:
                    self.figures.reports += 1
                    self.figures.waits_s.append(time.monotonic() - due_s)
                else:
                    self.figures.again[why] += 1
                    if time.monotonic() - due_s - clock.left_s(clock.end_s) > self._patience_s:
                        return
                    await asyncio.sleep(self._rng.uniform(*_AGAIN_S))


class ByTCP:
    """A connection a report, which the host ends. address: the collector's."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._address = address
        self.bytes_up = self.bytes_down = 0

    async def report(self, terminal: FleetTerminal) -> str:
        """One connection."""
        terminal.hang_up()
        try:
            reader, writer = await asyncio.open_connection(*self._address)
        except OSError as error:
            return error.strerror or str(error)
        try:
            return await self._serve(terminal, reader, writer)
        except TimeoutError:
            return "the host is silent"
        except OSError as error:
            return error.strerror or str(error)
        finally:
            writer.transport.abort()

    async def _serve(
        self, terminal: FleetTerminal, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> str:
        decoder = frame.Decoder()
        while chunk := await asyncio.wait_for(reader.read(_READ_SIZE), _QUIET_S):
            self.bytes_down += len(chunk)
            for payload in decoder.feed(chunk):
                for answer in terminal.answers(payload):
                    data = frame.encode(answer)
                    self.bytes_up += len(data)
                    writer.write(data)
                await writer.drain()
        return "the host left"

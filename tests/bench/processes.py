"""What processes took, their children and a server's among them: Linux tells it in /proc."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

_EVERY_S = 0.1


def cpu_s(pid: int) -> float:
    """User and system time of a process until now, and of its children that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(field) for field in fields[11:15]) / os.sysconf("SC_CLK_TCK")


def tree(pid: int) -> Iterator[int]:
    """The process and all below it."""
    yield pid
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                yield from tree(int(child))
    except OSError:
        return  # it has ended


def _memory(pid: int) -> int:
    """Bytes; what several processes share is divided among them."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


class Watch:
    """A context: what this process, its children and `servers` with theirs take in it.

    took_s, cpu_s: seconds. most: bytes that all of them held at once, at most, seen each tenth of
    a second. A process that ended and whose parent is none of them is not counted.
    """

    def __init__(self, servers: Iterable[int] = ()) -> None:
        self._roots = (os.getpid(), *servers)
        self._ended = threading.Event()
        self._watching = threading.Thread(target=self._watch)
        self.took_s = self.cpu_s = 0.0
        self.most = 0

    def __enter__(self) -> Watch:
        self._watching.start()
        self.cpu_s, self.took_s = -self._cpu_s(), -time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        self.took_s += time.perf_counter()
        self.cpu_s += self._cpu_s()
        self._ended.set()
        self._watching.join()

    def _all(self) -> Iterator[int]:
        for root in self._roots:
            yield from tree(root)

    def _cpu_s(self) -> float:
        total = 0.0
        for pid in self._all():
            try:
                total += cpu_s(pid)
            except OSError:
                continue  # it has ended: its time is its parent's
        return total

    def _watch(self) -> None:
        while True:
            self.most = max(self.most, sum(_memory(pid) for pid in self._all()))
            if self._ended.wait(_EVERY_S):
                return

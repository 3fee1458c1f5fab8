"""Counts of the C core on microcontrollers: instructions, cycles, bytes. No wall clock.

Each part runs in a process of its own, two at a time; a part that fails says why and the others go
on.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from onecard.build import build, natmod
from onecard.build.sources import project_root

PROFILES = {"fast": "OC_PROFILE=1", "small": "OC_PROFILE=0"}
BOARDS = ("rp2_pico", "qemu_m3", "qemu_rv32")  # the longest first
NATMODS = {"rp2_pico": "armv6m", "qemu_m3": "armv7m", "qemu_rv32": "rv32imc"}


@dataclass
class Counts:
    """What the parts gave. missing: part -> why it gave nothing.

    core: profile -> "CPU LEVEL" -> function -> who -> count (unicorn_counts.measure).
    boards: board -> function -> backend -> count (instructions.measure).
    sizes: profile -> row -> bytes; goals: (what, bytes, limit) (native/ctests/size.py).
    """

    core: dict[str, dict] = field(default_factory=dict)
    boards: dict[str, dict] = field(default_factory=dict)
    sizes: dict[str, dict] = field(default_factory=dict)
    goals: list[tuple[str, int, int]] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)


def _core(profile: str) -> dict:
    import unicorn_counts

    return unicorn_counts.measure([PROFILES[profile]])


def _board(board: str) -> dict:
    import instructions

    return instructions.measure((board,))[board]


def _sizes(out: Path) -> tuple[dict, list[tuple[str, int, int]]]:
    sys.path.insert(0, str(project_root() / "native" / "ctests"))
    import size  # type: ignore[import-not-found]

    measured = size.measure(out)
    return measured, size.against_goals(measured)


def make_images(say: Callable[[str], None]) -> dict[str, str]:
    """Images and native modules, where they are missing or stale; board -> why there is none."""
    missing = {}
    for board in BOARDS:
        try:
            build(board, say)
            natmod.build(NATMODS[board], say)
        except Exception as error:  # the bench goes on without it
            missing[board] = str(error).splitlines()[0]
    return missing


def measure(out: Path, say: Callable[[str], None]) -> Counts:
    """Everything that needs no quiet machine."""
    counts = Counts(missing=make_images(say))
    with ProcessPoolExecutor(2) as pool:
        parts: dict[Future, tuple[str, str]] = {}
        for board in BOARDS:
            if board not in counts.missing:
                parts[pool.submit(_board, board)] = "board", board
        for profile in PROFILES:
            parts[pool.submit(_core, profile)] = "core", profile
        parts[pool.submit(_sizes, out / "size")] = "sizes", "sizes"
        start = time.monotonic()
        for part in as_completed(parts):
            kind, name = parts[part]
            say(f"counts: {name}, after {time.monotonic() - start:.0f} s")
            _keep(counts, kind, name, part)
    return counts


def _keep(counts: Counts, kind: str, name: str, part: Future) -> None:
    error = part.exception()
    if error is not None:
        counts.missing[name] = (str(error).strip().splitlines() or [type(error).__name__])[0]
        return
    result: Any = part.result()
    if kind == "core":
        counts.core[name] = result
    elif kind == "board":
        counts.boards[name] = result
    else:
        counts.sizes, counts.goals = result

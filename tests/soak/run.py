"""make soak: 100,000 taps in a row on the unix port, 2,000 on the virtual Pico, then power cuts.

What came of it goes into docs/reliability.md. By environment: ONECARD_SOAK_BOARDS ("unix
rp2_pico"), ONECARD_SOAK_TAPS and ONECARD_SOAK_PICO_TAPS (in all), ONECARD_SOAK_SEED.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "bench")]

from onecard.build import image_of  # noqa: E402
from onecard.sim.worlds.base import JOURNAL_SIZE, World  # noqa: E402
from onecard.sim.worlds.unix import UnixWorld  # noqa: E402
from rich.console import Console  # noqa: E402

from tests.bench.native_report import write  # noqa: E402
from tests.soak.judge import judge, slope  # noqa: E402
from tests.soak.soak import Sample, Soak  # noqa: E402

PROGRAM = ROOT / "tests" / "soak" / "program.py"
SECTORS = JOURNAL_SIZE // 4096
CUT_SHARE = 10  # one tap in so many is made in the part with power cuts
STEP = 1000
RESULTS = ROOT / "build" / "soak"
MARKS = "soak: begin, written by make soak", "soak: end"


@dataclass
class Plan:
    """taps: in all. The others: a tear, a pull, a cut once in about so many taps."""

    board: str
    taps: int
    pull_every: int
    tear_every: int = 50
    cut_every: int = 8
    link_timeout_s: float = 10.0


@dataclass
class Found:
    """What a soak has shown; see Tally, Verdict and slope. mean: of the sectors' erases."""

    board: str
    seed: int
    taps: int
    in_a_row: int
    cuts: dict[str, int]
    tears: int
    pulls: int
    shown: int
    missing: int
    records: int
    purchases: int
    findings: int
    in_doubt: int
    lost: int
    debited: int
    unexplained: int
    ram_first: int
    ram_last: int
    ram_least: int
    ram_slope: float
    erases_in_taps: int
    erases_least: int
    erases_most: int
    erases_mean: float


def unix_world(folder: Path) -> World:
    """The unix port; the pauses of the firmware take no time."""
    folder.mkdir(parents=True, exist_ok=True)
    start = folder / "start"
    start.write_text(f"#!/bin/sh\nexec '{image_of('unix')}' '{PROGRAM}'\n")
    start.chmod(0o755)
    return UnixWorld(start, folder / "state", time_scale=0.0)


def pico_world(folder: Path) -> World:
    """The virtual Pico, as fast as it goes."""
    from onecard.sim.worlds.pico_terminal import PicoTerminal

    return PicoTerminal(image_of("rp2_pico"), folder / "state", is_paced=False)


WORLDS = {"unix": unix_world, "rp2_pico": pico_world}


def soak(plan: Plan, seed: int, folder: Path) -> Found:
    """Carry out a plan. In a row first, without a restart; then with power cuts."""
    one = Soak(WORLDS[plan.board](folder), folder, seed, plan.link_timeout_s)
    try:
        one.begin()
        one.pull()
        in_a_row = plan.taps - plan.taps // CUT_SHARE
        while one.tally.taps < in_a_row:
            part = min(STEP, in_a_row - one.tally.taps)
            one.run(part, plan.tear_every, plan.pull_every)
            free = one.tally.samples[-1].ram_free
            print(f"{plan.board}: {one.tally.taps:,} taps, RAM free {free:,}", flush=True)
        one.pull()
        calm, erases_in_taps = list(one.tally.samples), one.tally.erases_in_taps
        rest = plan.taps - one.tally.taps
        one.run(rest, plan.tear_every, plan.pull_every, plan.cut_every)
        one.settle()
        return found(plan, seed, one, in_a_row, calm, erases_in_taps)
    finally:
        one.close()


def found(
    plan: Plan, seed: int, one: Soak, in_a_row: int, calm: list[Sample], erases_in_taps: int
) -> Found:
    """The figures; calm, erases_in_taps: of the part without restarts."""
    tally, verdict = one.tally, judge(one)
    warm = calm[len(calm) // 10 :]
    erases = [one.world.events.erases[sector] for sector in range(SECTORS)]
    return Found(
        board=plan.board,
        seed=seed,
        taps=tally.taps,
        in_a_row=in_a_row,
        cuts=dict(sorted(tally.cuts.items())),
        tears=tally.tears,
        pulls=tally.pulls,
        shown=len(tally.shown),
        missing=verdict.missing,
        records=verdict.report.records,
        purchases=verdict.report.purchases,
        findings=sum(f.kind != "in doubt" for f in verdict.report.findings),
        in_doubt=verdict.in_doubt,
        lost=verdict.lost,
        debited=verdict.report.debited,
        unexplained=verdict.unexplained,
        ram_first=warm[0].ram_free,
        ram_last=warm[-1].ram_free,
        ram_least=min(s.ram_free for s in calm),
        ram_slope=slope(warm),
        erases_in_taps=erases_in_taps,
        erases_least=min(erases),
        erases_most=max(erases),
        erases_mean=sum(erases) / SECTORS,
    )


def rows(one: Found) -> list[tuple[str, str, str]]:
    """(figure, value, what is wanted) of the table."""
    cuts = ", ".join(f"{count} {where}" for where, count in one.cuts.items())
    worn = one.erases_most / one.erases_mean if one.erases_mean else 0.0
    return [
        ("taps, of them in a row without a restart", f"{one.taps:,}, {one.in_a_row:,}", ""),
        ("cards pulled away at some byte", f"{one.tears:,}", ""),
        ("power cuts", f"{sum(one.cuts.values()):,}: {cuts}", ""),
        ("pulls with receipt", f"{one.pulls:,}", ""),
        ("records stored, purchases counted", f"{one.records:,}, {one.purchases:,}", ""),
        ("successes on the screen, of them not in the store",
         f"{one.shown:,}, {one.missing}", "0 missing"),
        ("findings: MAC chain, numbers, TACs, open transactions", str(one.findings), "0"),
        ("left the cards, fen", f"{one.lost:,}", ""),
        ("debited by the store, fen; in doubt", f"{one.debited:,}; {one.in_doubt}", "equal"),
        ("cards whose balance the records do not explain", str(one.unexplained), "0"),
        ("RAM free after a collection: warm, last, least",
         f"{one.ram_first:,}, {one.ram_last:,}, {one.ram_least:,}", "no growth"),
        ("slope of it, bytes a tap", f"{one.ram_slope:+.3f}", "≥ −0.05"),
        ("erases while a card was waiting, in a row", str(one.erases_in_taps), "0"),
        ("erases a sector: least, mean, most",
         f"{one.erases_least}, {one.erases_mean:.1f}, {one.erases_most}", ""),
        ("most worn beside the mean", f"{worn:.2f}", "≤ 1.10 in many rounds"),
    ]  # fmt: skip


HEAD = """## Soak

Written by `make soak`. The firmware as it is flashed, its chips at byte level: people, hosts and
power are drawn from a seed. First a stretch in a row, without a restart; then one with a power
cut in about one tap of eight: in a flash operation (torn in five ways), at some frame on the air,
in the receipt of a pull, or between two taps. A success counts once it is on the screen. At the
end every card whose tap was disturbed comes back, the host pulls, and cards, screen and store are
compared, card by card.
On the unix port the firmware's pauses take no time.
"""


def report() -> str:
    """The part of docs/reliability.md, of the newest run of each board."""
    parts = [HEAD]
    for board in WORLDS:
        file = RESULTS / f"{board}.json"
        if file.exists():
            one = Found(**json.loads(file.read_text()))
            parts.append(
                f"### {board}, seed {one.seed}\n\n| | found | wanted |\n| --- | --- | --- |"
            )
            parts += [f"| {' | '.join(row)} |" for row in rows(one)]
            parts.append("")
    return "\n".join(parts)


def main() -> None:
    """Run what the environment asks for, keep the figures and write the report."""
    seed = int(os.environ.get("ONECARD_SOAK_SEED", "1"))
    plans = {
        "unix": Plan("unix", int(os.environ.get("ONECARD_SOAK_TAPS", "112000")), 500),
        "rp2_pico": Plan(
            "rp2_pico", int(os.environ.get("ONECARD_SOAK_PICO_TAPS", "2000")), 50,
            link_timeout_s=60.0,
        ),
    }  # fmt: skip
    RESULTS.mkdir(parents=True, exist_ok=True)
    for board in os.environ.get("ONECARD_SOAK_BOARDS", "unix rp2_pico").split():
        print(f"{board}: seed {seed}", flush=True)
        with tempfile.TemporaryDirectory() as folder:
            one = soak(plans[board], seed, Path(folder))
        (RESULTS / f"{board}.json").write_text(json.dumps(asdict(one), indent=1))
        for row in rows(one):
            Console(width=140).print(*row, sep=" | ")
    write(ROOT / "docs" / "reliability.md", report(), MARKS)


if __name__ == "__main__":
    main()

"""The journal beside littlefs and SQLite: what a record costs, how many fit, what rot does.

make bench-journal; the tables go into docs/benchmarks.md. All counts, none depends on the machine.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = (".", "firmware", "native", "tests/shim", "tests/bench")
sys.path[:0] = [str(ROOT / folder) for folder in FOLDERS]

import virtual  # noqa: E402

virtual.install()

from onecard.sim.worlds.base import JOURNAL_SIZE  # noqa: E402
from rich.console import Console  # noqa: E402
from rich.table import Table  # noqa: E402

from tests.bench import journal_peers, journal_rot  # noqa: E402
from tests.bench.journal_ours import FILLS, Canteen, Cost, Ours  # noqa: E402
from tests.bench.native_report import write  # noqa: E402
from tests.bench.readers import markdown  # noqa: E402

SEED = 20261127
FLIPS = 2000
PEER_SIZE = 64  # of the records in the figures that littlefs's users know
MARKS = "journal: begin, written by make bench-journal", "journal: end"
OURS = {
    "fixed price, whole pages": (False, 256),
    "keyed amounts, whole pages": (True, 256),
    "keyed amounts, single bytes": (True, 1),
}
COLUMNS = (
    "", "full", "erases per 1,000 records", "erases in appends", "bytes clocked ÷ record",
    "bytes set ÷ record", "reads a record", "bytes read a record", "worst append, operations",
)  # fmt: skip
HEAD = f"""## Journal

Written by `make bench-journal`, seed {SEED}. Counts on a simulated W25Q-class NOR flash of
{JOURNAL_SIZE // 1024} KiB, which is the journal's part of a 2 MB Pico; ours and littlefs ran on it
in the same run. Ours: a canteen's purchases (intent and result) by the real engine, 500 cards of
one county; between two taps the terminal erases ahead, as it does when idle, and these erases are
counted. littlefs: 2.11 with the options of MicroPython's VfsLfs2 on rp2, one file, each record
durable; full is at most {journal_peers.FULLEST:.0%}, then it finds no block to copy into. Bytes
clocked: all that is sent with program commands, beside the bytes of the records on the link;
bytes set: without those of FF, which program nothing. An operation is a program or an erase. Bit
rot: the newest record of all has none behind it that shows its loss; a host that had it sees the
numbers fall back, and an intent without its result is resolved from the card.

"""


def cost_row(table: Table, name: str, fill: float, cost: Cost) -> None:
    """One line of the table of costs."""
    size, count = cost.record_bytes, cost.records
    table.add_row(
        name, f"{fill:.0%}", f"{1000 * cost.erases / count:,.0f}", str(cost.erases_in_taps),
        f"{cost.clocked / size:.2f}", f"{cost.set / size:.2f}", f"{cost.reads / count:.1f}",
        f"{cost.bytes_read / count:,.0f}", str(cost.worst),
    )  # fmt: skip


def cost_table(ours: dict[str, Ours], size: int) -> Table:
    """Ours and littlefs at each fill."""
    table = Table(*COLUMNS, title="What a durable record costs")
    for name, found in ours.items():
        for fill, cost in found.costs.items():
            cost_row(table, f"ours, {name}", fill, cost)
    for record_size in (PEER_SIZE, size):
        for closes in (False, True):
            how = "open, append, close" if closes else "append, flush"
            for fill, cost in journal_peers.littlefs(record_size, closes, SEED).items():
                cost.erases_in_taps = cost.erases  # it never erases but in an append
                shown = min(fill, journal_peers.FULLEST)
                cost_row(table, f"littlefs, {record_size} bytes, {how}", shown, cost)
    return table


def other_table(ours: dict[str, Ours], size: int) -> Table:
    """Room, mounts, SQLite."""
    table = Table("", "found", title="Room, mount, and SQLite for scale")
    for name, found in ours.items():
        mounts = ", ".join(f"{found.mounts[fill]} at {fill:.0%}" for fill in FILLS)
        table.add_row(f"{name}: purchases from empty to full", f"{found.purchases:,}")
        table.add_row(f"{name}: reads of a mount", mounts)
    reads = journal_peers.mount_reads(PEER_SIZE, JOURNAL_SIZE // 2 // PEER_SIZE, SEED)
    table.add_row("littlefs, 50%: reads to mount and open the file", str(reads))
    for mode in ("WAL", "DELETE"):
        ratio = journal_peers.sqlite(size, mode, SEED)
        table.add_row(
            f"SQLite on the host, {mode}, synchronous FULL, a row a transaction: bytes given to "
            f"write() ÷ record of {size} bytes",
            f"{ratio:.1f}",
        )
    return table


def rot_table() -> tuple[Table, journal_rot.Rot]:
    """Flips side by side, and ours."""
    ours = journal_rot.ours(FLIPS, SEED)
    peer = journal_rot.littlefs(FLIPS, SEED)
    title = f"Bit rot: {FLIPS:,} single flips in what was written, {journal_rot.RECORDS} records"
    table = Table("", "ours", "littlefs", title=title)
    names = (
        journal_rot.HARMLESS, journal_rot.NOTICED, journal_rot.NEWEST_LOST,
        journal_rot.SILENT_LOSS, journal_rot.SILENT_CHANGE,
    )  # fmt: skip
    for name in names:
        table.add_row(name, f"{ours.verdicts[name]:,}", f"{peer.verdicts[name]:,}")
    table.add_row("most records lost by one flip", str(ours.most_lost), str(peer.most_lost))
    return table, ours


def goal_table(ours: dict[str, Ours], rot: journal_rot.Rot) -> Table:
    """Each goal and whether it is reached; the worst of all fills counts."""
    table = Table("goal", "measured", "wanted", "", title="Goals")

    def goal(what: str, value: float, most: float, form: str = ".2f") -> None:
        table.add_row(what, format(value, form), f"≤ {most:{form}}", verdict(value <= most))

    for name, found in ours.items():
        costs = list(found.costs.values())
        most = 1.3 if OURS[name][1] == 1 else 4.0
        goal(f"{name}: erases a record", max(c.erases / c.records for c in costs), 0.02, ".3f")
        goal(f"{name}: erases in taps", sum(c.erases_in_taps for c in costs), 0, ".0f")
        goal(
            f"{name}: bytes clocked ÷ record", max(c.clocked / c.record_bytes for c in costs), most
        )
        even = _clocked(costs[-1]) / _clocked(costs[0])
        goal(f"{name}: bytes clocked at 99% ÷ at 1%", even, 1.02)
        goal(f"{name}: reads of a mount", max(found.mounts.values()), 64, ".0f")
        is_room = found.purchases >= 36_000
        table.add_row(
            f"{name}: purchases that fit", f"{found.purchases:,}", "≥ 36,000", verdict(is_room)
        )
    unnoticed = rot.verdicts[journal_rot.SILENT_LOSS] + rot.verdicts[journal_rot.SILENT_CHANGE]
    goal("flips not noticed, but in the newest record", unnoticed, 0, ".0f")
    goal("records lost by one flip", rot.most_lost, 1, ".0f")
    return table


def _clocked(cost: Cost) -> float:
    return cost.clocked / cost.record_bytes


def verdict(is_met: bool) -> str:
    """A word for the last column."""
    return "met" if is_met else "not met"


def main() -> None:
    """Measure, print and write."""
    ours = {name: Canteen(*options, SEED).run() for name, options in OURS.items()}
    cost = ours["keyed amounts, whole pages"].costs[0.5]
    size = round(cost.record_bytes / cost.records)
    rot, rot_ours = rot_table()
    tables = [goal_table(ours, rot_ours), cost_table(ours, size), other_table(ours, size), rot]
    for table in tables:
        Console(width=150).print(table)
    notes = ""
    for name in OURS:
        one = ours[name].costs[0.5]
        notes += (
            f"A purchase, {name}, at 50 %: {one.set / one.purchases:.1f} bytes set in flash, "
            f"sectors' marks with them, {one.record_bytes / one.purchases:.1f} on the link.\n"
        )
    notes += "\n"
    part = HEAD + notes + "\n".join(markdown(table) for table in tables)
    write(ROOT / "docs" / "benchmarks.md", part, MARKS)


if __name__ == "__main__":
    main()

"""onecard flash: everything that is plugged in to the wanted firmware."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.live import Live
from rich.markup import escape
from rich.table import Table

from ..devices import Found, scan
from ..flash import Job, Outcome, find_wanted, run_all
from ..flash.outcome import DONE, FAILED, OF_FAILURE, REFUSED, UNCHANGED
from ..flash.terminal import Options
from ..store import Store
from .options import (
    DEFAULT_KEYSTORE,
    DEFAULT_STORE,
    AsJson,
    Devices,
    Drives,
    KeystorePath,
    Ports,
    StorePath,
    console,
    keystore_or_none,
    notes,
    print_json,
    search,
)

_COLOURS = {DONE: "green", UNCHANGED: "green", FAILED: "red", REFUSED: "red"}

Files = Annotated[
    list[Path] | None,
    typer.Argument(
        help="A UF2, a signed bundle (.ocb), images for ESP32 chips (.bin). None: the UF2 built "
        "here.",
        metavar="[FILE...]",
    ),
]
All = Annotated[bool, typer.Option("--all", help="Everything that is plugged in.")]
Board = Annotated[str | None, typer.Option("--board", help="Only devices of this board.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done; touch nothing.")]
Force = Annotated[
    bool, typer.Option("--force", help="Also terminals with unread records of business.")
]
PullFirst = Annotated[bool, typer.Option("--pull", help="Pull unread records first.")]
Report = Annotated[
    Path | None, typer.Option("--report", help="Write the results as JSON to this file.")
]
Wait = Annotated[float, typer.Option("--wait", min=1, help="Seconds that a restart may take.")]
Answer = Annotated[
    float, typer.Option("--timeout", min=0.1, help="Seconds of silence before asking again.")
]
AtOnce = Annotated[int, typer.Option("--at-once", min=1, max=64, help="Devices side by side.")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="flash")(flash_command)


def flash_command(
    files: Files = None,
    devices: Devices = None,
    is_all: All = False,
    board: Board = None,
    is_dry: DryRun = False,
    is_forced: Force = False,
    is_pulling: PullFirst = False,
    report: Report = None,
    ports: Ports = None,
    drives: Drives = None,
    path: KeystorePath = DEFAULT_KEYSTORE,
    store: StorePath = DEFAULT_STORE,
    wait: Wait = 120.0,
    timeout: Answer = 5.0,
    at_once: AtOnce = 16,
    as_json: AsJson = False,
) -> None:
    """Bring what is plugged in to the wanted firmware; what has it already is not touched.

    RP2040 drives and MicroPython prompts on an RP2040 get the UF2; terminals get what they lack by
    their hashes: the UF2 (by way of service mode), then the bundle over the link, on trial,
    confirmed or rolled back; ESP32 chips in their ROM loader get the .bin for that chip.
    A terminal with unread records of business is refused unless --pull or --force is given.
    Run it again after anything that went wrong. Ends with 1 if any device failed or was refused.

    Examples: onecard flash --all --dry-run · onecard flash 0.1.1.ocb -d /dev/ttyACM0 --pull
    """
    if not devices and not is_all:
        raise typer.BadParameter("name devices with --device, or say --all")
    wanted = find_wanted(files or (), board)
    keystore = keystore_or_none(path)
    where = search(devices, ports, drives)
    found = [one for one in scan(where, keystore, timeout) if _is_meant(one, board)]
    jobs = [Job(one) for one in found]
    with (
        Store(store) if is_pulling else contextlib.nullcontext() as into,
        Live(_table(jobs), console=notes, auto_refresh=False, transient=as_json) as live,
    ):
        options = Options(where, keystore, into, is_forced, is_dry, timeout, wait)
        outcomes = run_all(jobs, wanted, options, _shower(live, jobs), at_once)
    _tell(outcomes, report, as_json)
    if any(one.result in OF_FAILURE for one in outcomes) or not jobs:
        raise typer.Exit(1)


def _is_meant(found: Found, board: str | None) -> bool:
    return board is None or found.board in (board, "rp2040" if board == "rp2_pico" else board)


def _shower(live: Live, jobs: list[Job]) -> Callable[[], None]:
    def show() -> None:
        live.update(_table(jobs), refresh=live.console.is_terminal)

    return show


def _table(jobs: list[Job]) -> Table:
    out = Table()
    for name in ("device", "what", "terminal", "firmware", "doing", "s"):
        out.add_column(name, overflow="fold")
    for job in jobs:
        one, done = job.found, job.outcome
        doing = job.doing
        if done is not None:
            doing = f"[{_COLOURS.get(done.result, 'yellow')}]{done.result}[/] {escape(done.text)}"
        version = one.version
        if done is not None and done.now != version:
            version = f"{version} -> {done.now}" if version else done.now
        seconds = "" if done is None else f"{done.seconds:.1f}"
        out.add_row(one.device, f"{one.kind} {one.board}", one.terminal, version, doing, seconds)
    return out


def _tell(outcomes: list[Outcome], report: Path | None, as_json: bool) -> None:
    rows = [asdict(one) for one in outcomes]
    if report is not None:
        report.write_text(json.dumps(rows, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    if as_json:
        print_json(rows)
        return
    if not outcomes:
        console.print("nothing is plugged in")
        return
    counts: dict[str, int] = {}
    for one in outcomes:
        counts[one.result] = counts.get(one.result, 0) + 1
        if not notes.is_terminal:
            console.print(f"{one.device}: {one.result}: {one.text}", markup=False, soft_wrap=True)
    console.print(", ".join(f"{count} {result}" for result, count in counts.items()))

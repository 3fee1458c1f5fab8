"""onecard pull: copy terminals' journals into the store."""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from ..devices import Search, scan
from ..errors import OneCardError
from ..fleet.pulling import ALARM, FAILED, PULLED, Pulled, exit_code, pull_all
from ..fleet.watching import Health, open_log, tell
from ..keystore import Keystore
from ..link import LinkClient, open_port
from ..pull import pull
from ..store import Store
from .options import (
    DEFAULT_KEYSTORE,
    DEFAULT_STORE,
    AsJson,
    Devices,
    KeystorePath,
    Ports,
    StorePath,
    Timeout,
    console,
    notes,
    open_keystore,
    print_json,
    search,
)

_COLOURS = {PULLED: "green", FAILED: "red", ALARM: "bold red"}

All = Annotated[bool, typer.Option("--all", help="Every terminal that is plugged in or listed.")]
Expected = Annotated[
    str | None, typer.Option("--terminal", help="Only if it is this terminal that is there.")
]
Watch = Annotated[bool, typer.Option("--watch", help="Go on, round after round, until SIGTERM.")]
Every = Annotated[float, typer.Option("--every", min=0.1, help="Seconds between two rounds.")]
HealthFile = Annotated[
    Path | None, typer.Option("--health", help="JSON file that tells how it is after each round.")
]
LogFile = Annotated[
    Path | None, typer.Option("--log", help="Log of --watch: 1 MB and five older. Else stderr.")
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="pull")(pull_command)


def pull_command(
    devices: Devices = None,
    is_all: All = False,
    expected: Expected = None,
    is_watching: Watch = False,
    every: Every = 30.0,
    health: HealthFile = None,
    log: LogFile = None,
    ports: Ports = None,
    store: StorePath = DEFAULT_STORE,
    path: KeystorePath = DEFAULT_KEYSTORE,
    timeout: Timeout = 5.0,
    as_json: AsJson = False,
) -> None:
    """Copy new records into the store, prove them, and let the terminals free them.

    Terminals stay in service meanwhile. Records are on disk before they are acknowledged, so a
    pull that dies at any point loses nothing and the next one goes on where it stopped.
    One terminal: ends with 1 if a record is missing or is not what the terminal wrote.
    --all: 0 all pulled, 1 some failed (try again), 3 no terminal was there, 4 something is not
    what it should be (a copy of a terminal, a replaced flash, an altered record): look into it.

    Examples: onecard pull -d /dev/ttyACM0 · onecard pull -d socket://10.0.0.7:4000 --json ·
    onecard pull --all --watch --health /run/onecard/health.json
    """
    if is_watching or is_all or (devices and len(devices) > 1):
        if not is_all and not devices:
            raise typer.BadParameter("name devices with --device, or say --all")
        if expected is not None:
            raise typer.BadParameter("--terminal is for one --device")
        keystore, where = open_keystore(path), search(devices, ports, None)
        rounds = Rounds(where, keystore, store, timeout, health)
        if is_watching:
            _watch(rounds, every, log)
            return
        done = rounds.run()
        _tell(done, as_json)
        raise typer.Exit(exit_code(done))
    if not devices:
        raise typer.BadParameter("name a device with --device, or say --all")
    _pull_one(devices[0], expected, open_keystore(path), store, timeout, as_json)


class Rounds:
    """One round after the other over everything that is there."""

    def __init__(
        self, where: Search, keystore: Keystore, store: str, timeout_s: float, health: Path | None
    ) -> None:
        self._where, self._keystore, self._store = where, keystore, store
        self._timeout_s = timeout_s
        self.health = Health(health)
        self._before: dict[str, str] = {}

    def run(self) -> list[Pulled]:
        """One round. Raises StoreError if the store cannot be opened."""
        found = scan(self._where, None, min(self._timeout_s, 2.0))
        done = pull_all(
            found,
            self._keystore,
            lambda: Store(self._store),
            self._timeout_s,
            before=self._before,
        )
        self.health.take(done)
        return done


def _watch(rounds: Rounds, every_s: float, path: Path | None) -> None:
    """Rounds until SIGTERM or Ctrl-C; then what runs is left as a pulled cable would leave it."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: _end(stop))
    log = open_log(path)
    log.info("begins, a round every %g s", every_s)
    with contextlib.suppress(_Ended):
        while True:
            try:
                tell(log, rounds.run())
            except OneCardError as error:
                rounds.health.take([], error.text)
                log.error("%s; %s", error.text, error.hint)
            stop.wait(every_s)
    log.info("ends")


class _Ended(Exception):
    """SIGTERM."""


def _end(stop: threading.Event) -> None:
    stop.set()
    raise _Ended


def _tell(done: list[Pulled], as_json: bool) -> None:
    if as_json:
        print_json([asdict(one) for one in done])
        return
    for one in done:
        word = f"[{_COLOURS.get(one.result, 'yellow')}]{one.result}[/]"
        console.print(f"{one.device}: terminal {one.terminal or '-'}: {word}", end="")
        said = [f"{one.new} new, acknowledged up to {one.acked}"] * (one.result == PULLED)
        said += [text for text in (one.fault, one.text, *one.findings) if text]
        console.print(": " + "; ".join(said) if said else "", markup=False, soft_wrap=True)
    if not done:
        console.print("no terminal is there")


def _pull_one(
    device: str,
    expected: str | None,
    keystore: Keystore,
    store: str,
    timeout: float,
    as_json: bool,
) -> None:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with (
        LinkClient(open_port(device), timeout) as client,
        Store(store) as into,
        Progress(*columns, console=notes, transient=True) as bar,
    ):
        task = bar.add_task("records", total=None)
        result = pull(
            client,
            keystore,
            into,
            lambda done, total: bar.update(task, completed=done, total=total),
            expected,
        )
    if as_json:
        print_json(asdict(result))
    else:
        console.print(
            f"terminal {result.terminal}: {result.new} new records stored, "
            f"acknowledged up to {result.acked}"
        )
        if result.fault:
            console.print(f"  [yellow]the terminal needs service[/]: {result.fault}")
        for finding in result.findings:
            console.print(f"  [red]{finding.kind}[/]: {finding.text}")
    if result.findings:
        sys.exit(1)

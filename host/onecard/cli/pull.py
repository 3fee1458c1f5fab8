"""onecard pull: copy a terminal's journal into the store."""

from __future__ import annotations

import sys
from dataclasses import asdict

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from ..link import LinkClient, open_port
from ..pull import pull
from ..store import Store
from .options import (
    DEFAULT_KEYSTORE,
    DEFAULT_STORE,
    AsJson,
    Device,
    KeystorePath,
    StorePath,
    Timeout,
    console,
    notes,
    open_keystore,
    print_json,
)


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(name="pull")
    def pull_command(
        device: Device,
        store: StorePath = DEFAULT_STORE,
        path: KeystorePath = DEFAULT_KEYSTORE,
        timeout: Timeout = 5.0,
        as_json: AsJson = False,
    ) -> None:
        """Copy new records into the store, prove them, and let the terminal free them.

        The terminal stays in service meanwhile. Records are on disk before they are acknowledged,
        so a pull that dies at any point loses nothing and the next one goes on where it stopped.
        Ends with 1 if a record is missing or is not what the terminal wrote.

        Example: onecard pull -d /dev/ttyACM0 · onecard pull -d socket://10.0.0.7:4000 --json
        """
        keystore = open_keystore(path)
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

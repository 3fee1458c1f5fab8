"""onecard update: put new firmware onto a terminal, over its link."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

from .. import bundle
from ..link import LinkClient, open_port
from ..update import update
from .options import (
    DEFAULT_KEYSTORE,
    AsJson,
    Device,
    KeystorePath,
    Timeout,
    console,
    notes,
    open_keystore,
    print_json,
)


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(name="update")
    def update_command(
        device: Device,
        path: Annotated[Path, typer.Argument(help="The signed bundle.", metavar="FILE")],
        keystore_path: KeystorePath = DEFAULT_KEYSTORE,
        is_again: Annotated[
            bool, typer.Option("--again", help="Also if that image runs already.")
        ] = False,
        wait: Annotated[
            float, typer.Option("--wait", min=1, help="Seconds that the restart may take.")
        ] = 120.0,
        timeout: Timeout = 5.0,
        as_json: AsJson = False,
    ) -> None:
        """Give a terminal a bundle, have it restart with it, and confirm it.

        The terminal serves on while the bundle comes, and is away for some seconds at the restart.
        Whatever fails, the firmware before goes on or comes back by itself: after a crash, a hang,
        or when nobody confirms. A run that died is made good by running it again; it goes on where
        it stopped. Journal and configuration stay as they are.

        Example: onecard update 0.1.1.ocb -d /dev/ttyACM0
        """
        made = bundle.load(path)
        keystore = open_keystore(keystore_path)
        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
        with Progress(*columns, console=notes, transient=True) as bar:
            task = bar.add_task("firmware", total=len(made.image))
            result = update(
                lambda: LinkClient(open_port(device), timeout),
                keystore,
                made,
                lambda done, total: bar.update(task, completed=done, total=total),
                is_again,
                wait,
            )
        if as_json:
            print_json(asdict(result))
        elif result.before == result.now and not result.sent:
            console.print(f"terminal {result.terminal}: {result.now} is there")
        else:
            console.print(
                f"terminal {result.terminal}: {result.before} -> {result.now}, confirmed, "
                f"{result.sent:,} bytes sent"
            )

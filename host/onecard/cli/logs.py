"""onecard logs: look at stored records."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from .. import dump
from ..report import rows, table
from ..store import Store
from .options import DEFAULT_STORE, AsJson, OneTerminal, StorePath, console


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def logs(
        store: StorePath = DEFAULT_STORE,
        terminal: OneTerminal = None,
        from_seq: Annotated[int, typer.Option("--from", min=0, help="From this number on.")] = 0,
        image: Annotated[
            Path | None,
            typer.Option(
                "--image",
                exists=True,
                dir_okay=False,
                help="Read this copy of a journal's flash instead of the store: of a terminal "
                "that starts no more. Formats 1 and 2. Nothing of it is proved.",
            ),
        ] = None,
        as_json: AsJson = False,
    ) -> None:
        """Print stored records: a table, or one JSON object a line. Card numbers are masked in the
        table.

        Example: onecard logs --terminal 112233445566 --json
        """
        if image is not None:
            found = dump.records(dump.read_image(image))
            _print(str(image), [r for r in rows(found) if r["seq"] >= from_seq], as_json, "image")
            return
        with Store(store) as opened:
            for name in [terminal] if terminal else opened.terminals():
                _print(name, rows(opened.records(name, from_seq)), as_json, "terminal")


def _print(name: str, values: list[dict[str, Any]], as_json: bool, what: str) -> None:
    if not as_json:
        console.print(table(f"{what} {name}", values))
        return
    for row in values:
        print(json.dumps({what: name} | row, ensure_ascii=False))

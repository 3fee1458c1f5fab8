"""onecard logs: look at stored records."""

from __future__ import annotations

import json
from typing import Annotated

import typer

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
        as_json: AsJson = False,
    ) -> None:
        """Print stored records: a table, or one JSON object a line. Card numbers are masked in the
        table.

        Example: onecard logs --terminal 112233445566 --json
        """
        with Store(store) as opened:
            for name in [terminal] if terminal else opened.terminals():
                values = rows(opened.records(name, from_seq))
                if as_json:
                    for row in values:
                        print(json.dumps({"terminal": name} | row, ensure_ascii=False))
                else:
                    console.print(table(f"terminal {name}", values))

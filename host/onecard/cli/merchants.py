"""onecard merchants: whose each terminal is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..store import Store
from .options import DEFAULT_STORE, StorePath, console


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def merchants(
        file: Annotated[Path, typer.Argument(help="CSV with terminal, merchant, scene.")],
        store: StorePath = DEFAULT_STORE,
    ) -> None:
        """Tell the store whose each terminal is. An inventory of terminals will do.

        Example: onecard merchants merchants.csv
        """
        from ..settle.merchants import keep_merchants, read_merchants

        rows = read_merchants(file)
        with Store(store) as opened:
            console.print(f"{keep_merchants(opened, rows)} terminals")

"""onecard demo: the whole way of a tap, from card to store, on the real firmware."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from ..demo import run_demo
from ..sim.workplace import BOARDS
from .options import console


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(name="demo")
    def demo_command(
        board: Annotated[
            str, typer.Option("--board", help=f"Virtual board: {', '.join(BOARDS)}.")
        ] = "unix",
    ) -> None:
        """Boot a canteen terminal, tap cards on it, tear one away, cut its power, pull and prove.

        Ends with 1 if the cards, the journal and the store do not agree to the fen.
        """
        with tempfile.TemporaryDirectory(prefix="onecard-demo-") as folder:
            if not run_demo(board, Path(folder), console):
                sys.exit(1)

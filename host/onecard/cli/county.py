"""onecard county: a synthetic county's day to prove and settle."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Annotated

import typer

from ..errors import OneCardError
from ..store import Store
from .options import console, passphrase

STORE, KEYSTORE, MERCHANTS = "store.duckdb", "keystore", "merchants.csv"


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def county(
        folder: Annotated[Path, typer.Argument(help="New folder for it.")],
        day: Annotated[
            datetime.datetime, typer.Option(formats=["%Y-%m-%d"], help="The day.")
        ] = datetime.datetime(2025, 6, 12),
        terminals: Annotated[int, typer.Option(min=9, max=100_000, help="How many.")] = 300,
        records: Annotated[
            int, typer.Option(min=100, max=20_000_000, help="About how many records.")
        ] = 60_000,
        seed: Annotated[int, typer.Option(help="The same seed gives the same bytes.")] = 1,
        frauds: Annotated[bool, typer.Option("--frauds", help="With thieves at work.")] = False,
    ) -> None:
        """Make a synthetic county's day: a store of real signed records of nine scenes with every
        kind of fault, its keystore, and the list of merchants. To try verify, settle and report.

        Example: onecard county demo-county --frauds
        """
        from ..sim.county import bring, make_county, plant, tamper

        if folder.exists():
            raise OneCardError(f"{folder} is there already", "give a new folder")
        words = passphrase(folder / KEYSTORE, confirm=True)
        try:
            made = make_county(seed, day.date(), terminals, records)
            plan = plant(made) if frauds else None
        except ValueError as error:
            raise OneCardError(str(error), "more --terminals, more --records") from error
        folder.mkdir(parents=True)
        made.keystore.save(folder / KEYSTORE, words)
        lines = [f"{p.terminal},{p.merchant},{p.scene}" for p in made.places]
        text = "\n".join(["terminal,merchant,scene", *lines]) + "\n"
        (folder / MERCHANTS).write_text(text, encoding="utf-8")
        with Store(folder / STORE) as store:
            if plan:
                bring(made, plan, store)
            else:
                for terminal, window in made.pulls(1024):
                    store.append(terminal, window)
        console.print(f"{folder}: {made.records} records of {len(made.terminals)} terminals")
        if plan:
            tamper(folder / STORE, plan)
            for fraud in plan.frauds:
                console.print(f"  {fraud.name}: terminal {fraud.terminal}, record {fraud.seq}")

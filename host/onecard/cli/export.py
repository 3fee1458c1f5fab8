"""onecard export: a store as files."""

from __future__ import annotations

import datetime
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from ..errors import OneCardError
from ..store import Store
from .options import DEFAULT_STORE, AsJson, StorePath, console, print_json

_DAY = ["%Y-%m-%d"]


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def export(
        place: Annotated[
            str, typer.Argument(help="New folder, or an object store's URL (s3://bucket/export).")
        ],
        before: Annotated[
            datetime.datetime | None,
            typer.Option("--before", formats=_DAY, help="Only records of days before this one."),
        ] = None,
        store: StorePath = DEFAULT_STORE,
        as_json: AsJson = False,
    ) -> None:
        """Write the store's records to Parquet files, by day and merchant, and what stands beside
        them: merchants, closed days, evidence. `onecard import` reads them into any store.

        Identities in them stay sealed. To keep a copy before onecard prune, to move a store to
        PostgreSQL or back, to look at records with other programs.

        Example: onecard export archive --before 2023-01-01
        """
        from ..collect import exporting
        from ..collect.depot import open_depot
        from ..settle.settlement import day_number, name_day

        is_folder = "://" not in place
        depot = open_depot(place)
        if (not is_folder or Path(place).is_dir()) and depot.names():
            raise OneCardError(f"{place} has batches in it", "give a new place")
        with Store(store) as opened:
            day = day_number(before.date()) if before else None
            done = exporting.export_store(opened, depot, name_day, day)
        if as_json:
            print_json(asdict(done))
        else:
            console.print(f"{place}: {done.records} records in {done.files} files")

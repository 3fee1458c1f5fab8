"""onecard report: totals of what is proved, settled or not."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Annotated

import typer

from ..errors import OneCardError
from ..store import Store
from .options import (
    DEFAULT_KEYSTORE,
    DEFAULT_STORE,
    AsJson,
    EngineUrl,
    KeystorePath,
    StorePath,
    console,
    open_keystore,
    print_json,
)
from .settle import money_table

_LAST_DAY = 99_999
FirstDay = Annotated[
    datetime.datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First day.")
]
LastDay = Annotated[
    datetime.datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day.")
]


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def report(
        store: StorePath = DEFAULT_STORE,
        path: KeystorePath = DEFAULT_KEYSTORE,
        by: Annotated[
            str,
            typer.Option(
                "--by",
                help="Some of merchant, scene, account, issuer, terminal, kind, day, hour.",
            ),
        ] = "merchant",
        first: FirstDay = None,
        last: LastDay = None,
        chart: Annotated[
            Path | None, typer.Option("--chart", help="A bar chart too: FILE.svg, .png or .pdf.")
        ] = None,
        url: EngineUrl = "",
        as_json: AsJson = False,
    ) -> None:
        """Totals of proved transactions by one or more of their properties, settled or not.

        Example: onecard report --by scene,hour --chart hours.svg
        """
        from ..settle import totals
        from ..settle.audit import audit
        from ..settle.engines import open_engine
        from ..settle.settlement import day_number, name_day

        names = tuple(dict.fromkeys(name.strip() for name in by.split(",")))
        for name in names:
            if name not in totals.BY:
                raise OneCardError(f"no report by {name!r}", f"there are: {', '.join(totals.BY)}")
        begin = day_number(first.date()) if first else 0
        end = day_number(last.date()) if last else _LAST_DAY
        keystore = open_keystore(path)
        with Store(store) as opened, open_engine(url, opened) as engine:
            audit(engine, keystore)
            rows = engine.fetch(totals.report, names, begin, end)
        for row in rows:
            if "day" in row:
                row["day"] = name_day(row["day"])
        if chart is not None:
            from ..settle import charts  # Matplotlib takes a second to import

            charts.save(rows, names, chart)
        if as_json:
            print_json(rows)
        else:
            console.print(money_table("", rows))

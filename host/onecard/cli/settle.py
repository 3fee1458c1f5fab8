"""onecard settle: from proved records to who is paid what."""

from __future__ import annotations

import datetime
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from ..report import masked, yuan
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

_MONEY = ("purchases", "refunds", "loads", "fee", "net", "amount")
_HIDDEN = ("refunds_count", "loads_count")
_MOST_SHOWN = 20
DayOption = Annotated[datetime.datetime, typer.Option(formats=["%Y-%m-%d"], help="YYYY-MM-DD.")]
RatesFile = Annotated[
    Path | None, typer.Option("--rates", help="TOML file of fees and issuers' names.")
]


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def settle(
        day: DayOption,
        store: StorePath = DEFAULT_STORE,
        path: KeystorePath = DEFAULT_KEYSTORE,
        rates: RatesFile = None,
        out: Annotated[
            Path | None, typer.Option("--out", help="Folder for CSV, Parquet, clearing file.")
        ] = None,
        close: Annotated[
            bool, typer.Option("--close", help="Book it: these are in no other settlement.")
        ] = False,
        url: EngineUrl = "",
        as_json: AsJson = False,
    ) -> None:
        """Prove everything again and settle a day: what merchants are paid and issuers pay.

        What is not proved, open or in doubt is not paid but listed. Transactions of earlier days
        that are in no closed settlement come along. Ends with 1 if it is not balanced to the fen.

        Example: onecard settle --day 2025-06-12 --rates rates.toml --out day --close
        """
        from ..settle import exports, settlement
        from ..settle.engines import open_engine
        from ..settle.rates import Rates, read_rates

        known = read_rates(rates) if rates else Rates()
        keystore = open_keystore(path)
        with Store(store) as opened, open_engine(url, opened) as engine:
            made = settlement.settle(engine, keystore, day.date(), known)
            was_closed, number = made.is_closed, settlement.day_number(day.date())
            if close:
                settlement.close(engine, day.date(), made)
            if out is not None:
                exports.export(engine, made, number, made.is_closed, out)
        if as_json:
            print_json(made.as_json())
        else:
            word = "closed before" if was_closed else "closed" if made.is_closed else "not closed"
            _print(made, word)
        if not made.is_balanced:
            sys.exit(1)


def _print(made: Any, word: str) -> None:
    console.print(money_table(f"settlement of {made.day}, {word}", made.merchants))
    console.print(money_table("issuers", made.issuers))
    sums = made.totals
    console.print(
        f"issuers pay {yuan(sums['paid_by_issuers'])} = merchants "
        f"{yuan(sums['paid_to_merchants'])} + fees {yuan(sums['fees'])}"
    )
    for title, cases in (("in doubt or open", made.doubts), ("held back", made.held)):
        if cases:
            total = yuan(sum(case["amount"] for case in cases))
            console.print(f"{title}: {len(cases)} transactions, {total}")
        for case in cases[:_MOST_SHOWN]:
            why = case.get("held_for") or f"{case['outcome']}, card says {case['evidence'] or '-'}"
            console.print(
                f"  terminal {case['terminal']}, {case['seq']}: card {masked(case['card'])}, "
                f"{yuan(case['amount'])}: {why}",
                markup=False,
            )
        if len(cases) > _MOST_SHOWN:
            console.print(f"  and {len(cases) - _MOST_SHOWN} more: --json")
    if made.findings:
        console.print(f"[red]{len(made.findings)} findings[/]: onecard verify tells them")
    if made.is_balanced:
        console.print("[green]balanced[/] to the fen")
    for text in made.imbalances:
        console.print(f"[red]not balanced[/]: {text}")


def money_table(title: str, rows: Sequence[dict[str, Any]]) -> Table:
    """Rows of sums (fen, as settlements have them) for people."""
    names = [name for name in (rows[0] if rows else ()) if name not in _HIDDEN]
    made = Table(title=title or None, title_justify="left")
    for name in names or ("nothing",):
        label = "n" if name == "purchases_count" else name
        is_number = name in _MONEY or label == "n"
        made.add_column(label, justify="right" if is_number else "left", overflow="fold")
    for row in rows:
        made.add_row(*(yuan(row[n]) if n in _MONEY else str(row[n]) for n in names))
    return made

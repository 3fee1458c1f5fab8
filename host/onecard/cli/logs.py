"""onecard logs: look at stored records."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable
from typing import Annotated, Any

import typer
from rich.table import Table

from ocwire import record
from ocwire.errors import RecordError

from ..sim.session import describe
from ..store import Store
from .options import DEFAULT_STORE, AsJson, StorePath, console

_CST = datetime.timezone(datetime.timedelta(hours=8))


def clock_text(unix_s: int) -> str:
    """China Standard Time, as the terminal's people read it."""
    return datetime.datetime.fromtimestamp(unix_s, _CST).strftime("%Y-%m-%d %H:%M:%S")


def yuan(fen: int | None) -> str:
    """12.00 of 1200; empty of None."""
    return "" if fen is None else f"{fen / 100:.2f}"


def masked(serial: str | None) -> str:
    """An application serial for screens and reports: its last four digits."""
    return f"…{serial[-4:]}" if serial else ""


def rows(items: Iterable[record.Record]) -> list[dict[str, Any]]:
    """Records as dicts for JSON; one that cannot be decoded says so."""
    out = []
    for item in items:
        try:
            out.append(describe(item))
        except RecordError as error:
            out.append({"seq": item.seq, "kind": record.name(item.kind), "error": str(error)})
    return out


def table(title: str, values: Iterable[dict[str, Any]]) -> Table:
    """The same for people."""
    made = Table(title=title, title_justify="left")
    for name, justify in (
        ("seq", "right"),
        ("time", "left"),
        ("what", "left"),
        ("card", "left"),
        ("amount", "right"),
        ("balance", "right"),
        ("of", "right"),
        ("more", "left"),
    ):
        made.add_column(name, justify=justify)  # type: ignore[arg-type]
    for row in values:
        made.add_row(
            str(row["seq"]),
            clock_text(row.get("time_s", 0)),
            row["kind"],
            masked(row.get("serial")),
            yuan(row.get("amount")),
            yuan(row.get("balance")),
            str(row.get("intent_seq", "")),
            _more(row),
        )
    return made


def _more(row: dict[str, Any]) -> str:
    if "outcome" in row:
        return f"{row['outcome']}, TAC {row['tac']}"
    for name in ("reason", "upto_seq", "error", "boots"):
        if name in row:
            return f"{name.replace('_', ' ')} {row[name]}"
    return f"counter {row['card_counter']}" if "card_counter" in row else ""


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def logs(
        store: StorePath = DEFAULT_STORE,
        terminal: Annotated[
            str | None, typer.Option("--terminal", help="Only this terminal's records.")
        ] = None,
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

"""onecard identities: who showed a card, for those who may know."""

from __future__ import annotations

import datetime
from dataclasses import asdict
from typing import Annotated, Any

import typer
from ocwire import calendar, record

from ..errors import OneCardError
from ..identity import IdentityError, open_identity
from ..keystore import OFFICE, REGISTRAR
from ..report import clock_text
from ..store import Store
from .options import (
    DEFAULT_KEYSTORE,
    DEFAULT_STORE,
    AsJson,
    KeystorePath,
    OneTerminal,
    StorePath,
    console,
    notes,
    open_keystore,
    print_json,
)

_DAY_S = 86_400


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def identities(
        day: Annotated[
            datetime.datetime, typer.Option(formats=["%Y-%m-%d"], help="China Standard Time.")
        ],
        terminal: OneTerminal = None,
        store: StorePath = DEFAULT_STORE,
        path: KeystorePath = DEFAULT_KEYSTORE,
        as_json: AsJson = False,
    ) -> None:
        """Open a day's sealed identities: hotel guests, library and museum admissions, for the
        register that they are kept for. Names and numbers are masked in the table; --json has them
        whole, one object a line.

        Needs the office's keystore or a registrar's. Ends with 1 if one does not open.

        Example: onecard identities --day 2025-06-12 --keystore registrar.keystore --json
        """
        keystore = open_keystore(path)
        if keystore.role not in (OFFICE, REGISTRAR):
            raise OneCardError(
                f"a {keystore.role} opens no identities",
                "a registrar does: onecard keystore hand-out registrar",
            )
        from_s = calendar.unix(day.year, day.month, day.day)
        query = (
            "SELECT terminal, seq, raw FROM records WHERE kind = ? AND time_s >= ? AND time_s < ?"
        )
        values: list[Any] = [record.IDENTITY, from_s, from_s + _DAY_S]
        if terminal is not None:
            query, values = query + " AND terminal = ?", [*values, terminal]
        gone = "SELECT 1 FROM erased e WHERE e.terminal = records.terminal AND e.seq = records.seq"
        query += f" AND NOT EXISTS ({gone}) ORDER BY terminal, seq"
        shut = 0
        with Store(store) as opened:
            for name, seq, raw in opened.database.run(query, values):
                item = record.Record(seq, bytes(raw))
                try:
                    holder = open_identity(item, name, keystore.identity_key(name))
                except IdentityError as error:
                    shut += 1
                    notes.print(f"terminal {name}: {error.text}")
                    continue
                fields = item.fields()
                told = {
                    "terminal": name,
                    "seq": seq,
                    "time": clock_text(fields["time_s"]),
                    "purpose": record.PURPOSES.get(fields["purpose"], str(fields["purpose"])),
                }
                if as_json:
                    print_json(told | asdict(holder))
                else:
                    console.print(*told.values(), holder.masked(), markup=False)
        if shut:
            raise typer.Exit(1)

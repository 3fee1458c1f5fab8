"""Whose a terminal is: a list in the store, brought in from a CSV file."""

from __future__ import annotations

import csv
from pathlib import Path

import pyarrow as pa

from ..errors import OneCardError
from ..keystore import parse_terminal_id
from ..settings.fields import OF_SCENE
from ..store import Store

_MOST_ROWS = 1_000_000
_NEEDED = ("terminal", "merchant")
_LISTED = """INSERT INTO merchants SELECT terminal, merchant, scene FROM listed WHERE true
ON CONFLICT (terminal) DO UPDATE SET merchant = excluded.merchant, scene = excluded.scene"""


class MerchantsError(OneCardError):
    """Everything that is wrong with a list of merchants, one fault a line."""


def read_merchants(path: Path) -> list[tuple[str, str, str]]:
    """(terminal, merchant, scene) of a CSV file with these columns; scene may be left out, others
    are passed over (an inventory of terminals will do). Raises MerchantsError."""
    faults: list[str] = []
    rows: dict[str, tuple[str, str, str]] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            table = csv.DictReader(file, strict=True)
            names = [name.strip() for name in table.fieldnames or []]
            table.fieldnames = names
            faults += [f"{path}:1: column {n} is needed" for n in _NEEDED if n not in names]
            for _, values in zip(range(_MOST_ROWS if not faults else 0), table, strict=False):
                row = [(values.get(n) or "").strip() for n in ("terminal", "merchant", "scene")]
                fault = _fault(row) or ("is listed twice" if row[0] in rows else "")
                if fault:
                    faults.append(f"{path}:{table.line_num}: terminal {row[0]!r} {fault}")
                rows[row[0]] = (row[0], row[1], row[2])
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise MerchantsError(f"{path} cannot be read: {error}", "nothing was changed") from error
    if faults:
        raise MerchantsError("\n".join(faults[:50]), "nothing was changed")
    return list(rows.values())


def _fault(row: list[str]) -> str:
    terminal, merchant, scene = row
    try:
        parse_terminal_id(terminal)
    except OneCardError:
        return "is not 12 digits"
    if not merchant or len(merchant) > 60 or not merchant.isprintable():
        return "needs a merchant of 1 to 60 characters"
    if scene and scene not in OF_SCENE:
        return f"has no scene {scene!r}; scenes: {', '.join(OF_SCENE)}"
    return ""


def keep_merchants(store: Store, rows: list[tuple[str, str, str]]) -> int:
    """Into the store, in the place of what it knew of these terminals; how many."""
    if rows:
        names = ("terminal", "merchant", "scene")
        table = pa.table(dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)))
        store.database.put("listed", table)
        store.database.run(_LISTED)
    return len(rows)

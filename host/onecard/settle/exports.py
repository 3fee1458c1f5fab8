"""A settlement as files: Parquet by day and merchant, CSV, the clearing file, JSON, a page.

Each file is written whole beside its place and then put there, so a reader never sees half of one.
"""

from __future__ import annotations

import csv
import io
import json
import os
from pathlib import Path
from typing import Any

import occrypto
import pyarrow as pa
import pyarrow.parquet as pq
from ocwire import calendar, record

from ..errors import OneCardError
from ..store import Store
from . import totals
from .engines import Engine
from .page import page
from .settlement import Settlement

_KINDS = {"purchase": "P", "refund": "R", "load": "L", "code": "C", "medical": "M"}
_SCHEMA = pa.schema(
    [
        ("terminal", pa.string()),
        ("seq", pa.int64()),
        ("intent_seq", pa.int64()),
        ("kind", pa.string()),
        ("account", pa.string()),
        ("scene", pa.string()),
        ("issuer", pa.string()),
        ("card", pa.string()),
        ("amount", pa.int64()),
        ("before", pa.int64()),
        ("counter", pa.int64()),
        ("tti", pa.int64()),
        ("terminal_serial", pa.int64()),
        ("undoes", pa.int64()),
        ("outcome", pa.int64()),
        ("time_s", pa.int64()),
    ]
)


class ExportError(OneCardError):
    """Files cannot be written or read."""


def export(engine: Engine, made: Settlement, number: int, was_closed: bool, folder: Path) -> int:
    """Write a settlement's files into a folder; how many transactions are in them.

    number: its day since 1970. was_closed: as settle() found it. Raises ExportError.
    """
    rows = engine.fetch(totals.items, number, was_closed)
    day = made.day.replace("-", "")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(made.as_json(), ensure_ascii=False, indent=1) + "\n"
        _write(folder / f"settlement-{day}.json", text.encode())
        _write(folder / f"settlement-{day}.html", page(made, rows).encode())
        for name in ("merchants", "issuers", "lines"):
            _write(folder / f"{name}-{day}.csv", _csv(getattr(made, name)))
        _write(
            folder / f"clearing-{day}.txt", clearing_file(made, rows, _tacs(engine.store, rows))
        )
        _parquet(rows, made.day, folder / "transactions")
    except OSError as error:
        raise ExportError(f"{folder}: {error.strerror}", "make room, run it again") from error
    return len(rows)


def _write(path: Path, content: bytes) -> None:
    beside = path.with_name(f".{path.name}.part")
    with beside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def _csv(rows: list[dict[str, Any]]) -> bytes:
    """With a byte order mark, without which office programs garble Chinese names."""
    out = io.StringIO()
    if rows:
        table = csv.DictWriter(out, list(rows[0]), lineterminator="\r\n")
        table.writeheader()
        table.writerows([{k: _safe(v) for k, v in row.items()} for row in rows])
    return out.getvalue().encode("utf-8-sig")


def _safe(value: Any) -> Any:
    """A text that a spreadsheet would take for a formula gets an apostrophe."""
    is_formula = isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r")
    return "'" + value if is_formula else value


def _parquet(rows: list[dict[str, Any]], day: str, folder: Path) -> None:
    """day=2025-06-12/merchant=NAME/part-0.parquet; what the day had there before is replaced."""
    merchants: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        merchants.setdefault(row["merchant"], []).append(row)
    wanted = set()
    for merchant, own in merchants.items():
        name = "".join(c if c.isalnum() or c in "-_ " else f"%{ord(c):02X}" for c in merchant)
        place = folder / f"day={day}" / f"merchant={name}"
        place.mkdir(parents=True, exist_ok=True)
        sink = pa.BufferOutputStream()
        pq.write_table(pa.Table.from_pylist(own, schema=_SCHEMA), sink)
        _write(place / "part-0.parquet", sink.getvalue().to_pybytes())
        wanted.add(place.name)
    for old in (folder / f"day={day}").glob("merchant=*/part-0.parquet"):
        if old.parent.name not in wanted:
            old.unlink()


def _tacs(store: Store, rows: list[dict[str, Any]]) -> dict[tuple[str, int], str]:
    """The card's signature under each transaction, 8 hex digits, from the record that ended it."""
    wanted: dict[str, set[int]] = {}
    for row in rows:
        wanted.setdefault(row["terminal"], set()).add(row["seq"])
    out = {}
    for terminal, seqs in wanted.items():
        for item in store.records(terminal):
            if item.seq in seqs and record.closes(item.kind):
                out[terminal, item.seq] = item.fields()["tac"].hex()
    return out


def clearing_file(
    made: Settlement, rows: list[dict[str, Any]], tacs: dict[tuple[str, int], str]
) -> bytes:
    """The fixed-width file for a clearing system (docs/settlement.md), lines of 128 bytes."""
    day = made.day.replace("-", "")
    lines = [f"H1{day}{'F' if made.is_closed else 'P'}{len(rows):010d}"]
    for number, row in enumerate(rows, 1):
        when = calendar.to_bcd(row["time_s"]).hex()
        lines.append(
            f"D{number:010d}{row['terminal']:>12}{row['seq']:010d}{_KINDS[row['kind']]}"
            f"{row['issuer']:<8}{row['card']:<20}{row['amount']:010d}{row['before'] or 0:010d}"
            f"{row['counter'] or 0:05d}{row['tti'] or 0:02X}{row['terminal_serial'] or 0:010d}"
            f"{when}{tacs.get((row['terminal'], row['seq']), '0' * 8)}{row['outcome']:1d}"
        )
    sums = made.totals
    lines.append(
        f"T{len(rows):010d}{sums['purchases']:014d}{sums['refunds']:014d}{sums['loads']:014d}"
        f"{sums['fees']:014d}"
    )
    body = "".join(f"{line:<128}\r\n" for line in lines).encode("ascii")
    digest = occrypto.sm3(body).hex()
    return body + f"{'S' + digest:<128}\r\n".encode("ascii")

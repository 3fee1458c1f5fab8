"""Many terminals' records into the store at once, by joins."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import pyarrow as pa
from ocwire import record

Windows = Sequence[tuple[str, Sequence[record.Record]]]

_CONFLICTING = """SELECT DISTINCT i.part FROM incoming i JOIN records r
ON r.terminal = i.terminal AND r.seq = i.seq WHERE r.raw <> i.raw ORDER BY i.part"""
_NEW = """SELECT i.terminal, i.seq, i.kind FROM incoming i ANTI JOIN records r
ON r.terminal = i.terminal AND r.seq = i.seq"""
_INSERT = """INSERT INTO records BY NAME SELECT i.* EXCLUDE part FROM incoming i
ANTI JOIN records r ON r.terminal = i.terminal AND r.seq = i.seq"""
_HEADS = """INSERT INTO heads SELECT terminal, seq, mac FROM tops ON CONFLICT (terminal)
DO UPDATE SET seq = excluded.seq, mac = excluded.mac WHERE excluded.seq > seq"""


def conflicting(db: duckdb.DuckDBPyConnection, incoming: pa.Table) -> list[int]:
    """Windows in which another record stands under a number that is taken."""
    db.register("incoming", incoming)
    found = [part for (part,) in db.execute(_CONFLICTING).fetchall()]
    db.unregister("incoming")
    return found


def insert(
    db: duckdb.DuckDBPyConnection, incoming: pa.Table, windows: Windows
) -> tuple[int, list[tuple[str, int]]]:
    """Rows (of store_schema.table_of_many) into the store, and the heads: inside a transaction,
    without conflicts.

    windows: those that the rows are from, a terminal once at most. Returns how many were new, and
    (terminal, number) of each DEBITED that may be decoded anew as its intent is here now.
    """
    db.register("incoming", incoming)
    new = db.execute(_NEW).fetchall()
    db.execute(_INSERT)
    db.unregister("incoming")
    ends = [(terminal, items[-1].seq, items[-1].mac) for terminal, items in windows]
    names, seqs, macs = (list(column) for column in zip(*ends, strict=True))
    kinds = (pa.string(), pa.uint32(), pa.binary())
    arrays = [pa.array(*one) for one in zip((names, seqs, macs), kinds, strict=True)]
    db.register("tops", pa.table(arrays, names=["terminal", "seq", "mac"]))
    db.execute(_HEADS)
    db.unregister("tops")
    came = {(terminal, item.seq) for terminal, items in windows for item in items}
    fresh = {(terminal, seq): kind for terminal, seq, kind in new}
    apart = [
        (name, seq)
        for (name, seq), kind in fresh.items()
        if kind == record.DEBITED and (name, seq - 1) not in came
    ]
    apart += [
        (name, seq + 1)
        for (name, seq), kind in fresh.items()
        if kind == record.INTENT and (name, seq + 1) not in fresh
    ]
    return len(new), apart

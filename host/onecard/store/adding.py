"""Records into the store, by joins: of one terminal or of many at once."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
import occrypto
import pyarrow as pa
from ocwire import record

from .. import columns
from ..database import Database
from . import rows
from .schema import NAMES

_MOST_CONFLICTS = 4096  # of a terminal at once

_SAME = "r.terminal = incoming.terminal AND r.seq = incoming.seq"
_KNOWN = f"""SELECT (SELECT count(*) FROM incoming JOIN records r ON {_SAME}) + (
    SELECT count(*) FROM incoming JOIN anchors a ON a.terminal = incoming.terminal)"""
_OTHERS = f"""SELECT r.terminal, r.seq, incoming.raw, e.digest FROM incoming
JOIN records r ON {_SAME} LEFT JOIN erased e ON e.terminal = r.terminal AND e.seq = r.seq
WHERE r.raw <> incoming.raw ORDER BY r.terminal, r.seq"""
_WITHOUT_KNOWN = (
    f"DELETE FROM incoming WHERE EXISTS (SELECT 1 FROM records r WHERE {_SAME})",
    """DELETE FROM incoming WHERE EXISTS (SELECT 1 FROM anchors a
    WHERE a.terminal = incoming.terminal AND incoming.seq <= a.seq)""",
)
_CONFLICTS = "INSERT INTO conflicts SELECT * FROM evidence ON CONFLICT DO NOTHING"
_HEADS = """INSERT INTO heads SELECT * FROM newest WHERE true ON CONFLICT (terminal)
DO UPDATE SET seq = excluded.seq, mac = excluded.mac WHERE excluded.seq > heads.seq"""
_NEXT = "CAST({}.seq AS BIGINT) + 1 = {}.seq"
# a DEBITED and its intent that came at different times
_APART = f"""SELECT d.terminal, d.seq, d.raw, p.raw FROM records d
JOIN records p ON p.terminal = d.terminal AND {_NEXT.format("p", "d")}
WHERE d.kind = {record.DEBITED} AND p.kind = {record.INTENT} AND d.terminal = ? AND d.seq = ?"""
# halves of transactions whose other half is not among what is new
_HALVES = f"""SELECT d.terminal, d.seq FROM incoming d WHERE d.kind = {record.DEBITED}
AND NOT EXISTS (SELECT 1 FROM incoming p
    WHERE p.terminal = d.terminal AND {_NEXT.format("p", "d")})
UNION SELECT p.terminal, CAST(p.seq AS BIGINT) + 1 FROM incoming p WHERE p.kind = {record.INTENT}
AND NOT EXISTS (SELECT 1 FROM incoming d
    WHERE d.terminal = p.terminal AND {_NEXT.format("p", "d")})"""
_COMPLETE = "UPDATE records SET time_s = ?, balance = ? WHERE terminal = ? AND seq = ?"


@dataclass(frozen=True)
class Added:
    """new: records that were not here. refused: terminals of which nothing was taken, and the
    first number under which another record stands."""

    new: int
    refused: dict[str, int]


def add(db: Database, incoming: pa.Table) -> Added:
    """Records (rows.INCOMING; a terminal's together, with rising numbers) into the tables, inside
    a transaction.

    Those that are here, or were before they were let go of, are passed over. Of a terminal that
    has another record under a number nothing is taken; what came is kept as evidence.
    """
    table = rows.decoded(incoming, int(time.time()))
    db.put("incoming", table)
    new, refused = len(table), dict[str, int]()
    if db.run(_KNOWN)[0][0]:
        refused = _refuse(db)
        for terminal in refused:
            db.run("DELETE FROM incoming WHERE terminal = ?", [terminal])
        for statement in _WITHOUT_KNOWN:
            db.run(statement)
        new = int(db.run("SELECT count(*) FROM incoming")[0][0])
    if new:
        db.run(f"INSERT INTO records ({NAMES}) SELECT {NAMES} FROM incoming")
        newest, halves = _edges(table)
        db.put("newest", _table([row for row in newest if row[0] not in refused], "mac"))
        db.run(_HEADS)
        for terminal, seq in halves if new == len(table) else db.run(_HALVES):
            _join(db, terminal, seq)
    return Added(new, refused)


def _edges(table: pa.Table) -> tuple[list[rows.Row], list[tuple[str, int]]]:
    """(Terminal, number, MAC) of each terminal's newest record; (terminal, number) of each record
    that is a DEBITED without its intent here, or would be that of an intent here."""
    owners = table.column("terminal").combine_chunks().dictionary_encode()
    names, owner = owners.dictionary.to_pylist(), owners.indices.to_numpy()
    seqs = table.column("seq").to_numpy().astype(np.int64)
    kinds = table.column("kind").to_numpy()
    is_next = np.concatenate([[False], (np.diff(owner) == 0) & (np.diff(seqs) == 1), [False]])
    ends = np.append(np.flatnonzero(np.diff(owner)), len(seqs) - 1)
    raws = table.column("raw")
    newest = [
        (names[owner[n]], int(seqs[n]), record.Record(seqs[n], raws[n].as_py()).mac)
        for n in ends.tolist()
    ]
    debits = np.flatnonzero((kinds == record.DEBITED) & ~is_next[:-1])
    opens = np.flatnonzero((kinds == record.INTENT) & ~is_next[1:])
    halves = [(names[owner[n]], int(seqs[n])) for n in debits.tolist()]
    halves += [(names[owner[n]], int(seqs[n]) + 1) for n in opens.tolist()]
    return newest, halves


def _refuse(db: Database) -> dict[str, int]:
    """Terminals with another record under a number that is taken; evidence of it is kept."""
    refused: dict[str, int] = {}
    kept: dict[str, list[rows.Row]] = {}
    for terminal, seq, raw, digest in db.run(_OTHERS):
        if digest is None or not occrypto.equal(occrypto.sm3(raw), digest):
            refused.setdefault(terminal, seq)
            kept.setdefault(terminal, []).append((terminal, seq, raw))
    evidence = [row for found in kept.values() for row in found[:_MOST_CONFLICTS]]
    if evidence:
        db.put("evidence", _table(evidence, "raw"))
        db.run(_CONFLICTS)
    return refused


def _table(found: list[rows.Row], last: str) -> pa.Table:
    kinds = {"terminal": pa.string(), "seq": pa.uint32(), last: pa.binary()}
    values = zip(*found, strict=True)
    return pa.table([*map(list, values)], schema=pa.schema(list(kinds.items())))


def _join(db: Database, terminal: str, seq: int) -> None:
    """Decode a DEBITED again whose intent is here now, or came now."""
    for _, _, debited, intent in db.run(_APART, [terminal, seq]):
        told = columns.decode([seq - 1, seq], [intent, debited])
        values = [told[name][1].as_py() for name in ("time_s", "balance")]
        db.run(_COMPLETE, [*values, terminal, seq])

"""The store's tables, and how a store of an earlier version becomes one of this."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

import duckdb
import numpy as np
import pyarrow as pa
from ocwire import record

from . import columns

VERSION = 2
_RECORDS = """
CREATE TABLE records (
    terminal    VARCHAR NOT NULL,   -- 12 digits
    seq         UINTEGER NOT NULL,
    kind        UTINYINT NOT NULL,
    time_s      UINTEGER NOT NULL,  -- UTC, as the terminal's clock said
    card        VARCHAR,            -- application serial, 20 digits
    amount      UINTEGER,           -- fen
    balance     UINTEGER,           -- fen: before in an intent, after in a result
    outcome     UTINYINT,           -- of a result
    intent_seq  UINTEGER,           -- of a result: the intent it ends
    raw         BLOB NOT NULL,
    stored_s    UINTEGER NOT NULL,
    tti             UTINYINT,   -- of an intent, as all from here on
    application     UTINYINT,
    counter         USMALLINT,  -- the card's, before
    terminal_serial UINTEGER,
    undoes          UINTEGER,   -- terminal_serial of the purchase that this load gives back
    event           UTINYINT,   -- of a shift, a stay, a medical payment …
    PRIMARY KEY (terminal, seq)
)
"""
_OTHERS = """
CREATE TABLE IF NOT EXISTS heads (          -- the newest record that ever was here
    terminal VARCHAR PRIMARY KEY, seq UINTEGER NOT NULL, mac BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS conflicts (      -- what came under a number that was taken
    terminal VARCHAR NOT NULL, seq UINTEGER NOT NULL, raw BLOB NOT NULL,
    PRIMARY KEY (terminal, seq, raw)
);
CREATE TABLE IF NOT EXISTS repeats (        -- whole batches that had come before
    terminal VARCHAR NOT NULL, first_seq UINTEGER NOT NULL, last_seq UINTEGER NOT NULL,
    times UINTEGER NOT NULL, PRIMARY KEY (terminal, first_seq, last_seq)
);
CREATE TABLE IF NOT EXISTS merchants (      -- whose a terminal is
    terminal VARCHAR PRIMARY KEY, merchant VARCHAR NOT NULL, scene VARCHAR NOT NULL
);
CREATE TABLE IF NOT EXISTS settled (        -- in which day's settlement a transaction went
    terminal VARCHAR NOT NULL, seq UINTEGER NOT NULL, day INTEGER NOT NULL,  -- since 1970
    PRIMARY KEY (terminal, seq)
);
CREATE TABLE IF NOT EXISTS closings (day INTEGER PRIMARY KEY);
CREATE TABLE IF NOT EXISTS store_version (version UINTEGER NOT NULL);
"""


class ForeignFile(Exception):
    """A database that is no store, or one of a newer version; the text says which."""


def prepare(db: duckdb.DuckDBPyConnection) -> None:
    """Make the tables, or bring those of an earlier version up to this one.

    Raises ForeignFile; nothing is written then.
    """
    names = {row[0] for row in db.execute("SHOW TABLES").fetchall()}
    if names and "records" not in names:
        raise ForeignFile(f"it holds other tables: {', '.join(sorted(names)[:5])}")
    if "store_version" in names:
        # all of a result is fetched: DuckDB 2 does nothing else on a connection before that
        for (found,) in db.execute("SELECT max(version) FROM store_version").fetchall():
            if found is not None and found > VERSION:
                raise ForeignFile(f"its version is {found}, this onecard knows {VERSION}")
            if found == VERSION:
                return
    with transaction(db):
        is_old = "records" in names
        if is_old:
            db.execute("ALTER TABLE records RENAME TO earlier")
        db.execute(_RECORDS)
        db.execute(_OTHERS)
        if is_old:
            _decode_anew(db)
        db.execute("DELETE FROM store_version")
        db.execute("INSERT INTO store_version VALUES (?)", [VERSION])


@contextlib.contextmanager
def transaction(db: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """All that is done inside, or nothing of it."""
    db.execute("BEGIN")
    is_done = False
    try:
        yield
        db.execute("COMMIT")
        is_done = True
    finally:
        if not is_done:
            with contextlib.suppress(duckdb.Error):
                db.execute("ROLLBACK")


def _decode_anew(db: duckdb.DuckDBPyConnection) -> None:
    """Every row's columns from its bytes: an earlier version had fewer."""
    names = db.execute("SELECT DISTINCT terminal FROM earlier ORDER BY terminal").fetchall()
    for (name,) in names:
        query = "SELECT seq, raw, stored_s FROM earlier WHERE terminal = ? ORDER BY seq"
        rows = db.execute(query, [name]).fetchall()
        seqs, raws, stored = zip(*rows, strict=True)
        part = table(name, list(seqs), list(raws), list(stored))
        db.register("part", part)
        db.execute("INSERT INTO records BY NAME SELECT * FROM part")
        db.unregister("part")
        mac = record.Record(seqs[-1], raws[-1]).mac
        db.execute("INSERT INTO heads VALUES (?, ?, ?)", [name, seqs[-1], mac])
    db.execute("DROP TABLE earlier")


def table(
    terminal: str, seqs: Sequence[int], raws: Sequence[bytes], stored_s: Sequence[int]
) -> pa.Table:
    """Rows of one terminal's records, rising numbers, decoded."""
    own = {
        "terminal": pa.array([terminal] * len(seqs), pa.string()),
        "seq": pa.array(seqs, pa.uint32()),
        "raw": pa.array(raws, pa.binary()),
        "stored_s": pa.array(stored_s, pa.uint32()),
    }
    return pa.table(own | columns.decode(seqs, raws))


def table_of_many(
    windows: Sequence[tuple[str, Sequence[record.Record]]], stored_s: int
) -> pa.Table:
    """Rows of many windows, each of one terminal with rising numbers, decoded in one go; and
    `part`: which window each is from."""
    parts = np.repeat(np.arange(len(windows), dtype=np.uint32), [len(one[1]) for one in windows])
    items = [item for _, records in windows for item in records]
    seqs, raws = [item.seq for item in items], [item.raw for item in items]
    names = pa.array([terminal for terminal, _ in windows], pa.string())
    own = {
        "terminal": names.take(pa.array(parts)),
        "seq": pa.array(seqs, pa.uint32()),
        "raw": pa.array(raws, pa.binary()),
        "stored_s": pa.array([stored_s] * len(seqs), pa.uint32()),
        "part": pa.array(parts),
    }
    return pa.table(own | columns.decode(seqs, raws, parts))

"""The store's tables: what they are called and how an earlier version becomes one of this.

They are the same in DuckDB and in PostgreSQL, but for the names of the types.
"""

from __future__ import annotations

from ocwire import calendar, record

from ..database import Database
from . import rows

VERSION = 3
_COLUMNS_SINCE = 2  # version 3 brought tables beside them
SCHEMA = "onecard"  # where they are on a server
_COLUMNS = {
    "terminal": "{text} NOT NULL",  # 12 digits
    "seq": "{u32} NOT NULL",
    "kind": "{u8} NOT NULL",
    "time_s": "{u32} NOT NULL",  # UTC, as the terminal's clock said
    "card": "{text}",  # application serial, 20 digits
    "amount": "{u32}",  # fen
    "balance": "{u32}",  # fen: before in an intent, after in a result
    "outcome": "{u8}",  # of a result
    "intent_seq": "{u32}",  # of a result: the intent it ends
    "raw": "{bytes} NOT NULL",
    "stored_s": "{u32} NOT NULL",
    "tti": "{u8}",  # of an intent, as all from here on
    "application": "{u8}",
    "counter": "{u16}",  # the card's, before
    "terminal_serial": "{u32}",
    "undoes": "{u32}",  # terminal_serial of the purchase that this load gives back
    "event": "{u8}",  # of a shift, a stay, a medical payment …
}
NAMES = ", ".join(_COLUMNS)
_OTHERS = """
CREATE TABLE IF NOT EXISTS heads (          -- the newest record that ever was here
    terminal {text} PRIMARY KEY, seq {u32} NOT NULL, mac {bytes} NOT NULL
);
CREATE TABLE IF NOT EXISTS conflicts (      -- what came under a number that was taken
    terminal {text} NOT NULL, seq {u32} NOT NULL, raw {bytes} NOT NULL,
    PRIMARY KEY (terminal, seq, raw)
);
CREATE TABLE IF NOT EXISTS repeats (        -- whole batches that had come before
    terminal {text} NOT NULL, first_seq {u32} NOT NULL, last_seq {u32} NOT NULL,
    times {u32} NOT NULL, PRIMARY KEY (terminal, first_seq, last_seq)
);
CREATE TABLE IF NOT EXISTS merchants (      -- whose a terminal is
    terminal {text} PRIMARY KEY, merchant {text} NOT NULL, scene {text} NOT NULL
);
CREATE TABLE IF NOT EXISTS settled (        -- in which day's settlement a transaction went
    terminal {text} NOT NULL, seq {u32} NOT NULL, day INTEGER NOT NULL,  -- since 1970
    PRIMARY KEY (terminal, seq)
);
CREATE TABLE IF NOT EXISTS closings (day INTEGER PRIMARY KEY);
CREATE TABLE IF NOT EXISTS anchors (        -- the newest record of those that were let go of
    terminal {text} PRIMARY KEY, seq {u32} NOT NULL, mac {bytes} NOT NULL,
    seal {bytes} NOT NULL                   -- by the terminal's journal key: who has none cannot
);
CREATE TABLE IF NOT EXISTS erased (         -- records whose personal part is gone
    terminal {text} NOT NULL, seq {u32} NOT NULL,
    digest {bytes} NOT NULL,                -- SM3 of the record as it was
    seal {bytes} NOT NULL, PRIMARY KEY (terminal, seq)
);
CREATE TABLE IF NOT EXISTS retained (from_day INTEGER PRIMARY KEY);  -- days before are gone
CREATE TABLE IF NOT EXISTS store_version (version {u32} NOT NULL);
"""


def local_day(time_s: str) -> str:
    """The day of an expression of UTC seconds, in SQL: since 1970, China Standard Time."""
    return f"CAST(floor(({time_s} + {calendar.CST_OFFSET_S}) / 86400) AS BIGINT)"


class ForeignFile(Exception):
    """A database that is no store, or one of a newer version; the text says which."""


def prepare(db: Database) -> None:
    """Make the tables, or bring those of an earlier version up to this one.

    Raises ForeignFile; nothing is written then.
    """
    if _version(db) == VERSION:
        return
    with db.transaction():
        db.claim("")
        found = _version(db)
        if found == VERSION:  # another one was first
            return
        is_old = found is not None and found < _COLUMNS_SINCE
        if is_old:
            db.run("ALTER TABLE records RENAME TO earlier")
        columns = ", ".join(f"{name} {kind}" for name, kind in _COLUMNS.items())
        records = f"CREATE TABLE IF NOT EXISTS records ({columns}, PRIMARY KEY (terminal, seq));"
        db.run((records + _OTHERS).format(**db.types))
        if is_old:
            _decode_anew(db)
        db.run("DELETE FROM store_version")
        db.run("INSERT INTO store_version VALUES (?)", [VERSION])


def _version(db: Database) -> int | None:
    """Of the store that is there, None if there is none."""
    names = db.tables()
    if names and "records" not in names:
        raise ForeignFile(f"it holds other tables: {', '.join(sorted(names)[:5])}")
    if not names:
        return None
    if "store_version" not in names:
        return 1
    found = int(db.run("SELECT coalesce(max(version), 1) FROM store_version")[0][0])
    if found > VERSION:
        raise ForeignFile(f"its version is {found}, this onecard knows {VERSION}")
    return found


def _decode_anew(db: Database) -> None:
    """Every row's columns from its bytes: an earlier version had fewer."""
    names = db.run("SELECT DISTINCT terminal FROM earlier ORDER BY terminal")
    for (name,) in names:
        query = "SELECT terminal, seq, raw, stored_s FROM earlier WHERE terminal = ? ORDER BY seq"
        found = db.table(query, [name])
        incoming = found.select(rows.INCOMING.names).cast(rows.INCOMING)
        db.put("part", rows.decoded(incoming, found.column("stored_s").to_pylist()))
        db.run(f"INSERT INTO records ({NAMES}) SELECT {NAMES} FROM part")
        seq, raw = incoming.column("seq")[-1].as_py(), incoming.column("raw")[-1].as_py()
        newest = record.Record(seq, raw)
        db.run(
            "INSERT INTO heads VALUES (?, ?, ?) ON CONFLICT (terminal) DO NOTHING",
            [name, newest.seq, newest.mac],
        )
    db.run("DROP TABLE earlier")

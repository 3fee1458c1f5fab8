"""The store: one DuckDB file with one table of records, unique by terminal and sequence number.

A record is kept as the bytes that the terminal's MAC covers; the columns beside them are decoded
from these bytes for queries and are never the evidence. `append` returns when the records are on
disk (DuckDB's commit), so an acknowledgement may follow it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from ocwire import record
from ocwire.errors import RecordError

from .errors import OneCardError

_SCHEMA = """
CREATE TABLE IF NOT EXISTS records (
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
    PRIMARY KEY (terminal, seq)
);
ALTER TABLE records ADD COLUMN IF NOT EXISTS tti UTINYINT  -- of an intent; NULL in older rows
"""
_ARROW = pa.schema(
    [
        ("terminal", pa.string()),
        ("seq", pa.uint32()),
        ("kind", pa.uint8()),
        ("time_s", pa.uint32()),
        ("card", pa.string()),
        ("amount", pa.uint32()),
        ("balance", pa.uint32()),
        ("outcome", pa.uint8()),
        ("intent_seq", pa.uint32()),
        ("raw", pa.binary()),
        ("stored_s", pa.uint32()),
        ("tti", pa.uint8()),
    ]
)


class StoreError(OneCardError):
    """The store cannot be opened or written, or (is_conflict) holds something else under a
    record's number."""

    is_conflict = False


class StoreConflict(StoreError):
    """Another record stands under a number: two devices, or a replaced flash."""

    is_conflict = True


class Store:
    """path: the DuckDB file, made if it is not there. append() and last() may be called by several
    threads."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        try:
            self._db = duckdb.connect(str(path))
            self._db.execute(_SCHEMA)
        except duckdb.Error as error:
            raise StoreError(
                f"cannot open the store {path}: {error}", "is another onecard at work on it?"
            ) from error

    def close(self) -> None:
        """Let go of the file. Everything that was appended is in it already."""
        try:
            self._db.close()
        except duckdb.Error:
            pass  # it could not tidy up; the next one to open it does

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def append(self, terminal: str, records: Sequence[record.Record]) -> int:
        """Add records (rising sequence numbers) of one terminal; durable on return.

        Records already there are passed over. Returns how many were new. Raises StoreError if a
        different record stands under one of the numbers; nothing of the batch is kept then.
        """
        if not records:
            return 0
        with self._lock:
            try:
                return self._append(terminal, records)
            except duckdb.Error as error:
                raise StoreError(
                    f"the store cannot be written: {error}",
                    "is the disk full? nothing of it was acknowledged: make room, run again",
                ) from error

    def _append(self, terminal: str, records: Sequence[record.Record]) -> int:
        known = {
            seq: raw
            for seq, raw in self._db.execute(
                "SELECT seq, raw FROM records WHERE terminal = ? AND seq BETWEEN ? AND ?",
                [terminal, records[0].seq, records[-1].seq],
            ).fetchall()
        }
        for item in records:
            if known.get(item.seq, item.raw) != item.raw:
                raise StoreConflict(
                    f"terminal {terminal} sent another record {item.seq} than before",
                    "two devices with one number, or a replaced flash: keep both, pull neither, "
                    "and look at `onecard logs --terminal` around it",
                )
        new = [item for item in records if item.seq not in known]
        if new:
            intents = {item.seq: item.body for item in records if item.kind == record.INTENT}
            for item in new:
                if item.kind == record.DEBITED and item.seq - 1 not in intents:
                    intents |= self._intent(terminal, item.seq - 1)
            rows = pa.Table.from_pylist(
                [_row(terminal, item, intents) for item in new], schema=_ARROW
            )
            self._db.register("incoming", rows)
            self._db.execute("INSERT INTO records BY NAME SELECT * FROM incoming")
            self._db.unregister("incoming")
        return len(new)

    def _intent(self, terminal: str, seq: int) -> dict[int, bytes]:
        """The stored intent `seq` as {seq: body}; empty if there is none."""
        found = self._db.execute(
            "SELECT raw FROM records WHERE terminal = ? AND seq = ? AND kind = ?",
            [terminal, seq, record.INTENT],
        ).fetchall()
        return {seq: record.Record(seq, found[0][0]).body} if found else {}

    def last(self, terminal: str) -> tuple[int, bytes]:
        """(sequence number, MAC) of the terminal's newest record; (0, FIRST_MAC) without one."""
        with self._lock:
            found = self._db.execute(
                "SELECT seq, raw FROM records WHERE terminal = ? ORDER BY seq DESC LIMIT 1",
                [terminal],
            ).fetchone()
        if found is None:
            return 0, record.FIRST_MAC
        item = record.Record(found[0], found[1])
        return item.seq, item.mac

    def terminals(self) -> list[str]:
        """Terminals with records here."""
        rows = self._db.execute("SELECT DISTINCT terminal FROM records ORDER BY terminal")
        return [row[0] for row in rows.fetchall()]

    def records(self, terminal: str, from_seq: int = 0) -> Iterable[record.Record]:
        """All records of a terminal in order of sequence."""
        cursor = self._db.cursor().execute(
            "SELECT seq, raw FROM records WHERE terminal = ? AND seq >= ? ORDER BY seq",
            [terminal, from_seq],
        )
        while rows := cursor.fetchmany(4096):
            for seq, raw in rows:
                yield record.Record(seq, raw)

    def debited(self, terminal: str | None = None) -> int:
        """Sum in fen of all purchases whose result says that the card was debited."""
        found = self._db.execute(
            """
            SELECT coalesce(sum(i.amount), 0)
            FROM records r JOIN records i ON i.terminal = r.terminal AND i.seq = r.intent_seq
            WHERE list_contains(?, r.outcome) AND NOT list_contains(?, coalesce(i.tti, 0))
              AND (? IS NULL OR r.terminal = ?)
            """,
            [list(record.COUNTED), list(record.LOADS), terminal, terminal],
        ).fetchone()
        return int(found[0]) if found else 0


def _row(terminal: str, item: record.Record, intents: dict[int, bytes]) -> dict[str, Any]:
    try:
        values = item.fields()
        if item.kind == record.DEBITED and item.seq - 1 in intents:
            body = record.as_result(item.seq, item.kind, item.body, intents[item.seq - 1])
            values = record.fields(record.RESULT, body)
    except RecordError:  # of a newer firmware: the bytes are kept whole all the same
        values = {}
    serial = values.get("serial")
    return {
        "terminal": terminal,
        "seq": item.seq,
        "kind": item.kind,
        "time_s": values.get("time_s", 0),
        "card": serial.hex() if serial else None,
        "amount": values.get("amount"),
        "balance": values.get("balance"),
        "outcome": values.get("outcome"),
        "intent_seq": values.get("intent_seq"),
        "raw": item.raw,
        "stored_s": int(time.time()),
        "tti": values.get("tti"),
    }

"""The store: one DuckDB file with a table of records, unique by terminal and sequence number.

A record is kept as the bytes that the terminal's MAC covers; the columns beside them are decoded
from these bytes for queries and are never the evidence. `append` returns when the records are on
disk (DuckDB's commit), so an acknowledgement may follow it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
from ocwire import record

from . import columns, store_bulk, store_schema
from .errors import OneCardError
from .verify_bulk import Rows

_MOST_CONFLICTS = 4096
_GROUP = 300_000  # records looked at together, about
_REPEATED = """INSERT INTO repeats VALUES (?, ?, ?, 1)
ON CONFLICT (terminal, first_seq, last_seq) DO UPDATE SET times = times + 1"""
_HEAD = """INSERT INTO heads VALUES (?, ?, ?) ON CONFLICT (terminal)
DO UPDATE SET seq = excluded.seq, mac = excluded.mac WHERE excluded.seq > seq"""
_COMPLETE = "UPDATE records SET time_s = ?, balance = ? WHERE terminal = ? AND seq = ?"


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

    def __init__(self, path: Path | str) -> None:
        if isinstance(path, Path):
            path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        try:
            self._db = duckdb.connect(str(path))
        except duckdb.Error as error:
            raise StoreError(
                f"cannot open the store {path}: {error}", "is another onecard at work on it?"
            ) from error
        try:
            store_schema.prepare(self._db)
        except (store_schema.ForeignFile, duckdb.Error) as error:
            self._db.close()
            raise StoreError(
                f"{path} is no store that can be used: {error}", "nothing in it was changed"
            ) from error

    @classmethod
    def in_memory(cls) -> Store:
        """One that is gone when it is closed."""
        return cls(":memory:")

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

    def append_many(self, windows: store_bulk.Windows) -> tuple[int, list[str]]:
        """Add records of many terminals, each once and with rising numbers; durable on return.

        As append() does, but in one transaction; a window in conflict is left out, its evidence
        kept. That all of it came before is no matter. Returns how many records were new, and the
        terminals in conflict. Raises StoreError; nothing is kept then.
        """
        if not windows:
            return 0, []
        with self._lock:
            try:
                return self._append_many(windows)
            except duckdb.Error as error:
                raise StoreError(
                    f"the store cannot be written: {error}", "is the disk full? nothing was taken"
                ) from error

    def _append_many(self, windows: store_bulk.Windows) -> tuple[int, list[str]]:
        now_s = int(time.time())
        incoming = store_schema.table_of_many(windows, now_s)
        refused = set(store_bulk.conflicting(self._db, incoming))
        for part in refused:
            terminal, records = windows[part]
            self._keep_conflicts(terminal, self._other(terminal, records))
        good = [window for part, window in enumerate(windows) if part not in refused]
        new, apart = 0, list[tuple[str, int]]()
        if good:
            if refused:
                incoming = store_schema.table_of_many(good, now_s)
            with store_schema.transaction(self._db):
                new, apart = store_bulk.insert(self._db, incoming, good)
                for terminal, seq in apart:
                    self._join(terminal, [seq])
        return new, [windows[part][0] for part in sorted(refused)]

    def _other(self, terminal: str, records: Sequence[record.Record]) -> list[record.Record]:
        """Those that are not here as they are."""
        query = "SELECT seq, raw FROM records WHERE terminal = ? AND seq BETWEEN ? AND ?"
        ends = [terminal, records[0].seq, records[-1].seq]
        known = dict(self._db.execute(query, ends).fetchall())
        return [item for item in records if known.get(item.seq) != item.raw]

    def _append(self, terminal: str, records: Sequence[record.Record]) -> int:
        query = "SELECT seq, raw FROM records WHERE terminal = ? AND seq BETWEEN ? AND ?"
        ends = [terminal, records[0].seq, records[-1].seq]
        known = dict(self._db.execute(query, ends).fetchall())
        for item in records if known else ():
            if known.get(item.seq, item.raw) != item.raw:
                self._keep_conflicts(terminal, [r for r in records if known.get(r.seq) != r.raw])
                raise StoreConflict(
                    f"terminal {terminal} sent another record {item.seq} than before",
                    "two devices with one number, or a replaced flash: keep both, pull neither, "
                    "and look at `onecard logs --terminal` around it",
                )
        new = list(range(len(records)))
        if known:
            new = [n for n in new if records[n].seq not in known]
        with store_schema.transaction(self._db):
            if new:
                self._insert(terminal, records, new)
            elif len(records) > 1:
                self._db.execute(_REPEATED, ends)
        return len(new)

    def _insert(self, terminal: str, records: Sequence[record.Record], new: list[int]) -> None:
        rows = store_schema.table(
            terminal,
            [item.seq for item in records],
            [item.raw for item in records],
            [int(time.time())] * len(records),
        )
        added = rows.take(new) if len(new) < len(records) else rows
        self._db.register("incoming", added)
        self._db.execute("INSERT INTO records BY NAME SELECT * FROM incoming")
        self._db.unregister("incoming")
        last = records[-1]
        self._db.execute(_HEAD, [terminal, last.seq, last.mac])
        # the other half of a purchase may have come, or come yet, with another batch
        came, fresh = rows.column("seq").to_numpy(), added.column("seq").to_numpy()
        kinds = added.column("kind").to_numpy()
        alone = fresh[kinds == record.DEBITED]
        ends = fresh[kinds == record.INTENT] + 1
        self._join(terminal, [*alone[~np.isin(alone - 1, came)], *ends[~np.isin(ends, fresh)]])

    def _join(self, terminal: str, seqs: Iterable[int]) -> None:
        """Decode DEBITED records again whose intents are here now, in other batches."""
        for seq in map(int, seqs):
            query = "SELECT seq, raw FROM records WHERE terminal = ? AND seq BETWEEN ? AND ?"
            found = self._db.execute(query, [terminal, seq - 1, seq]).fetchall()
            if len(found) == 2:
                pair = sorted(found)
                told = columns.decode([one[0] for one in pair], [one[1] for one in pair])
                if told["kind"][1].as_py() == record.DEBITED:
                    values = [told[name][1].as_py() for name in ("time_s", "balance")]
                    self._db.execute(_COMPLETE, [*values, terminal, seq])

    def _keep_conflicts(self, terminal: str, items: Sequence[record.Record]) -> None:
        """Evidence for `onecard verify`: a bounded number, each once."""
        rows = [(terminal, item.seq, item.raw) for item in items[:_MOST_CONFLICTS]]
        self._db.executemany("INSERT OR IGNORE INTO conflicts VALUES (?, ?, ?)", rows)

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
        """Terminals with records here, or whose records are gone."""
        rows = self._db.execute(
            "SELECT terminal FROM records UNION SELECT terminal FROM heads ORDER BY terminal"
        )
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

    def groups(self) -> Iterator[dict[str, Rows]]:
        """All records as columns, by terminal, in order: many small terminals at once, so that a
        group has some hundred thousand records. All of a terminal's are in one."""
        counts = dict.fromkeys(self.terminals(), 0)
        query = "SELECT terminal, count(*) FROM records GROUP BY terminal"
        counts |= dict(self._db.execute(query).fetchall())
        names: list[str] = []
        size = 0
        for name in sorted(counts):
            names.append(name)
            size += counts[name]
            if size >= _GROUP:
                yield self._group(names)
                names, size = [], 0
        if names:
            yield self._group(names)

    def _group(self, names: list[str]) -> dict[str, Rows]:
        query = """SELECT terminal, seq, raw FROM records WHERE terminal BETWEEN ? AND ?
        ORDER BY terminal, seq"""
        found: pa.Table = self._db.sql(query, params=[names[0], names[-1]]).to_arrow_table()
        owners = found.column("terminal").combine_chunks().dictionary_encode()
        seqs = found.column("seq").to_numpy().astype(np.int64)
        raws = found.column("raw").cast(pa.large_binary()).combine_chunks()
        numbers = owners.indices.to_numpy()
        begins = np.searchsorted(numbers, np.arange(len(owners.dictionary) + 1))
        out = dict.fromkeys(names, Rows(seqs[:0], raws[:0]))
        for n, name in enumerate(owners.dictionary.to_pylist()):
            part = slice(int(begins[n]), int(begins[n + 1]))
            out[name] = Rows(seqs[part], raws[part])
        return out

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

    @property
    def database(self) -> duckdb.DuckDBPyConnection:
        """For queries that are written elsewhere; what they change is theirs to answer for."""
        return self._db

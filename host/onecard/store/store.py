"""The store: a table of records, unique by terminal and number, and what stands beside it.

A record is kept as the bytes that the terminal's MAC covers; the columns beside them are decoded
from these bytes for queries and are never the evidence. `append` returns when the records are
durable (the database's commit), so an acknowledgement may follow it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import occrypto
import pyarrow as pa
from ocwire import record

from ..database import Database, DatabaseError, is_url, open_database
from ..errors import OneCardError
from ..verify_bulk import Rows
from . import adding, rows, schema, seals

_GROUP = 300_000  # records looked at together, about
_REPEATED = """INSERT INTO repeats VALUES (?, ?, ?, 1)
ON CONFLICT (terminal, first_seq, last_seq) DO UPDATE SET times = repeats.times + 1"""
_ERASED = """SELECT e.terminal, e.seq, e.digest, r.raw, e.seal FROM erased e
JOIN records r ON r.terminal = e.terminal AND r.seq = e.seq"""
_FROM = """SELECT seq, raw FROM records WHERE terminal = ? AND seq >= ? ORDER BY seq"""


class StoreError(OneCardError):
    """The store cannot be opened or written, or (is_conflict) holds something else under a
    record's number."""

    is_conflict = False


class StoreConflict(StoreError):
    """Another record stands under a number: two devices, or a replaced flash."""

    is_conflict = True


class _Gone:
    """What was taken out of the store on purpose, as far as the terminals' keys have sealed it."""

    def __init__(self, db: Database, key_of: Callable[[str], bytes]) -> None:
        self._key_of = key_of
        query = "SELECT terminal, seq, mac, seal FROM anchors"
        self._anchors = {name: found for name, *found in db.run(query)}
        self._erased: dict[str, list[rows.Row]] = {}
        for name, *found in db.run(_ERASED):
            self._erased.setdefault(name, []).append(tuple(found))

    def anchor(self, name: str) -> tuple[int, bytes]:
        """(Number, MAC) of the terminal's last record that was let go of."""
        if name in self._anchors:
            seq, mac, seal = self._anchors[name]
            if occrypto.equal(seals.of_anchor(self._key_of(name), name, seq, mac), seal):
                return seq, bytes(mac)
        return 0, record.FIRST_MAC

    def erased(self, name: str) -> frozenset[int]:
        """Numbers of the terminal's records that were erased."""
        found = self._erased.get(name)
        if not found:
            return frozenset()
        key = self._key_of(name)
        return frozenset(
            seq
            for seq, digest, left, seal in found
            if occrypto.equal(seals.of_erased(key, name, seq, bytes(digest), bytes(left)), seal)
        )


class Store:
    """place: a DuckDB file, made if it is not there, or postgresql://user@host/database, whose
    schema `onecard` it is then. append() and last() may be called by several threads; on a server
    any number of programs may append."""

    def __init__(self, place: Path | str) -> None:
        self.place = str(place)
        self._name = "" if is_url(place) else f" {place}"  # a URL may have a secret in it
        self._lock = threading.RLock()
        try:
            self._db = open_database(place, schema.SCHEMA)
        except DatabaseError as error:
            raise StoreError(
                f"cannot open the store{self._name}: {error.text}", error.hint
            ) from error
        try:
            schema.prepare(self._db)
        except (schema.ForeignFile, DatabaseError) as error:
            self._db.close()
            raise StoreError(
                f"the store{self._name} cannot be used: {error}", "nothing in it was changed"
            ) from error

    @classmethod
    def in_memory(cls) -> Store:
        """One that is gone when it is closed."""
        return cls(":memory:")

    def close(self) -> None:
        """Let go of the database. Everything that was appended is in it already."""
        self._db.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def append(self, terminal: str, records: Sequence[record.Record]) -> int:
        """Add records (rising sequence numbers) of one terminal; durable on return.

        Records already there are passed over. Returns how many were new. Raises StoreConflict if a
        different record stands under one of the numbers; nothing of the batch is kept then.
        """
        if not records:
            return 0
        added = self._add(rows.of_windows([(terminal, records)]), terminal)
        for name, seq in added.refused.items():
            raise StoreConflict(
                f"terminal {name} sent another record {seq} than before",
                "two devices with one number, or a replaced flash: keep both, pull neither, "
                "and look at `onecard logs --terminal` around it",
            )
        return added.new

    def append_rows(self, incoming: pa.Table) -> adding.Added:
        """Add records of many terminals in one transaction: rows.INCOMING, each number once.

        As append() does, but the terminals in conflict are told, and that all of it came before is
        no matter. Raises StoreError; nothing is kept then.
        """
        return self._add(incoming, "")

    def _add(self, incoming: pa.Table, terminal: str) -> adding.Added:
        if not len(incoming):
            return adding.Added(0, {})
        with self._lock:
            try:
                with self._db.transaction():
                    self._db.claim(terminal)
                    added = adding.add(self._db, incoming)
                    if terminal and not added.new and not added.refused and len(incoming) > 1:
                        ends = (
                            incoming.column("seq")[0].as_py(),
                            incoming.column("seq")[-1].as_py(),
                        )
                        self._db.run(_REPEATED, [terminal, *ends])
                return added
            except DatabaseError as error:
                raise StoreError(
                    f"the store cannot be written: {error.text}",
                    "is the disk full? nothing of it was acknowledged: make room, run again",
                ) from error

    def last(self, terminal: str) -> tuple[int, bytes]:
        """(sequence number, MAC) of the terminal's newest record here, or of the newest that was
        let go of; (0, FIRST_MAC) without one."""
        query = "SELECT seq, raw FROM records WHERE terminal = ? ORDER BY seq DESC LIMIT 1"
        with self._lock:
            for seq, raw in self._db.run(query, [terminal]):
                return seq, record.Record(seq, raw).mac
            return self.anchor(terminal)

    def anchor(self, terminal: str) -> tuple[int, bytes]:
        """(sequence number, MAC) of the newest record that was let go of, (0, FIRST_MAC) if none
        was: the first one here follows it."""
        query = "SELECT seq, mac FROM anchors WHERE terminal = ?"
        for seq, mac in self._db.run(query, [terminal]):
            return seq, bytes(mac)
        return 0, record.FIRST_MAC

    def terminals(self) -> list[str]:
        """Terminals with records here, or whose records are gone."""
        query = "SELECT terminal FROM records UNION SELECT terminal FROM heads ORDER BY terminal"
        return [row[0] for row in self._db.run(query)]

    def records(self, terminal: str, from_seq: int = 0) -> Iterable[record.Record]:
        """All records of a terminal in order of sequence."""
        for seq, raw in self._db.stream(_FROM, [terminal, from_seq]):
            yield record.Record(seq, raw)

    def groups(self, key_of: Callable[[str], bytes]) -> Iterator[dict[str, Rows]]:
        """All records as columns, by terminal, in order: many small terminals at once, so that a
        group has some hundred thousand records. All of a terminal's are in one.

        key_of: a terminal's journal key. What was let go of or erased counts as that only if it is
        sealed with it.
        """
        gone = _Gone(self._db, key_of)
        counts = dict.fromkeys(self.terminals(), 0)
        counts |= dict(self._db.run("SELECT terminal, count(*) FROM records GROUP BY terminal"))
        names: list[str] = []
        size = 0
        for name in sorted(counts):
            names.append(name)
            size += counts[name]
            if size >= _GROUP:
                yield self._group(names, gone)
                names, size = [], 0
        if names:
            yield self._group(names, gone)

    def _group(self, names: list[str], gone: _Gone) -> dict[str, Rows]:
        query = """SELECT terminal, seq, raw FROM records WHERE terminal BETWEEN ? AND ?
        ORDER BY terminal, seq"""
        found = self._db.table(query, [names[0], names[-1]])
        owners = found.column("terminal").combine_chunks().dictionary_encode()
        seqs = found.column("seq").to_numpy().astype(np.int64)
        raws = found.column("raw").cast(pa.large_binary()).combine_chunks()
        numbers = owners.indices.to_numpy()
        begins = np.searchsorted(numbers, np.arange(len(owners.dictionary) + 1))
        parts = dict.fromkeys(names, slice(0, 0))
        for n, name in enumerate(owners.dictionary.to_pylist()):
            parts[name] = slice(int(begins[n]), int(begins[n + 1]))
        return {
            name: Rows(seqs[part], raws[part], gone.anchor(name), gone.erased(name))
            for name, part in parts.items()
        }

    def debited(self, terminal: str | None = None) -> int:
        """Sum in fen of all purchases whose result says that the card was debited."""
        which, values = ("AND r.terminal = ?", [terminal]) if terminal else ("", [])
        found = self._db.run(
            f"""
            SELECT coalesce(sum(i.amount), 0)
            FROM records r JOIN records i ON i.terminal = r.terminal AND i.seq = r.intent_seq
            WHERE r.outcome = ANY(?) AND NOT coalesce(i.tti, 0) = ANY(?) {which}
            """,
            [list(record.COUNTED), list(record.LOADS), *values],
        )
        return int(found[0][0])

    @property
    def database(self) -> Database:
        """For queries that are written elsewhere; what they change is theirs to answer for."""
        return self._db

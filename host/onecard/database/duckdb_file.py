"""DuckDB: one file, which one process has at a time."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from .base import Database, DatabaseError, Row, Values

_MEMORY = ":memory:"
_DECLARED = {pa.string(): "VARCHAR", pa.int64(): "BIGINT", pa.bool_(): "BOOLEAN"}
_PAGE = 4096


class DuckDB(Database):
    """place: the file's path, or :memory:."""

    dialect = "duckdb"
    types = {"u8": "UTINYINT", "u16": "USMALLINT", "u32": "UINTEGER", "text": "VARCHAR",
             "bytes": "BLOB"}  # fmt: skip
    hex = "hex({})"

    def __init__(self, place: str) -> None:
        self._place = place
        if place != _MEMORY:
            Path(place).parent.mkdir(parents=True, exist_ok=True)
        self._open()

    def _open(self) -> None:
        try:
            self._db = duckdb.connect(self._place)
            # a table that is not there is an error, never a variable here
            self._db.execute("SET python_enable_replacements = false")
            # commits are durable in the log; it is worked into the file less often than by default
            self._db.execute("SET checkpoint_threshold = '256MB'")
        except duckdb.Error as error:
            raise DatabaseError(f"{error}", "is another onecard at work on it?") from error

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except duckdb.Error as error:
            raise DatabaseError(
                f"DuckDB: {error}", "is there room in memory and on the disk?"
            ) from error

    def _execute(self, query: str, values: Values) -> Any:
        return self._db.execute(query, list(values)) if values else self._db.execute(query)

    def stream(self, query: str, values: Values = ()) -> Iterator[Row]:
        """From a connection beside this one, so that others may work on it meanwhile."""
        with self._told():
            cursor = self._db.cursor().execute(query, list(values))
            while rows := cursor.fetchmany(_PAGE):
                yield from rows

    def table(self, query: str, values: Values = ()) -> pa.Table:
        """As DuckDB gives it."""
        with self._told():
            found: pa.Table = self._db.sql(query, params=list(values)).to_arrow_table()
            return found

    def put(self, name: str, table: pa.Table) -> None:
        """Copied: Arrow's table may go."""
        with self._told():
            self._db.register("of_arrow", table)
            try:
                self._db.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT * FROM of_arrow")
            finally:
                with contextlib.suppress(duckdb.Error):  # the first one tells more
                    self._db.unregister("of_arrow")

    def keep(self, name: str, schema: pa.Schema, query: str) -> None:
        """Made, then filled: the columns are of the types that were asked for."""
        columns = ", ".join(f'"{one.name}" {_DECLARED[one.type]}' for one in schema)
        self.run(f"CREATE OR REPLACE TEMP TABLE {name} ({columns})")
        self.run(f"INSERT INTO {name} {query}")

    def tables(self) -> set[str]:
        """Of the file, no temporary ones."""
        query = "SELECT table_name FROM duckdb_tables() WHERE NOT temporary"
        return {row[0] for row in self.run(query)}

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """DuckDB's commit is on the disk when it returns."""
        self.run("BEGIN")
        is_done = False
        try:
            yield
            self.run("COMMIT")
            is_done = True
        finally:
            if not is_done:
                with contextlib.suppress(duckdb.Error):
                    self._db.execute("ROLLBACK")

    def claim(self, name: str) -> None:
        """The file is ours alone."""

    def freeze(self) -> None:
        """Nobody else writes to the file."""

    def forget(self) -> None:
        """The file is written anew: DuckDB leaves the bytes of freed blocks in it."""
        if self._place == _MEMORY:
            return
        path = Path(self._place)
        beside = path.with_name(f".{path.name}.part")
        log = beside.with_name(beside.name + ".wal")
        for old in (beside, log):
            old.unlink(missing_ok=True)
        self.run("CHECKPOINT")  # its log is empty then, and must not be applied to the new file
        (name,) = self.run("SELECT current_database()")[0]
        quoted = str(beside).replace("'", "''")
        self.run(f"ATTACH '{quoted}' AS anew")
        self.run(f'COPY FROM DATABASE "{name}" TO anew')
        self.run("DETACH anew")
        if log.exists():
            raise DatabaseError("the new file is not whole", "is the disk full? the old one stays")
        shutil.copymode(path, beside)
        self.close()
        with beside.open("rb") as file:
            os.fsync(file.fileno())
        os.replace(beside, path)
        folder = os.open(path.parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)
        self._open()

    def close(self) -> None:
        """If it could not tidy up, the next one to open it does."""
        with contextlib.suppress(duckdb.Error):
            self._db.close()

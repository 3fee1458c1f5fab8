"""What runs the relations: DuckDB in the store, or another engine that is given its tables.

The store's records stay in the store, and proving works on their bytes there. For PostgreSQL and
Spark the columns that the relations name are put into temporary tables of that engine, and are
gone with the connection. Every engine gives the same rows in the same order.
"""

from __future__ import annotations

import abc
import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import duckdb
import ibis.expr.types as ir
import pyarrow as pa

from ..errors import OneCardError
from ..store import Store
from . import relations

DUCKDB = "duckdb"
_POSTGRESQL = ("postgresql://", "postgres://")
_SPARK = ("spark://", "local")
_ARROW = {"string": pa.string(), "int64": pa.int64()}


class EngineError(OneCardError):
    """An engine cannot be reached, lacks something, or does not do what it was asked."""


class Engine(abc.ABC):
    """A store, and what runs the relations on it."""

    dialect: str

    def __init__(self, store: Store) -> None:
        self.store = store

    def assemble(self) -> None:
        """Take the store's tables as they are now and make `moves`, which all other relations
        stand on. `unproved` must be there."""
        self.refresh(*relations.STORED)
        self._keep(relations.moves, relations.sql(relations.assembled, dialect=self.dialect))

    def refresh(self, *names: str) -> None:
        """Bring these tables of the store here as they are now."""
        for name in names:
            schema = arrow_schema(getattr(relations, name))
            query = f"SELECT {', '.join(schema.names)} FROM {name}"
            with _told():
                found = self.store.database.sql(query).to_arrow_table()
            self.put(name, found.cast(schema))

    def put_rows(self, relation: ir.Table, rows: list[tuple[Any, ...]]) -> None:
        """Put a table of relations.py there, in the place of one of its name."""
        schema = arrow_schema(relation)
        columns = zip(*rows, strict=True) if rows else [()] * len(schema)
        self.put(relation.get_name(), pa.table([*map(list, columns)], schema=schema))

    def fetch(self, relation: Callable[..., ir.Table], *arguments: Any) -> list[dict[str, Any]]:
        """The relation's rows; the engine does the work. Raises EngineError."""
        names, rows = self._run(relations.sql(relation, *arguments, dialect=self.dialect))
        return [dict(zip(names, row, strict=True)) for row in rows]

    @abc.abstractmethod
    def put(self, name: str, table: pa.Table) -> None:
        """Put a table there for as long as the engine is open, in the place of one of its name."""

    @abc.abstractmethod
    def _keep(self, relation: ir.Table, query: str) -> None:
        """Run a query once and keep what it gives under the relation's name."""

    @abc.abstractmethod
    def _run(self, query: str) -> tuple[list[str], list[Any]]:
        """(Names of the columns, rows as tuples) of a query."""

    @abc.abstractmethod
    def close(self) -> None:
        """Let go of the engine, not of the store. What was put there is gone."""

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class InStore(Engine):
    """DuckDB, on the store's own connection: its tables need not be put anywhere."""

    dialect = "duckdb"
    _TYPES = {"string": "VARCHAR", "int64": "BIGINT", "boolean": "BOOLEAN"}

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self._db = store.database
        self._db.execute("SET python_enable_replacements = false")  # tables, never variables here

    def refresh(self, *names: str) -> None:
        """They are here."""

    def put(self, name: str, table: pa.Table) -> None:
        """As a temporary table."""
        with _told():
            self._db.register("incoming", table)
            self._db.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT * FROM incoming")
            self._db.unregister("incoming")

    def _keep(self, relation: ir.Table, query: str) -> None:
        name, columns = relation.get_name(), declared(relation, self._TYPES)
        with _told():
            self._db.execute(f"CREATE OR REPLACE TEMP TABLE {name} ({columns})")
            self._db.execute(f"INSERT INTO {name} {query}")

    def _run(self, query: str) -> tuple[list[str], list[Any]]:
        with _told():
            cursor = self._db.execute(query)
            names = [column[0] for column in cursor.description or ()]
            return names, cursor.fetchall()

    def close(self) -> None:
        """The store's connection stays open."""


@contextlib.contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except duckdb.Error as error:
        raise EngineError(
            f"DuckDB: {error}", "is there room in memory and on the disk?"
        ) from error


def arrow_schema(relation: ir.Table) -> pa.Schema:
    """The relation's columns in Arrow; text and whole numbers are all there is."""
    return pa.schema([(name, _ARROW[str(kind)]) for name, kind in relation.schema().items()])


def declared(relation: ir.Table, types: dict[str, str]) -> str:
    """The relation's columns as CREATE TABLE wants them; types: SQL's name of each of ours."""
    return ", ".join(f'"{name}" {types[str(kind)]}' for name, kind in relation.schema().items())


def open_engine(url: str, store: Store) -> Engine:
    """The engine that a URL names, for a store: duckdb, postgresql://user@host/database,
    spark://host:port, local[*]. Raises EngineError."""
    if url == DUCKDB:
        return InStore(store)
    try:
        if url.startswith(_POSTGRESQL):
            from .postgresql import PostgreSQL

            return PostgreSQL(store, url)
        if url.startswith(_SPARK):
            from .spark import Spark

            return Spark(store, url)
    except ImportError as error:
        extra = "postgresql" if url.startswith(_POSTGRESQL) else "spark"
        raise EngineError(
            f"the engine needs a package that is missing: {error}",
            f"pip install 'onecard[{extra}]'",
        ) from error
    raise EngineError(
        "no such engine", "duckdb, postgresql://user@host/database, spark://host:port or local[*]"
    )

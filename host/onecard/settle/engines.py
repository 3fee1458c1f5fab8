"""What runs the relations: the store's own database, or another engine that is given its tables.

The store's records stay in the store, and proving works on their bytes there. Another engine gets
the columns that the relations name, in temporary tables that are gone with the connection. Every
engine gives the same rows in the same order.
"""

from __future__ import annotations

import abc
from collections.abc import Callable
from typing import Any

import ibis.expr.types as ir
import pyarrow as pa

from ..database import Database, DatabaseError, is_url, open_database
from ..store import Store
from . import relations

DUCKDB = "duckdb"
_SPARK = ("spark://", "local")
_ARROW = {"string": pa.string(), "int64": pa.int64(), "boolean": pa.bool_()}


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
            self.put(name, self.store.database.table(query).cast(schema))

    def put_rows(self, relation: ir.Table, rows: list[tuple[Any, ...]]) -> None:
        """Put a table of relations.py there, in the place of one of its name."""
        schema = arrow_schema(relation)
        columns = zip(*rows, strict=True) if rows else [()] * len(schema)
        self.put(relation.get_name(), pa.table([*map(list, columns)], schema=schema))

    def fetch(self, relation: Callable[..., ir.Table], *arguments: Any) -> list[dict[str, Any]]:
        """The relation's rows; the engine does the work. Raises DatabaseError."""
        return self._run(relations.sql(relation, *arguments, dialect=self.dialect))

    @abc.abstractmethod
    def put(self, name: str, table: pa.Table) -> None:
        """Put a table there for as long as the engine is open, in the place of one of its name."""

    @abc.abstractmethod
    def _keep(self, relation: ir.Table, query: str) -> None:
        """Run a query once and keep what it gives under the relation's name."""

    @abc.abstractmethod
    def _run(self, query: str) -> list[dict[str, Any]]:
        """The rows of a query."""

    @abc.abstractmethod
    def close(self) -> None:
        """Let go of the engine, not of the store. What was put there is gone."""

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class OnDatabase(Engine):
    """A database: the store's own, whose tables need not be put anywhere, or another."""

    def __init__(self, store: Store, database: Database) -> None:
        super().__init__(store)
        self._db, self.dialect = database, database.dialect
        self._is_own = database is store.database

    def refresh(self, *names: str) -> None:
        """In the store's own they are there."""
        if not self._is_own:
            super().refresh(*names)

    def put(self, name: str, table: pa.Table) -> None:
        """As a temporary table."""
        self._db.put(name, table)

    def _keep(self, relation: ir.Table, query: str) -> None:
        self._db.keep(relation.get_name(), arrow_schema(relation), query)

    def _run(self, query: str) -> list[dict[str, Any]]:
        return self._db.fetch(query)

    def close(self) -> None:
        """The store's connection stays open."""
        if not self._is_own:
            self._db.close()


def arrow_schema(relation: ir.Table) -> pa.Schema:
    """The relation's columns in Arrow; text, whole numbers and truth are all there is."""
    return pa.schema([(name, _ARROW[str(kind)]) for name, kind in relation.schema().items()])


def open_engine(url: str, store: Store) -> Engine:
    """The engine that a URL names, for a store, which is read as it is at this moment: "" its own
    database, duckdb, postgresql://user@host/database, spark://host:port, local[*].

    Raises DatabaseError.
    """
    store.database.freeze()
    is_own = url == DUCKDB and store.database.dialect == DUCKDB
    if is_own or url in ("", store.place):
        return OnDatabase(store, store.database)
    if url == DUCKDB:
        return OnDatabase(store, open_database(":memory:"))
    if is_url(url):
        return OnDatabase(store, open_database(url))
    if url.startswith(_SPARK):
        try:
            from .spark import Spark
        except ImportError as error:
            raise DatabaseError(
                f"the engine needs a package that is missing: {error}",
                "pip install 'onecard[spark]'",
            ) from error
        return Spark(store, url)
    raise DatabaseError(
        "no such engine", "duckdb, postgresql://user@host/database, spark://host:port or local[*]"
    )

"""What a store and an engine want of a database."""

from __future__ import annotations

import abc
import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa

from ..errors import OneCardError

Row = tuple[Any, ...]
Values = Sequence[Any]


class DatabaseError(OneCardError):
    """A database cannot be reached, lacks something, or does not do what it was asked."""


class Database(abc.ABC):
    """One connection. All raise DatabaseError.

    dialect: its SQL by sqlglot's name. types: what its tables call u8, u16, u32 (whole numbers of
    so many bits), text and bytes. hex: bytes as hexadecimal digits in capitals, of an expression.
    """

    dialect: str
    types: dict[str, str]
    hex: str

    @abc.abstractmethod
    def _told(self) -> contextlib.AbstractContextManager[None]:
        """Its own errors as ours."""

    @abc.abstractmethod
    def _execute(self, query: str, values: Values) -> Any:
        """A cursor (PEP 249) on what a statement gives."""

    def run(self, query: str, values: Values = ()) -> list[Row]:
        """The rows of a statement; of one that has none, []."""
        with self._told():
            cursor = self._execute(query, values)
            return list(cursor.fetchall()) if cursor.description else []

    def fetch(self, query: str) -> list[dict[str, Any]]:
        """The rows of a query by the names of their columns."""
        with self._told():
            cursor = self._execute(query, ())
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    @abc.abstractmethod
    def stream(self, query: str, values: Values = ()) -> Iterator[Row]:
        """The rows of a query, some thousand at a time in memory."""

    @abc.abstractmethod
    def table(self, query: str, values: Values = ()) -> pa.Table:
        """What a query gives, in columns of Arrow."""

    @abc.abstractmethod
    def put(self, name: str, table: pa.Table) -> None:
        """Put a temporary table there, in the place of one of its name."""

    @abc.abstractmethod
    def keep(self, name: str, schema: pa.Schema, query: str) -> None:
        """Keep what a query gives as a temporary table of these columns."""

    @abc.abstractmethod
    def tables(self) -> set[str]:
        """Names of the tables that last."""

    @abc.abstractmethod
    def transaction(self) -> contextlib.AbstractContextManager[None]:
        """All that is done inside, or nothing of it; durable at the end. What freeze() holds is
        let go of."""

    @abc.abstractmethod
    def claim(self, name: str) -> None:
        """Until the transaction ends nobody else's goes on that claims this name; "": any."""

    @abc.abstractmethod
    def freeze(self) -> None:
        """What is read from here on is of one moment, until something is written."""

    @abc.abstractmethod
    def forget(self) -> None:
        """Leave nothing of deleted rows where the database keeps its tables."""

    @abc.abstractmethod
    def close(self) -> None:
        """Let go of it. What was committed is there."""

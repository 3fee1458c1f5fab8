"""Databases that hold a store, or work on its tables: DuckDB and PostgreSQL behind one face.

Statements are written once, in what both understand; `?` stands for a value.
"""

from __future__ import annotations

from pathlib import Path

from .base import Database, DatabaseError

__all__ = ["POSTGRESQL", "Database", "DatabaseError", "is_url", "open_database"]

POSTGRESQL = ("postgresql://", "postgres://")


def is_url(place: Path | str) -> bool:
    """Whether it names a server, not a file."""
    return str(place).startswith(POSTGRESQL)


def open_database(place: Path | str, schema: str = "") -> Database:
    """A DuckDB file, made if it is not there (":memory:": none), or a PostgreSQL database by URL.

    schema: where its lasting tables are, on PostgreSQL; "": nowhere, temporary ones alone. Raises
    DatabaseError.
    """
    if not is_url(place):
        from .duckdb_file import DuckDB

        return DuckDB(str(place))
    try:
        from .postgresql import PostgreSQL
    except ImportError as error:
        raise DatabaseError(
            f"PostgreSQL needs a package that is missing: {error}",
            "pip install 'onecard[postgresql]'",
        ) from error
    return PostgreSQL(str(place), schema)

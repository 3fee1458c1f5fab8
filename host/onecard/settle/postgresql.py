"""PostgreSQL as an engine: temporary tables, filled with COPY.

Text is compared byte by byte there (collation C), as everywhere else. A password comes from where
libpq looks for it (PGPASSWORD, ~/.pgpass), never from the URL.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from typing import Any

import ibis.expr.types as ir
import psycopg
import pyarrow as pa
import pyarrow.csv
from psycopg.conninfo import conninfo_to_dict
from psycopg.types.numeric import IntLoader

from ..store import Store
from . import relations
from .engines import Engine, EngineError, declared

_TYPES = {"string": 'TEXT COLLATE "C"', "int64": "BIGINT", "boolean": "BOOLEAN"}
_CONNECT_S = 10
_SECRETS = ("password", "sslpassword")


class PostgreSQL(Engine):
    """One connection; nothing is left in the database when it is closed."""

    dialect = "postgres"

    def __init__(self, store: Store, url: str) -> None:
        super().__init__(store)
        self._db = connect(url)
        self._run_all("SET search_path = pg_temp")  # tables of these names elsewhere are not ours

    def put(self, name: str, table: pa.Table) -> None:
        """As a temporary table; Arrow writes what COPY reads."""
        self._create(getattr(relations, name))
        columns = ", ".join(f'"{column}"' for column in table.column_names)
        options = pyarrow.csv.WriteOptions(include_header=False, quoting_style="needed")
        copying = f"COPY {name} ({columns}) FROM STDIN (FORMAT csv)"
        with told(), self._db.cursor() as cursor, cursor.copy(copying.encode()) as copy:
            for batch in table.to_batches(max_chunksize=65_536):
                text = io.BytesIO()
                pyarrow.csv.write_csv(batch, text, options)
                copy.write(text.getbuffer())
        self._run_all(f"ANALYZE {name}")

    def _create(self, relation: ir.Table) -> None:
        name = relation.get_name()
        self._run_all(f"DROP TABLE IF EXISTS {name}")
        self._run_all(f"CREATE TEMP TABLE {name} ({declared(relation, _TYPES)})")

    def _keep(self, relation: ir.Table, query: str) -> None:
        name = relation.get_name()
        self._create(relation)
        self._run_all(f"INSERT INTO {name} {query}")
        self._run_all(f"ANALYZE {name}")

    def _run_all(self, statement: str) -> None:
        with told():
            self._db.execute(statement.encode())

    def _run(self, query: str) -> tuple[list[str], list[Any]]:
        with told():
            cursor = self._db.execute(query.encode())
            return [column.name for column in cursor.description or ()], cursor.fetchall()

    def close(self) -> None:
        """Temporary tables end with their connection."""
        self._db.close()


def connect(url: str) -> psycopg.Connection[tuple[Any, ...]]:
    """A connection on which each statement is done at once and sums are int.

    Raises EngineError, also for a URL with a password in it.
    """
    try:
        values: dict[str, Any] = conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        raise EngineError(  # libpq's own text may quote a password
            "this is no URL that PostgreSQL takes", "postgresql://user@host:port/database"
        ) from None
    if any(name in values for name in _SECRETS):
        raise EngineError(
            "a password in a URL is for everybody to read",
            "leave it out: PGPASSWORD or ~/.pgpass has it. Change it, it was seen",
        )
    values.setdefault("connect_timeout", _CONNECT_S)
    with told():
        db = psycopg.connect(
            **values, autocommit=True, client_encoding="UTF8", application_name="onecard"
        )
    encoding = db.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        db.close()
        raise EngineError(
            f"the database holds text in {encoding}, which orders it in another way",
            "make one with createdb -E UTF8 -T template0",
        )
    db.adapters.register_loader("numeric", IntLoader)  # sums of BIGINT; there are no fractions
    return db


@contextlib.contextmanager
def told() -> Iterator[None]:
    """PostgreSQL's errors as ours."""
    try:
        yield
    except psycopg.errors.InsufficientPrivilege as error:
        raise EngineError(
            f"PostgreSQL refuses: {_first(error)}",
            "the user needs TEMPORARY on the database (GRANT TEMPORARY ON DATABASE … TO …)",
        ) from error
    except psycopg.OperationalError as error:
        raise EngineError(
            f"PostgreSQL cannot be reached or is gone: {error}",
            "postgresql://user@host:port/database; PGPASSWORD or ~/.pgpass has the password",
        ) from error
    except psycopg.Error as error:
        raise EngineError(f"PostgreSQL: {error}", "nothing was changed in the store") from error


def _first(error: psycopg.Error) -> str:
    return error.diag.message_primary or str(error)

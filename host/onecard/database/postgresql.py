"""PostgreSQL: a server that many may work on at once.

Text is compared byte by byte there (collation C), as everywhere else. A password comes from where
libpq looks for it (PGPASSWORD, ~/.pgpass), never from the URL.
"""

from __future__ import annotations

import contextlib
import io
import zlib
from collections.abc import Iterator
from typing import Any

import psycopg
import pyarrow as pa
import pyarrow.csv
from psycopg import pq
from psycopg.conninfo import conninfo_to_dict
from psycopg.types.numeric import IntLoader

from .base import Database, DatabaseError, Row, Values

_TEXT = 'TEXT COLLATE "C"'
_CONNECT_S = 10
_SECRETS = ("password", "sslpassword")
_PAGE = 4096
_CLAIMS = 0x4F43  # "OC": of the server's advisory locks, two numbers each, those with this first
# of columns of ours that come back
_ARROW = {"int2": pa.int64(), "int4": pa.int64(), "int8": pa.int64(), "numeric": pa.int64(),
          "text": pa.string(), "varchar": pa.string(), "bytea": pa.binary(),
          "bool": pa.bool_()}  # fmt: skip


class PostgreSQL(Database):
    """url: postgresql://user@host:port/database. schema: where lasting tables are."""

    dialect = "postgres"
    types = {"u8": "SMALLINT", "u16": "INTEGER", "u32": "BIGINT", "text": _TEXT, "bytes": "BYTEA"}
    hex = "upper(encode({}, 'hex'))"

    def __init__(self, url: str, schema: str = "") -> None:
        self._db, self._schema = connect(url), schema
        self._is_frozen = False
        # what is acknowledged is on the disk, whatever the server's setting is
        self.run("SET synchronous_commit = on")
        path = f"{schema}, pg_temp" if schema else "pg_temp"  # others' tables are not ours
        self.run(f"SET search_path = {path}")
        if schema and not self.run("SELECT 1 FROM pg_namespace WHERE nspname = ?", [schema]):
            with self.transaction():
                self.claim("")
                self.run(f"CREATE SCHEMA IF NOT EXISTS {schema}")

    def _told(self) -> contextlib.AbstractContextManager[None]:
        return _told()

    def _execute(self, query: str, values: Values) -> Any:
        if values:
            return self._db.execute(query.replace("?", "%s").encode(), values)
        return self._db.execute(query.encode())

    def stream(self, query: str, values: Values = ()) -> Iterator[Row]:
        """By a cursor that the server holds."""
        with _told(), self._db.cursor(name="stream", withhold=True) as cursor:
            cursor.itersize = _PAGE
            cursor.execute(query.replace("?", "%s").encode(), values)
            yield from cursor

    def table(self, query: str, values: Values = ()) -> pa.Table:
        """Whole numbers as int64."""
        with _told():
            cursor = self._db.cursor(binary=True)
            cursor.execute(query.replace("?", "%s").encode(), values or None)
            rows = cursor.fetchall()
            fields = [
                (column.name, _ARROW[self._db.adapters.types[column.type_code].name])
                for column in cursor.description or ()
            ]
        columns = zip(*rows, strict=True) if rows else [()] * len(fields)
        return pa.table([*map(list, columns)], schema=pa.schema(fields))

    def put(self, name: str, table: pa.Table) -> None:
        """Arrow writes what COPY reads; bytes go as their digits."""
        self._create(name, table.schema)
        columns = ", ".join(f'"{column}"' for column in table.column_names)
        options = pyarrow.csv.WriteOptions(include_header=False, quoting_style="needed")
        copying = f"COPY {name} ({columns}) FROM STDIN (FORMAT csv)"
        with _told(), self._db.cursor() as cursor, cursor.copy(copying.encode()) as copy:
            for batch in _printable(table).to_batches(max_chunksize=65_536):
                text = io.BytesIO()
                pyarrow.csv.write_csv(batch, text, options)
                copy.write(text.getbuffer())
        self.run(f"ANALYZE {name}")

    def _create(self, name: str, schema: pa.Schema) -> None:
        columns = ", ".join(f'"{one.name}" {_declared(one.type)}' for one in schema)
        self.run(f"DROP TABLE IF EXISTS pg_temp.{name}")
        self.run(f"CREATE TEMP TABLE {name} ({columns})")

    def keep(self, name: str, schema: pa.Schema, query: str) -> None:
        """Made, then filled."""
        self._create(name, schema)
        self.run(f"INSERT INTO {name} {query}")
        self.run(f"ANALYZE {name}")

    def tables(self) -> set[str]:
        """Of the schema."""
        query = "SELECT tablename FROM pg_catalog.pg_tables WHERE schemaname = ?"
        return {row[0] for row in self.run(query, [self._schema])}

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Committed when the server says so."""
        if self._is_frozen:
            self._is_frozen = False
            self.run("COMMIT")
        with _told(), self._db.transaction():
            yield

    def claim(self, name: str) -> None:
        """By locks that mean nothing to the server; two names may share one."""
        if name:
            self.run("SELECT pg_advisory_xact_lock_shared(?, 0)", [_CLAIMS])
            lock = zlib.crc32(name.encode()) >> 1 or 1
            self.run("SELECT pg_advisory_xact_lock(?, ?)", [_CLAIMS, lock])
        else:
            self.run("SELECT pg_advisory_xact_lock(?, 0)", [_CLAIMS])

    def freeze(self) -> None:
        """A transaction that sees what was there when it began."""
        if self._db.info.transaction_status == pq.TransactionStatus.IDLE:
            self.run("BEGIN ISOLATION LEVEL REPEATABLE READ")
            self.run("SELECT 1")  # the moment is that of the first statement
            self._is_frozen = True

    def forget(self) -> None:
        """Tables are written anew; the server's write-ahead log and backups are its owner's."""
        for name in sorted(self.tables()):
            self.run(f"VACUUM FULL {self._schema}.{name}")

    def close(self) -> None:
        """Temporary tables end with their connection."""
        self._db.close()


def _declared(kind: pa.DataType) -> str:
    if pa.types.is_string(kind):
        return _TEXT
    if pa.types.is_binary(kind):
        return "BYTEA"
    return "BOOLEAN" if pa.types.is_boolean(kind) else "BIGINT"


def _printable(table: pa.Table) -> pa.Table:
    """Bytes as PostgreSQL reads them in text: \\x and two digits each."""
    for n, field in enumerate(table.schema):
        if pa.types.is_binary(field.type):
            texts = [
                None if value is None else "\\x" + value.hex()
                for value in table.column(n).to_pylist()
            ]
            table = table.set_column(n, field.name, pa.array(texts, pa.string()))
    return table


def connect(url: str) -> psycopg.Connection[tuple[Any, ...]]:
    """A connection on which each statement is done at once and sums are int.

    Raises DatabaseError, also for a URL with a password in it.
    """
    try:
        values: dict[str, Any] = conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        raise DatabaseError(  # libpq's own text may quote a password
            "this is no URL that PostgreSQL takes", "postgresql://user@host:port/database"
        ) from None
    if any(name in values for name in _SECRETS):
        raise DatabaseError(
            "a password in a URL is for everybody to read",
            "leave it out: PGPASSWORD or ~/.pgpass has it. Change it, it was seen",
        )
    values.setdefault("connect_timeout", _CONNECT_S)
    with _told():
        db = psycopg.connect(
            **values, autocommit=True, client_encoding="UTF8", application_name="onecard"
        )
    encoding = db.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        db.close()
        raise DatabaseError(
            f"the database holds text in {encoding}, which orders it in another way",
            "make one with createdb -E UTF8 -T template0",
        )
    db.adapters.register_loader("numeric", IntLoader)  # sums of BIGINT; there are no fractions
    return db


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """PostgreSQL's errors as ours."""
    try:
        yield
    except psycopg.errors.InsufficientPrivilege as error:
        raise DatabaseError(
            f"PostgreSQL refuses: {_first(error)}",
            "an engine's user needs TEMPORARY on the database (GRANT TEMPORARY ON DATABASE …); "
            "a store's CREATE too, the first time, then rights on schema onecard",
        ) from error
    except psycopg.OperationalError as error:
        raise DatabaseError(
            f"PostgreSQL cannot be reached or is gone: {error}",
            "postgresql://user@host:port/database; PGPASSWORD or ~/.pgpass has the password",
        ) from error
    except psycopg.Error as error:
        raise DatabaseError(f"PostgreSQL: {error}", "nothing of it was done") from error


def _first(error: psycopg.Error) -> str:
    return error.diag.message_primary or str(error)

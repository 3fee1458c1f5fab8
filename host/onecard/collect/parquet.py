"""A batch as a Parquet file: rows as in the store's table of records, of many terminals.

The columns decoded from a record are for queries, `raw` is the record. A file that was cut short
or altered is told when it is read: its pages have checksums, its records theirs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import occrypto
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from ocwire import record

from ..columns import Batch
from ..errors import OneCardError
from ..store import rows

_BESIDE = b"onecard beside"
_MARK, _VERSION = b"onecard records", b"1"
_NUMBER = re.compile(r"[0-9]{12}")


class BatchError(OneCardError):
    """A file that is no batch of records, or is damaged. Nothing in it was used."""


@dataclass(frozen=True)
class Window:
    """Consecutive pulled records of one terminal, rising numbers, one at least."""

    terminal: str
    records: Sequence[record.Record]


def pack(windows: Iterable[Window], stored_s: int) -> bytes:
    """The file's content. stored_s: UTC seconds."""
    pairs = [(window.terminal, window.records) for window in windows]
    return pack_rows(rows.decoded(rows.of_windows(pairs), stored_s))


def pack_rows(table: pa.Table) -> bytes:
    """The same of rows with the columns of the store's table."""
    sink = pa.BufferOutputStream()
    marked = table.replace_schema_metadata({_MARK: _VERSION})
    pq.write_table(marked, sink, compression="zstd", write_page_checksum=True)
    return bytes(sink.getvalue().to_pybytes())


def pack_beside(name: str, table: pa.Table) -> bytes:
    """A table that stands beside the records, under its name."""
    sink = pa.BufferOutputStream()
    marked = table.replace_schema_metadata({_BESIDE: name.encode()})
    pq.write_table(marked, sink, compression="zstd", write_page_checksum=True)
    return bytes(sink.getvalue().to_pybytes())


def unpack_beside(content: bytes, name: str) -> tuple[str, pa.Table] | None:
    """Which table a file has and its rows; None if it has none of those: unpack() tells what it
    is. Raises BatchError."""
    try:
        file = pq.ParquetFile(pa.BufferReader(content), page_checksum_verification=True)
        which = (file.schema_arrow.metadata or {}).get(_BESIDE)
        return None if which is None else (which.decode("ascii", "replace"), file.read())
    except (pa.ArrowException, OSError) as error:
        raise _damaged(name, error) from error


def _damaged(name: str, error: Exception) -> BatchError:
    return BatchError(
        f"{name} is no Parquet file or is damaged: {error}",
        "was it copied whole? copy it again; nothing of it was taken",
    )


def unpack(content: bytes, name: str) -> pa.Table:
    """The records of a file: store.rows.INCOMING, in order of terminal and number, a number more
    than once if the file has it so. name: for the error.

    Raises BatchError.
    """
    try:
        source = pa.BufferReader(content)
        file = pq.ParquetFile(source, page_checksum_verification=True)
        meta = file.schema_arrow.metadata or {}
        if meta.get(_MARK) != _VERSION:
            known = _MARK in meta
            what = "of a newer version" if known else "another program's"
            raise BatchError(f"{name} is {what}: no batch of records that this onecard knows")
        found = file.read(columns=rows.INCOMING.names).sort_by(
            [("terminal", "ascending"), ("seq", "ascending")]
        )
    except (pa.ArrowException, OSError, KeyError) as error:
        raise _damaged(name, error) from error
    for field in rows.INCOMING:
        if field.name not in found.column_names:
            raise BatchError(f"{name} has no column {field.name}")
        column = found.column(field.name)
        if column.type != field.type or column.null_count:
            raise BatchError(f"{name}: its column {field.name} is not as it should be")
    found = found.combine_chunks()
    for number in found.column("terminal").unique().to_pylist():
        if not _NUMBER.fullmatch(number):
            raise BatchError(f"{name}: {number!r} is no terminal's number")
    if not _is_intact(found):
        _name_damaged(found, name)
    return found


def _is_intact(found: pa.Table) -> bool:
    """Each a whole record with its number in it: by one call of C."""
    raws = found.column("raw")
    if len(raws) and pc.min(pc.binary_length(raws)).as_py() < record.MIN_SIZE:
        return False
    batch, every = Batch(raws.combine_chunks()), np.arange(len(raws))
    if not (batch.cut(every, 0, 1)[:, 0] == batch.sizes).all():
        return False
    low = batch.cut(every, 2, 2).view(">u2")[:, 0] == found.column("seq").to_numpy() & 0xFFFF
    return bool(low.all()) and occrypto.records_check(batch.joined.data)[0] == len(raws)


def _name_damaged(found: pa.Table, name: str) -> None:
    for row in found.to_pylist():
        seq, raw = row["seq"], row["raw"]
        if record.size_at(raw, 0, len(raw)) != len(raw) or record.seq_at(raw, 0, seq) != seq:
            text = f"{name}: record {seq} of terminal {row['terminal']} is damaged"
            raise BatchError(text, "nothing of the file was taken")

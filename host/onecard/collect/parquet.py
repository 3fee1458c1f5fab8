"""A batch as a Parquet file: rows as in the store's table of records, of many terminals.

The columns decoded from a record are for queries, `raw` is the record. A file that was cut short
or altered is told when it is read: its pages have checksums, its records theirs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq
from ocwire import record

from .. import store_schema
from ..errors import OneCardError

_MARK, _VERSION = b"onecard records", b"1"
_NUMBER = re.compile(r"[0-9]{12}")
_NEEDED = {"terminal": pa.string(), "seq": pa.uint32(), "raw": pa.binary()}


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
    rows = store_schema.table_of_many(pairs, stored_s).drop_columns(["part"])
    rows = rows.replace_schema_metadata({_MARK: _VERSION})
    sink = pa.BufferOutputStream()
    pq.write_table(rows, sink, compression="zstd", write_page_checksum=True)
    return bytes(sink.getvalue().to_pybytes())


def unpack(content: bytes, name: str) -> list[Window]:
    """The records of a file, each terminal's with rising numbers; of a terminal that has two
    records under one number, the second in a window of its own. name: for the error.

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
        rows = file.read(columns=list(_NEEDED)).sort_by(
            [("terminal", "ascending"), ("seq", "ascending")]
        )
        for column, kind in _NEEDED.items():
            if rows.column(column).type != kind or rows.column(column).null_count:
                raise BatchError(f"{name}: its column {column} is not as it should be")
    except (pa.ArrowException, OSError, KeyError) as error:
        raise BatchError(
            f"{name} is no Parquet file or is damaged: {error}",
            "was it copied whole? copy it again; nothing of it was taken",
        ) from error
    return list(_windows(rows, name))


def _windows(rows: pa.Table, name: str) -> Iterator[Window]:
    own: list[record.Record] = []
    others: list[record.Record] = []
    terminal = ""
    columns = (rows.column(column).to_pylist() for column in _NEEDED)
    for number, seq, raw in zip(*columns, strict=True):
        if record.size_at(raw, 0, len(raw)) != len(raw) or record.seq_at(raw, 0, seq) != seq:
            raise BatchError(f"{name}: record {seq} of terminal {number} is damaged")
        if number != terminal:
            yield from _ended(terminal, own, others)
            if not _NUMBER.fullmatch(number):
                raise BatchError(f"{name}: {number!r} is no terminal's number")
            terminal, own, others = number, [], []
        if not own or own[-1].seq != seq:
            own.append(record.Record(seq, raw))
        elif own[-1].raw != raw:
            others.append(record.Record(seq, raw))
    yield from _ended(terminal, own, others)


def _ended(
    terminal: str, own: list[record.Record], others: list[record.Record]
) -> Iterator[Window]:
    if own:
        yield Window(terminal, own)
    for item in others:
        yield Window(terminal, [item])

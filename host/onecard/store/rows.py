"""Rows of the store's table of records, as Arrow's tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from ocwire import record

from .. import columns

Row = tuple[Any, ...]
Windows = Sequence[tuple[str, Sequence[record.Record]]]
# of what comes in: whole records of any terminals, each with rising numbers
INCOMING = pa.schema([("terminal", pa.string()), ("seq", pa.uint32()), ("raw", pa.binary())])
# of the whole table, as files have it
SCHEMA = pa.schema(
    [
        *INCOMING,
        pa.field("stored_s", pa.uint32()),
        *map(pa.field, columns.COLUMNS, columns.COLUMNS.values()),
    ]
)


def of_windows(windows: Windows) -> pa.Table:
    """INCOMING's columns of records, each terminal's with rising numbers."""
    counts = [len(records) for _, records in windows]
    items = [item for _, records in windows for item in records]
    names = pa.array([terminal for terminal, _ in windows], pa.string())
    owners = np.repeat(np.arange(len(windows)), counts)
    values = [
        names.take(pa.array(owners)),
        pa.array([item.seq for item in items], pa.uint32()),
        pa.array([item.raw for item in items], pa.binary()),
    ]
    return pa.table(values, schema=INCOMING)


def decoded(incoming: pa.Table, stored_s: int | Sequence[int]) -> pa.Table:
    """The same with all columns of the store's table. stored_s: UTC seconds, of all or each."""
    terminals = incoming.column("terminal").combine_chunks().dictionary_encode()
    owners = terminals.indices.to_numpy(zero_copy_only=False)
    seqs = incoming.column("seq").to_numpy()
    raws = incoming.column("raw").cast(pa.large_binary()).combine_chunks()
    when = np.full(len(incoming), stored_s) if isinstance(stored_s, int) else stored_s
    own = {
        "terminal": incoming.column("terminal"),
        "seq": incoming.column("seq"),
        "raw": incoming.column("raw"),
        "stored_s": pa.array(when, pa.uint32()),
    }
    return pa.table(own | columns.decode(seqs, raws, owners))

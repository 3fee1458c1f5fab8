"""Many records decoded at once, into columns: what record.fields() says of each, in bulk."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from ocwire import record

Array = npt.NDArray[Any]

_TYPES = {"B": ">u1", "H": ">u2", "I": ">u4"}
_SERIAL_SIZE = 10
NONE = 0xFFFFFFFF_FFFFFFFF
_UNDO = b"undo"
# column -> its type, in the order of the store's table
COLUMNS = {
    "kind": pa.uint8(),
    "time_s": pa.uint32(),
    "card": pa.string(),
    "amount": pa.uint32(),
    "balance": pa.uint32(),
    "outcome": pa.uint8(),
    "intent_seq": pa.uint32(),
    "tti": pa.uint8(),
    "application": pa.uint8(),
    "counter": pa.uint16(),
    "terminal_serial": pa.uint32(),
    "undoes": pa.uint32(),
    "event": pa.uint8(),
}
_SOURCES = {"counter": "card_counter"}  # column -> field, where they differ


def _layout(kind: int) -> np.dtype[Any]:
    """A body's fixed part. The formats live once, in ocwire's table."""
    _, form, names = record._BODIES[kind]
    parts = re.findall(r"(\d*)([BHIs])", form)
    types = [f"V{count}" if code == "s" else _TYPES[code] for count, code in parts]
    return np.dtype(list(zip(names.split(), types, strict=True)))


LAYOUTS = {kind: _layout(kind) for kind in record._BODIES}


class Batch:
    """Records back to back. raws: whole records, each MIN_SIZE bytes at least.

    kinds, sizes: of each record. bodies(kind): (indexes, structured array of their fields).
    """

    def __init__(self, raws: Sequence[bytes] | pa.Array) -> None:
        joined = raws if isinstance(raws, pa.Array) else pa.array(raws, pa.large_binary())
        if joined.type != pa.large_binary():
            joined = joined.cast(pa.large_binary())
        _, ends, data = joined.buffers()
        self._data = np.frombuffer(data, np.uint8) if data else np.empty(0, np.uint8)
        found = np.frombuffer(ends, np.int64)[joined.offset :][: len(joined) + 1]
        self._starts, self.sizes = found[:-1], np.diff(found)
        self.kinds = self._data[self._starts + 1] if len(joined) else np.empty(0, np.uint8)

    def __len__(self) -> int:
        return len(self.kinds)

    @property
    def joined(self) -> Array:
        """All records back to back, bytes."""
        end = self._starts[-1] + self.sizes[-1] if len(self) else 0
        return self._data[self._starts[0] if len(self) else 0 : end]

    def bodies(self, kind: int) -> tuple[Array, Array]:
        """Those of one kind whose size is right: where they are, and their fields."""
        layout = LAYOUTS[kind]
        rest = self.sizes - record.MIN_SIZE - layout.itemsize
        has_tail = len(record.field_names(kind)) > len(layout.names or ())
        is_right = (rest >= 0) if has_tail else (rest == 0)
        at = np.flatnonzero((self.kinds == kind) & is_right)
        return at, self.cut(at, record.HEAD_SIZE, layout.itemsize).view(layout).reshape(-1)

    def cut(self, at: Array, offset: int, size: int) -> Array:
        """Bytes offset..offset+size of the records at these indexes: (n, size), contiguous."""
        where = (self._starts[at] + offset)[:, None] + np.arange(size)
        return np.ascontiguousarray(self._data[where])


def decode(
    seqs: Sequence[int] | Array,
    raws: Sequence[bytes] | pa.Array,
    owners: Sequence[int] | Array | None = None,
) -> dict[str, pa.Array]:
    """The columns of one terminal's records, in rising order of their numbers; or of several, one
    after the other, owners telling them apart.

    A DEBITED is told as the RESULT it stands for if its intent is the record before it here;
    else its time is 0 and its balance null. Of unknown kinds the kind alone is told.
    """
    batch, numbers = Batch(raws), np.asarray(seqs, np.uint64)
    out = {name: np.full(len(batch), NONE, np.uint64) for name in COLUMNS}
    out["kind"][:], out["time_s"][:] = batch.kinds, 0
    cards, has_card = np.empty((len(batch), _SERIAL_SIZE), np.uint8), np.zeros(len(batch), bool)
    for kind in LAYOUTS:
        at, values = batch.bodies(kind)
        if not len(at):
            continue
        names = values.dtype.names or ()
        for column in COLUMNS:
            source = _SOURCES.get(column, column)
            if source in names:
                out[column][at] = values[source]
        if "serial" in names:
            cards[at], has_card[at] = _bytes_of(values["serial"]), True
        if kind in (record.INTENT, record.CARRIED):
            out["undoes"][at] = undone(batch, at, values.dtype.itemsize)
    _debited(batch, numbers, out, None if owners is None else np.asarray(owners))
    columns = {
        name: pa.array(values, mask=values == NONE).cast(COLUMNS[name])
        for name, values in out.items()
        if name != "card"
    }
    columns["card"] = _hex(cards, has_card)
    return columns


def be32(four: Array) -> Array:
    """Whole numbers of a column of four bytes each."""
    return np.ascontiguousarray(four).view(">u4").reshape(-1).astype(np.uint32)


def _bytes_of(serials: Array) -> Array:
    return np.ascontiguousarray(serials).view(np.uint8).reshape(-1, _SERIAL_SIZE)


def _hex(serials: Array, is_there: Array) -> pa.Array:
    """Serials as texts of 20 digits, null where there is none."""
    text = serials[is_there].tobytes().hex().encode()
    ends = np.zeros(len(serials) + 1, np.int32)
    np.cumsum(is_there * np.int32(2 * _SERIAL_SIZE), out=ends[1:])
    valid = np.packbits(is_there, bitorder="little")
    buffers = [pa.py_buffer(part) for part in (valid.tobytes(), ends.tobytes(), text)]
    return pa.Array.from_buffers(pa.string(), len(serials), buffers)


def undone(batch: Batch, at: Array, size: int) -> Array:
    """The serial of the purchase that each of these loads gives back (SPEC.md section 1), NONE of
    any other. size: of the fixed part of their bodies."""
    out = np.full(len(at), NONE, np.uint64)
    has = np.flatnonzero(batch.sizes[at] == record.MIN_SIZE + size + 8)
    tails = batch.cut(at[has], record.HEAD_SIZE + size, 8)
    is_undo = (tails[:, :4] == np.frombuffer(_UNDO, np.uint8)).all(axis=1)
    out[has[is_undo]] = be32(tails[is_undo, 4:])
    return out


def _debited(
    batch: Batch, numbers: Array, out: dict[str, Array], owners: Array | None = None
) -> None:
    at, values = batch.bodies(record.DEBITED)
    out["intent_seq"][at], out["outcome"][at] = numbers[at] - np.uint64(1), record.DONE
    before = at - 1
    has = (at > 0) & (batch.kinds[before] == record.INTENT)
    has &= numbers[before] + np.uint64(1) == numbers[at]
    has &= out["amount"][before] != NONE
    if owners is not None:
        has &= owners[before] == owners[at]
    at, before = at[has], before[has]
    out["time_s"][at] = out["time_s"][before] + values["after_s"][has]
    out["balance"][at] = (out["balance"][before] - out["amount"][before]) & np.uint64(0xFFFFFFFF)

"""Blanks what records say of persons, and leaves that they were there, when and for what.

An erased record keeps its size, kind, number, time and MAC, so those after it are still tied to
it. Money is not touched: a transaction, a code or medical payment with an amount stays whole until
it is let go of with its day.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

import occrypto
import pyarrow as pa
from ocwire import record

from ..columns import LAYOUTS
from ..keystore import Keystore
from ..settle.audit import audit
from ..settle.engines import open_engine
from ..store import Store, seals

# kind -> fields that say who it was; what follows the fields (a room, a book) goes with them
_PERSONAL = {
    record.IDENTITY: ("nonce",),
    record.REFUSED: ("serial",),
    record.ENTRY: ("serial",),
    record.LOAN: ("serial",),
    record.STAY: ("serial",),
    record.TRIP: (),
    record.CODE: ("serial", "digest"),
}
_CANDIDATES = """SELECT r.terminal, r.seq, r.raw FROM records r
WHERE r.kind = ANY(?) AND NOT (r.kind = ? AND coalesce(r.amount, 0) > 0)
AND NOT EXISTS (SELECT 1 FROM erased e WHERE e.terminal = r.terminal AND e.seq = r.seq)"""
_BEFORE = " AND (CASE WHEN r.time_s < r.stored_s THEN r.time_s ELSE r.stored_s END) < ?"
_OF_CARD = " AND r.card = ?"
_BLANK = (
    """UPDATE records SET raw = b.raw, card = b.card FROM blanked b
    WHERE records.terminal = b.terminal AND records.seq = b.seq""",
    "INSERT INTO erased SELECT terminal, seq, digest, seal FROM blanked",
    """DELETE FROM conflicts WHERE EXISTS (SELECT 1 FROM blanked b
    WHERE b.terminal = conflicts.terminal AND b.seq = conflicts.seq)""",
)
_SCHEMA = pa.schema(
    [
        ("terminal", pa.string()),
        ("seq", pa.uint32()),
        ("raw", pa.binary()),
        ("card", pa.string()),
        ("digest", pa.binary()),
        ("seal", pa.binary()),
    ]
)


@dataclass
class Erased:
    """erased: records that were blanked, or would be. unproved: that were left, as their terminal
    did not write them so or it cannot be told. kinds: how many of each, by name."""

    erased: int
    unproved: int
    kinds: dict[str, int]


def erase(
    store: Store,
    keystore: Keystore,
    before_s: int | None = None,
    card: str | None = None,
    is_dry: bool = False,
) -> Erased:
    """Erase the personal part of records of before a time (UTC seconds; by the terminal's clock,
    or when it was stored if that was earlier), of a card's application serial, or of both.

    Each is proved first and sealed by its terminal's key, so that the audit tells it from one that
    was altered. Nothing of it is left in the database's files. Raises DatabaseError,
    KeystoreError; nothing is erased then.
    """
    with open_engine("", store) as engine:
        unproved = audit(engine, keystore).unproved
    query, values = _CANDIDATES, [list(_PERSONAL), record.CODE]
    if before_s is not None:
        query, values = query + _BEFORE, [*values, before_s]
    if card is not None:
        query, values = query + _OF_CARD, [*values, card]
    found = store.database.run(query + " ORDER BY r.terminal, r.seq", values)
    wanted = [
        (name, record.Record(seq, bytes(raw)))
        for name, seq, raw in found
        if seq < unproved.get(name, 1 << 32)
    ]
    kinds: dict[str, int] = {}
    for _, item in wanted:
        kinds[record.name(item.kind)] = kinds.get(record.name(item.kind), 0) + 1
    if wanted and not is_dry:
        columns = zip(*_blanked(wanted, keystore), strict=True)
        with store.database.transaction():
            store.database.claim("")
            store.database.put("blanked", pa.table([*map(list, columns)], schema=_SCHEMA))
            for statement in _BLANK:
                store.database.run(statement)
        store.database.forget()
    return Erased(len(wanted), len(found) - len(wanted), kinds)


def _blanked(
    wanted: list[tuple[str, record.Record]], keystore: Keystore
) -> Iterator[tuple[str, int, bytes, str | None, bytes, bytes]]:
    for name, item in wanted:
        digest = occrypto.sm3(item.raw)
        raw = blank(item.raw)
        seal = seals.of_erased(keystore.journal_key(name), name, item.seq, digest, raw)
        has_card = "serial" in (LAYOUTS[item.kind].names or ())
        yield name, item.seq, raw, "0" * 20 if has_card else None, digest, seal


def blank(raw: bytes) -> bytes:
    """The record with zeros for what it says of a person, and the right CRC-32."""
    kind, out = raw[1], bytearray(raw)
    layout = LAYOUTS[kind]
    spans = [
        (offset, field.itemsize)
        for name, (field, offset, *_) in (layout.fields or {}).items()
        if name in _PERSONAL[kind]
    ]
    end = len(raw) - record.TAIL_SIZE - record.HEAD_SIZE
    for offset, size in (*spans, (layout.itemsize, end - layout.itemsize)):
        at = record.HEAD_SIZE + offset
        out[at : at + size] = bytes(size)
    struct.pack_into(">I", out, len(out) - 4, occrypto.crc32(bytes(out[:-4])))
    return bytes(out)

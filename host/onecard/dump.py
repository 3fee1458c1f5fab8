"""A journal read from an image of its flash: for one that starts no more, and for the bench.

Formats: ocwire/SPEC.md section 2 (version 2) and, of what older firmware left, version 1: marks of
16 and 24 bytes, records whole and never across a page's end.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import occrypto
from ocwire import record, sector
from ocwire.chain import Chain

from .errors import OneCardError

_PAGES = range(0, sector.SECTOR_SIZE, sector.PAGE_SIZE)
_V1_MARKS_SIZE = 40
_V1_ERASED_SIZE = 16


class ImageError(OneCardError):
    """A file that is no image of a journal."""


def read_image(path: Path) -> bytes:
    """The file's bytes. Raises ImageError if they are not whole sectors."""
    raw = path.read_bytes()
    if not raw or len(raw) % sector.SECTOR_SIZE:
        raise ImageError(
            f"{path} has {len(raw):,} bytes, no multiple of {sector.SECTOR_SIZE}",
            "copy the journal's part of the flash alone and whole: boards/NAME says where it is",
        )
    return raw


def records(image: bytes, key: bytes | None = None, unit: int = 1) -> list[record.Record]:
    """Every intact record of a journal of whole sectors, by sequence number.

    key: the terminal's journal key, from which the MACs of intents are made anew; without it they
    are record.UNKNOWN_MAC. unit: see sector.Layout.
    """
    layout = sector.Layout(unit)
    found: dict[int, record.Record] = {}
    for start in range(0, len(image), sector.SECTOR_SIZE):
        raw = image[start : start + sector.SECTOR_SIZE]
        marks = layout.marks(raw[: layout.marks_size])
        items = _records(layout, marks, raw, key) if marks.number else _v1_records(raw)
        for item in items:
            found[item.seq] = item
    return [found[seq] for seq in sorted(found)]


def _records(
    layout: sector.Layout, marks: sector.Marks, raw: bytes, key: bytes | None
) -> Iterator[record.Record]:
    chain = Chain(key or bytes(16), marks.mac_before, marks.first_seq)
    for seq, kind, body, mac, _, _ in sector.records(layout, marks, raw):
        chain.take(seq, kind, body, mac)
        own = mac or (chain.mac if key else record.UNKNOWN_MAC)
        yield record.Record(seq, record.whole(record.content(seq, kind, body), own))


def _v1_records(raw: bytes) -> Iterator[record.Record]:
    opened = raw[_V1_ERASED_SIZE:_V1_MARKS_SIZE]
    number, seq = struct.unpack_from(">II", opened)
    if raw[:4] != b"OCJ\x01" or not number:
        return
    if struct.unpack_from(">I", opened, 20)[0] != occrypto.crc32(opened[:20]):
        return
    for page in _PAGES:
        at, end = page or _V1_MARKS_SIZE, page + sector.PAGE_SIZE
        while at < end:
            size = record.size_at(raw, at, end)
            if size:
                seq = record.seq_at(raw, at, seq)
                yield record.Record(seq, bytes(raw[at : at + size]))
                seq += 1
            at += size or 1

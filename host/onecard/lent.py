"""Glyphs lent to terminals: of the characters in what they are sent that their font lacks."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

from ocwire import glyphs as wire

from .build import glyphs, sources
from .errors import OneCardError

FIELD = "glyphs"
_CELLS = 20  # characters of a text that any screen has room for


def with_glyphs(values: dict[str, Any], most: int = wire.MOST) -> dict[str, Any]:
    """`values` (JSON) and, under "glyphs", up to `most` glyphs of characters in its texts.

    None are added where GNU Unifont is not at hand: the terminal shows "?" then.
    """
    wanted = dict.fromkeys(c for text in _texts(values) for c in text[:_CELLS] if c > "\x7f")
    found = _glyphs(frozenset(wanted))
    entries = [(c, *found[c]) for c in wanted if c in found][:most]
    return values | {FIELD: wire.pack(entries)} if entries else values


def shapes(values: dict[str, Any]) -> dict[str, bytes]:
    """The glyphs in sent values, to rows as onecard.build.glyphs has them."""
    entries = wire.unpack(values.get(FIELD, ""))
    return {chr(number): glyphs.to_rows(pages, 16) for number, _, pages in entries}


def missing(values: dict[str, Any]) -> str:
    """Characters of sent values that a terminal will show as "?"."""
    lent = {chr(number) for number, _, _ in wire.unpack(values.get(FIELD, ""))}
    texts = "".join(text for name, text in _named(values) if name != FIELD)
    wanted = dict.fromkeys(c for c in texts if c > "\x7f")
    return "".join(c for c in wanted if c not in lent and c not in _own())


def _texts(values: Any) -> Iterator[str]:
    return (text for _, text in _named(values))


def _named(values: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Every str in JSON values, and the name of its field."""
    if isinstance(values, str):
        yield name, values
    elif isinstance(values, dict):
        for key, value in values.items():
            yield from _named(value, key)
    elif isinstance(values, list):
        for value in values:
            yield from _named(value, name)


@functools.cache
def _own() -> set[str]:
    """What the firmware's own font has."""
    return glyphs.used_characters(sources.project_root() / "firmware" / "terminal" / "ui")


@functools.lru_cache(maxsize=256)
def _glyphs(wanted: frozenset[str]) -> dict[str, tuple[bytes, bytes]]:
    """(code in GB 18030, pages) of those that the font lacks, as far as they can be lent."""
    try:
        font = sources.find_sources().unifont
        left = {c for c in wanted - _own() if ord(c) <= 0xFFFF and len(c.encode("gb18030")) == 2}
        found = glyphs.find_hex(font, left)
    except (OneCardError, OSError):
        return {}
    return {
        c: (c.encode("gb18030"), glyphs.to_pages(rows, 16))
        for c, rows in found.items()
        if len(rows) == glyphs.FULL_SIZE
    }

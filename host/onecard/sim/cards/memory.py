"""A card's memory as plain values for JSON and TOML, and back with every field checked.

A memory is a frozen dataclass. Its fields are bytes (hexadecimal outside), whole numbers, texts,
truth values, or tuples of bytes, numbers or further frozen dataclasses (tables outside).
"""

import types
from dataclasses import MISSING, Field, field, fields, is_dataclass
from functools import cache
from typing import Any, get_args, get_origin, get_type_hints

from onecard.errors import OneCardError


class CardFileError(OneCardError):
    """A card's file cannot be used: names the file, the field and what it permits."""


def octets(default: str, size: int | None = None, most: int = 0) -> Any:
    """A field of bytes. size: how many it always has; None: as many as the default.

    most: with a size that varies, the largest one (0 up to it are permitted then).
    """
    raw = bytes.fromhex(default)
    limits = (0, most) if most else (size or len(raw),) * 2
    return field(default=raw, metadata={"size": limits})


def key(default: str = "11223344556677888877665544332211") -> Any:
    """A 16-byte key: never in a repr."""
    meta = {"size": (16, 16), "is_secret": True}
    return field(default=bytes.fromhex(default), repr=False, metadata=meta)


def secret_octets(most: int) -> Any:
    """Up to `most` bytes that never show in a repr; empty at first."""
    return field(default=b"", repr=False, metadata={"size": (0, most), "is_secret": True})


def volatile(default: Any) -> Any:
    """A field that is no memory: neither dumped nor loaded."""
    return field(default=default, compare=False, metadata={"is_volatile": True})


def _kept(cls: Any) -> "list[Field[Any]]":
    return [f for f in fields(cls) if f.init and not f.metadata.get("is_volatile")]


def number(default: int, most: int, least: int = 0) -> Any:
    """A whole number from least to most."""
    return field(default=default, metadata={"range": (least, most)})


def choice(default: str, *others: str) -> Any:
    """A text out of a closed list."""
    return field(default=default, metadata={"choices": (default, *others)})


def text(default: str, most: int) -> Any:
    """A text of at most `most` bytes in GBK."""
    return field(default=default, metadata={"text": most})


def digits(default: str, least: int, most: int) -> Any:
    """A text of least to most decimal digits."""
    return field(default=default, metadata={"digits": (least, most)})


def records(size: int, count: int) -> Any:
    """A tuple of at most count records of size bytes each; empty at first."""
    return field(default=(), metadata={"size": (size, size), "count": count})


def dump(memory: Any) -> dict[str, Any]:
    """Plain values of all fields, ready for JSON or TOML."""
    return {f.name: _plain(getattr(memory, f.name)) for f in _kept(memory)}


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex().upper()
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return dump(value) if is_dataclass(value) else value


@cache
def _hints(cls: type) -> dict[str, Any]:
    return get_type_hints(cls)


def load(cls: type, table: Any, where: str, is_strict: bool = True) -> Any:
    """A cls made of plain values; a field that is not there has its default.

    where: the beginning of messages, such as "card.toml: purse". is_strict: refuse unknown fields.
    Raises CardFileError.
    """
    if not isinstance(table, dict):
        raise CardFileError(f"{where} must be a table")
    known = {f.name: f for f in _kept(cls)}
    unknown = sorted(set(table) - set(known))
    if unknown and is_strict:
        raise CardFileError(f"{where}: unknown field {unknown[0]}", f"fields: {', '.join(known)}")
    hints = _hints(cls)
    values = {}
    for name, f in known.items():
        if name in table:
            values[name] = _value(hints[name], table[name], dict(f.metadata), f"{where}.{name}")
        elif f.default is MISSING and f.default_factory is MISSING:
            raise CardFileError(f"{where}: {name} is missing", _permitted(dict(f.metadata)))
    return cls(**values)


def _value(hint: Any, raw: Any, meta: dict[str, Any], where: str) -> Any:
    if get_origin(hint) is types.UnionType:
        hint = get_args(hint)[0]
    if get_origin(hint) is tuple:
        if not isinstance(raw, list) or len(raw) > meta.get("count", len(raw)):
            raise CardFileError(f"{where} must be a list", f"at most {meta.get('count', 'any')}")
        kind = get_args(hint)[0]
        return tuple(_value(kind, item, meta, f"{where}[{n}]") for n, item in enumerate(raw))
    if is_dataclass(hint):
        return load(hint, raw, where)  # type: ignore[arg-type]
    value = _octets(raw, where, meta) if hint is bytes else raw
    if type(value) is not hint or not _fits(value, meta):
        shown = "" if meta.get("is_secret") or isinstance(value, bytes) else f", not {raw!r}"
        raise CardFileError(f"{where} must be {_permitted(meta, hint)}{shown}")
    return value


def _octets(raw: Any, where: str, meta: dict[str, Any]) -> bytes:
    try:
        return bytes.fromhex(raw)
    except (TypeError, ValueError):
        raise CardFileError(f"{where} must be {_permitted(meta, bytes)}") from None


def _fits(value: Any, meta: dict[str, Any]) -> bool:
    if "size" in meta and isinstance(value, bytes):
        least, most = meta["size"]
        return bool(least <= len(value) <= most)
    if "range" in meta:
        least, most = meta["range"]
        return bool(least <= value <= most)
    if "digits" in meta:
        least, most = meta["digits"]
        return value.isdecimal() and value.isascii() and least <= len(value) <= most
    if "text" in meta:
        try:
            return len(value.encode("gbk")) <= int(meta["text"])
        except UnicodeEncodeError:
            return False
    return "choices" not in meta or value in meta["choices"]


def _permitted(meta: dict[str, Any], hint: Any = None) -> str:
    if "size" in meta:
        least, most = (2 * size for size in meta["size"])
        return f"{most} hex digits" if least == most else f"{least} to {most} hex digits"
    if "range" in meta:
        return "a whole number from {} to {}".format(*meta["range"])
    if "digits" in meta:
        return "{} to {} digits".format(*meta["digits"])
    if "text" in meta:
        return f"a text of at most {meta['text']} bytes in GBK"
    if "choices" in meta:
        return "one of " + ", ".join(repr(one) for one in meta["choices"])
    names = {bytes: "hex digits", bool: "true or false", int: "a whole number", str: "a text"}
    return names.get(hint, "a value")

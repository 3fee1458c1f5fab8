"""TOML values to those on the wire, field by field."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from ocwire import pin

from .fields import COMMON, OF_SCENE, Field, card_type

Tell = Callable[[str, Field], None]  # of a value that its field does not permit


class Unfit(Exception):
    """A TOML value that is not of the field's kind."""


def table(values: dict[str, Any], tell: Tell) -> dict[str, Any]:
    """A whole file's values. What does not fit is told and left out; unknown fields stay."""
    own = {name: value for name, value in values.items() if name in OF_SCENE}
    flat = {name: value for name, value in values.items() if name not in OF_SCENE}
    out = _table("", COMMON, flat, tell)
    for scene, value in own.items():
        fits = isinstance(value, dict)
        out[scene] = _table(scene, OF_SCENE[scene], value, tell) if fits else value
    return out


def _table(
    path: str, known: tuple[Field, ...], values: dict[str, Any], tell: Tell
) -> dict[str, Any]:
    by_name = {field.name: field for field in known}
    out: dict[str, Any] = {}
    for name, value in values.items():
        field, at = by_name.get(name), f"{path}.{name}" if path else name
        if field is None:
            out[name] = None  # ocwire.settings tells
        elif field.is_list:
            out[name] = _rows(at, field, value, tell)
        else:
            try:
                out[name] = _CONVERTERS.get(field.kind, _text)(value)
            except Unfit:
                tell(at, field)
    return out


def _rows(path: str, field: Field, value: Any, tell: Tell) -> Any:
    if not isinstance(value, list):
        return value
    return [
        _table(f"{path}[{number}]", field.rows, row, tell) if isinstance(row, dict) else row
        for number, row in enumerate(value)
    ]


def _int(value: Any) -> int:
    if type(value) is not int:
        raise Unfit
    return value


def _fen(value: Any) -> int:
    """Yuan to fen, exactly."""
    if type(value) not in (int, Decimal) or not Decimal(value).is_finite():
        raise Unfit
    if abs(Decimal(value)) > 10**12:
        raise Unfit
    fen = Decimal(value) * 100
    if fen != fen.to_integral_value():
        raise Unfit
    return int(fen)


def _bool(value: Any) -> int:
    if type(value) is not bool:
        raise Unfit
    return int(value)


def _time(value: Any) -> int:
    """ "06:30" to minutes."""
    hour, colon, minute = value.partition(":") if isinstance(value, str) else ("", "", "")
    if not colon or len(minute) != 2 or not (hour + minute).isdecimal() or len(hour) > 2:
        raise Unfit
    if int(hour) > 23 or int(minute) > 59:
        raise Unfit
    return int(hour) * 60 + int(minute)


def _date(value: Any) -> int:
    if not isinstance(value, date) or isinstance(value, datetime):
        raise Unfit
    return value.year * 10000 + value.month * 100 + value.day


def _card_type(value: Any) -> int:
    number = card_type(value) if isinstance(value, str) else value
    return _int(number)


def _pin(value: Any) -> str:
    """Digits to their hash with a new salt; a hash stays."""
    text = _text(value)
    if ":" in text:
        return text
    try:
        return str(pin.make(text, os.urandom(pin.SALT_SIZE)))
    except ValueError as error:
        raise Unfit from error


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise Unfit
    return value


_CONVERTERS: dict[str, Callable[[Any], Any]] = {
    "int": _int,
    "fen": _fen,
    "bool": _bool,
    "time": _time,
    "date": _date,
    "card_type": _card_type,
    "pin": _pin,
}

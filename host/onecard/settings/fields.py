"""The schema as types, and values as people read and write them in TOML."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from occard.transit import CARD_TYPES
from ocwire import pin, setting_tables

SCENES: tuple[str, ...] = tuple(setting_tables.SCENES)
_CARD_TYPES = {name: number for number, name in CARD_TYPES.items()}


class Field(NamedTuple):
    """A line of ocwire.setting_tables. Kinds: ocwire.settings."""

    name: str
    kind: str
    default: Any
    low: Any
    high: Any

    @property
    def rows(self) -> tuple[Field, ...]:
        """The fields of each row of a list of tables."""
        return fields(self.default)

    @property
    def is_list(self) -> bool:
        """True for a list of tables."""
        return self.kind == "tables"

    @property
    def is_needed(self) -> bool:
        """True if it has no default."""
        return self.default is None


def fields(lines: Any) -> tuple[Field, ...]:
    """Lines of ocwire.setting_tables as Fields."""
    return tuple(Field(*line) for line in lines)


# Glyphs are not for people to write: onecard.lent.
COMMON = tuple(field for field in fields(setting_tables.COMMON) if field.kind != "glyphs")
OF_SCENE = {scene: fields(lines) for scene, lines in setting_tables.SCENES.items()}


def walk(table: tuple[Field, ...], path: str = "") -> Iterator[tuple[str, Field]]:
    """(path, field) of a table's fields, rows included: "canteen.meals.begin"."""
    for field in table:
        at = f"{path}.{field.name}" if path else field.name
        yield at, field
        if field.is_list:
            yield from walk(field.rows, at)


def permitted(field: Field) -> str:
    """What a value may be, in words."""
    low, high = field.low, field.high
    match field.kind:
        case "tables":
            return f"{low} to {high} tables" if low else f"up to {high} tables"
        case "fen":
            return f"{yuan(low)} to {yuan(high)} yuan"
        case "bool":
            return "true or false"
        case "time":
            return 'time of the day, "00:00" to "23:59"'
        case "date":
            return "a date such as 2026-12-31" + (", or none" if field.default == 0 else "")
        case "choice":
            return ", ".join(f'"{word}"' for word in low)
        case "card_type":
            words = ", ".join(f'"{word}"' for word in _CARD_TYPES)
            return f"{words}, or a number from {low} to {high}"
        case "city":
            return 'four digits, or ""'
        case "serial":
            return 'an application serial of 20 digits, or ""'
        case "pin":
            return f"{pin.SHORTEST} to {pin.LONGEST} digits in quotes, or what `config pin` prints"
        case "ranges":
            return f'numbers and ranges such as "101-118, 201", up to {high} characters'
        case "label":
            return f"{_up_to(low, high)} half-width cells; a Chinese character takes two"
        case "text":
            return f"{_up_to(low, high)} characters"
        case "qr_roots":
            return f'"index=SM2 public key", compressed, in hex, more after spaces; up to {high}'
        case "hex":
            return f'{high} hex digits, or ""'
        case "sm2_keys":
            return f"SM2 public keys, compressed, in hex, with spaces; up to {high} characters"
        case _:
            return f"{low} to {high}"


def _up_to(low: int, high: int) -> str:
    return f"{low} to {high}" if low else f"up to {high}"


def yuan(fen: int) -> str:
    """An amount as TOML has it: 12.50."""
    return f"{fen // 100}.{fen % 100:02d}"


def literal(field: Field, value: Any) -> str:
    """A value on the wire as TOML literal."""
    match field.kind:
        case "fen":
            return yuan(value)
        case "bool":
            return "true" if value else "false"
        case "time":
            return f'"{value // 60:02d}:{value % 60:02d}"'
        case "date" if value:
            return f"{value // 10000:04d}-{value // 100 % 100:02d}-{value % 100:02d}"
        case "card_type" if value in CARD_TYPES:
            return f'"{CARD_TYPES[value]}"'
        case _ if isinstance(value, str):
            return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
        case _:
            return str(value)


def card_type(word: str) -> int | None:
    """The number of a named card type, None if there is none."""
    return _CARD_TYPES.get(word)

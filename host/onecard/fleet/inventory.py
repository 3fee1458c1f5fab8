"""An inventory of terminals, as CSV or TOML, checked whole before anything is done.

Columns (CSV) or keys of each [[terminal]] (TOML): terminal (12 digits, needed), device (port, or
its name in the folder of ports), config (TOML file of settings), merchant, price (yuan), hotlist
(file of application serials, one a line), update_root. Paths are from the inventory's folder.
"""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from ..bundle import root_point
from ..errors import OneCardError
from ..keystore import parse_terminal_id
from ..settings import Fault, Settings, check_file
from ..settings.source import Source

COLUMNS = ("terminal", "device", "config", "merchant", "price", "hotlist", "update_root")
_MOST_ROWS = 100_000
_MOST_PRICE = 10_000_000  # fen


class InventoryError(OneCardError):
    """Everything that is wrong with an inventory, one fault a line: file:line: field: text."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults), "nothing was done")
        self.faults = faults


@dataclass(frozen=True)
class Row:
    """One terminal as it shall be. device: "" if any. hotlist: None: as the terminal has it.

    hotlist_version: when its file was last changed, UTC seconds.
    """

    terminal: str
    settings: Settings
    device: str = ""
    hotlist: tuple[bytes, ...] | None = None
    hotlist_version: int = 0
    line: int = 0


@dataclass
class _Reading:
    """file: the inventory. faults: all so far. seen: line of each terminal and device."""

    file: Path
    faults: list[Fault] = field(default_factory=list)
    seen: dict[tuple[str, str], int] = field(default_factory=dict)
    configs: dict[Path, Settings] = field(default_factory=dict)

    def fault(self, line: int, name: str, text: str) -> None:
        self.faults.append(Fault(self.file, line, name, text))

    def path(self, text: str) -> Path:
        return self.file.parent / text


def read_inventory(path: Path) -> list[Row]:
    """The rows of an inventory. Raises InventoryError with all that is wrong."""
    reading = _Reading(path)
    rows = []
    for line, values in _raw_rows(reading):
        row = _row(reading, line, values)
        if row is not None:
            rows.append(row)
    if not rows and not reading.faults:
        reading.fault(0, "", "lists no terminal")
    if reading.faults:
        raise InventoryError(reading.faults)
    return rows


def _raw_rows(reading: _Reading) -> Iterable[tuple[int, dict[str, str]]]:
    try:
        if reading.file.suffix.lower() == ".toml":
            return _toml_rows(reading)
        return _csv_rows(reading)
    except OSError as error:
        reading.fault(0, "", f"cannot be read: {error.strerror}")
    except UnicodeDecodeError as error:
        reading.fault(error.object[: error.start].count(b"\n") + 1, "", "is no UTF-8")
    except (csv.Error, tomllib.TOMLDecodeError) as error:
        reading.fault(0, "", str(error))
    return []


def _csv_rows(reading: _Reading) -> list[tuple[int, dict[str, str]]]:
    with reading.file.open(encoding="utf-8-sig", newline="") as file:
        table = csv.DictReader(file, strict=True)
        names = [name.strip() for name in table.fieldnames or []]
        table.fieldnames = names
        for name in names:
            if name not in COLUMNS:
                reading.fault(1, name, f"unknown column; there are: {', '.join(COLUMNS)}")
        if "terminal" not in names:
            reading.fault(1, "terminal", "this column is needed")
            return []
        out = []
        for _, values in zip(range(_MOST_ROWS), table, strict=False):
            if None in values:
                reading.fault(table.line_num, "", "more values than columns")
            row = {k: (v or "").strip() for k, v in values.items() if k in COLUMNS}
            if any(row.values()):
                out.append((table.line_num, row))
        return out


def _toml_rows(reading: _Reading) -> list[tuple[int, dict[str, str]]]:
    source = Source(reading.file)
    for name in source.values:
        if name != "terminal":
            reading.fault(source.line(name), name, "unknown; terminals are [[terminal]] tables")
    tables = source.values.get("terminal", [])
    if not isinstance(tables, list) or not all(isinstance(one, dict) for one in tables):
        reading.fault(source.line("terminal"), "terminal", "must be [[terminal]] tables")
        return []
    out = []
    for number, table in enumerate(tables[:_MOST_ROWS]):
        path = f"terminal[{number}]"
        for name, value in table.items():
            if name not in COLUMNS:
                told = f"unknown; there are: {', '.join(COLUMNS)}"
                reading.fault(source.line(f"{path}.{name}"), name, told)
            elif not isinstance(value, (str, int, Decimal)) or isinstance(value, bool):
                reading.fault(source.line(f"{path}.{name}"), name, "must be text or a number")
        row = {k: str(v).strip() for k, v in table.items() if k in COLUMNS}
        out.append((source.line(path), row))
    return out


def _row(reading: _Reading, line: int, values: dict[str, str]) -> Row | None:
    """One row; None if it has faults, all of which are noted."""
    before = len(reading.faults)
    terminal = values.get("terminal", "")
    try:
        parse_terminal_id(terminal)
        if not int(terminal):
            reading.fault(line, "terminal", "all zeros means none")
    except OneCardError:
        told = f"{terminal!r} is not 12 digits" if terminal else "is missing"
        reading.fault(line, "terminal", told)
    for name in ("terminal", "device"):
        key = (name, values.get(name, ""))
        if key[1] and key in reading.seen:
            told = f"{key[1]} is in line {reading.seen[key]} already"
            reading.fault(line, name, told)
        reading.seen.setdefault(key, line)
    settings = _settings(reading, line, values)
    hotlist, version = _hotlist(reading, line, values.get("hotlist", ""))
    if len(reading.faults) > before or settings is None:
        return None
    return Row(terminal, settings, values.get("device", ""), hotlist, version, line)


def _settings(reading: _Reading, line: int, values: dict[str, str]) -> Settings | None:
    base: Settings | None = Settings()
    if values.get("config"):
        base = _config(reading, reading.path(values["config"]), line)
    more: dict[str, Any] = {"merchant": values.get("merchant") or None}
    if values.get("price"):
        more["price"] = _fen(values["price"])
        if more["price"] is None:
            told = f"{values['price']!r} is no amount in yuan from 0.00 to 100000.00"
            reading.fault(line, "price", told)
            return None
    root = values.get("update_root")
    if root:
        try:
            root_point(root)
            more["update_roots"] = root
        except OneCardError as error:
            reading.fault(line, "update_root", error.text)
            return None
    try:
        return None if base is None else base.but(**more)
    except OneCardError as error:
        reading.fault(line, "", error.text)
        return None


def _config(reading: _Reading, path: Path, line: int) -> Settings | None:
    """Settings of a file that rows share; its faults are told once."""
    if path in reading.configs:
        return reading.configs[path]
    found, faults = check_file(path)
    if found is None:
        told = any(fault.file == path for fault in reading.faults)
        if not told:
            reading.faults += faults
        reading.fault(line, "config", f"{path.name} is not right")
        return None
    reading.configs[path] = found
    return found


def _fen(text: str) -> int | None:
    try:
        fen = Decimal(text) * 100
    except InvalidOperation:
        return None
    is_right = fen == fen.to_integral_value() and 0 <= fen <= _MOST_PRICE
    return int(fen) if is_right else None


def _hotlist(reading: _Reading, line: int, name: str) -> tuple[tuple[bytes, ...] | None, int]:
    if not name:
        return None, 0
    path = reading.path(name)
    try:
        texts = path.read_text(encoding="ascii").split()
        changed_s = int(path.stat().st_mtime)
    except (OSError, UnicodeDecodeError) as error:
        reading.fault(line, "hotlist", f"{name} cannot be read: {error}")
        return None, 0
    for number, text in enumerate(texts, 1):
        if len(text) != 20 or not text.isdecimal():
            told = f"{text[:30]!r}: an application serial has 20 digits"
            reading.faults.append(Fault(path, number, "", told))
            return None, 0
    return tuple(sorted(bytes.fromhex(text) for text in texts)), changed_s

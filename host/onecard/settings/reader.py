"""Reads a TOML file of settings and says everything that is wrong with it, line by line."""

from __future__ import annotations

import difflib
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ocwire import settings as rules
from ocwire.errors import UNKNOWN

from ..errors import OneCardError
from . import convert
from .fields import COMMON, OF_SCENE, SCENES, Field, fields, permitted
from .model import Settings
from .source import Source


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong. path: the field, "" for the file as a whole. line: 0 for none."""

    file: Path
    line: int
    path: str
    text: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else str(self.file)
        return ": ".join(word for word in (where, self.path, self.text) if word)


class SettingsError(OneCardError):
    """A file of settings with faults."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = faults


def load(path: Path) -> Settings:
    """The settings in a file. Raises SettingsError with all that is wrong."""
    settings, faults = check_file(path)
    if settings is None:
        raise SettingsError(faults)
    return settings


def check_file(path: Path) -> tuple[Settings | None, list[Fault]]:
    """The settings in a file and no faults, or None and the faults in the order of lines."""
    try:
        source = Source(path)
    except OSError as error:
        return None, [Fault(path, 0, "", f"cannot be read: {error.strerror}")]
    except UnicodeDecodeError as error:
        before = error.object[: error.start]
        return None, [Fault(path, before.count(b"\n") + 1, "", "is no UTF-8")]
    except tomllib.TOMLDecodeError as error:
        return None, [_syntax(path, str(error))]
    check = _Check(path, source)
    values = check.run()
    if check.faults:
        return None, sorted(check.faults.values(), key=lambda fault: fault.line)
    return Settings(**values), []


def _syntax(path: Path, text: str) -> Fault:
    found = re.search(r" \(at line (\d+), column \d+\)", text)
    if found is None:  # at the end of the document
        count = path.read_bytes().count(b"\n")
        return Fault(path, count + 1, "", f"is no TOML: {text}")
    return Fault(path, int(found[1]), "", f"is no TOML: {text.replace(found[0], '')}")


class _Check:
    """Faults by path: the first one told of a field counts."""

    def __init__(self, path: Path, source: Source) -> None:
        self._path, self._source = path, source
        self.faults: dict[str, Fault] = {}

    def run(self) -> dict[str, Any]:
        """The values on the wire; of use only if there are no faults."""
        values = convert.table(self._source.values, self._unfit)
        rules.check(values, None, self._refused)
        return values

    def _unfit(self, path: str, field: Field) -> None:
        self._tell(path, self._against(path, field))

    def _refused(self, path: str, text: str, line: Any) -> None:
        if text == UNKNOWN:
            self._tell(path, f"there is no such field{_near(path)}")
        elif line is None or text == "is missing":
            self._tell(path, text)
        else:
            field = Field(*line)
            value = _at(self._source.values, path)
            is_list = field.is_list and isinstance(value, list)
            found = f"found {len(value)} tables" if is_list else ""
            self._tell(path, self._against(path, field, found))

    def _against(self, path: str, field: Field, found: str = "") -> str:
        value = _at(self._source.values, path)
        if not found:
            found = f"found {_said(value)}" if field.kind != "pin" else "found something else"
        return f"{found}, permitted: {permitted(field)}{_meant(field, value)}"

    def _tell(self, path: str, text: str) -> None:
        fault = Fault(self._path, self._source.line(path), path, text)
        self.faults.setdefault(path, fault)


def _said(value: Any) -> str:
    """A TOML value as it may have been written."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return '"' + (value if len(value) <= 40 else value[:40] + "…") + '"'
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "a table"
    return str(value)


def _meant(field: Field, value: Any) -> str:
    """A near miss among the words of a choice; or what else will have been meant."""
    if field.kind == "choice" and isinstance(value, str):
        close = difflib.get_close_matches(value.lower(), field.low, 1)
        return f'; did you mean "{close[0]}"?' if close else ""
    if field.kind in ("fen", "int") and isinstance(value, str):
        return "; write it without quotes"
    return ""


def _near(path: str) -> str:
    """What an unknown field may have been meant for: in its table, or by its name elsewhere."""
    inside, _, name = path.rpartition(".")
    known = _table_of(inside)
    names = [field.name for field in known] + ([] if inside else list(SCENES))
    close = difflib.get_close_matches(name, names, 1)
    if close:
        return f'; did you mean "{close[0]}"?'
    places = ["" if any(field.name == name for field in COMMON) else None]
    places += [s if any(f.name == name for f in OF_SCENE[s]) else None for s in SCENES]
    there = [f"[{place}]" if place else "the top" for place in places if place is not None]
    if there:
        return f"; it belongs in {' or '.join(there)}"
    return f"; there are: {', '.join(sorted(names))}"


def _table_of(path: str) -> tuple[Field, ...]:
    """The fields of the table at this path, "" being the top."""
    scene, _, rest = path.partition(".")
    known = OF_SCENE.get(scene)
    if known is None:
        known, rest = COMMON, path
    for name in filter(None, re.sub(r"\[\d+\]", "", rest).split(".")):
        inner = next((field for field in known if field.name == name), None)
        known = fields(inner.default) if inner is not None and inner.is_list else ()
    return known


def _at(values: Any, path: str) -> Any:
    """The value at a path; None if there is none."""
    for name, number in re.findall(r"([^.\[\]]+)|\[(\d+)\]", path):
        try:
            values = values[name] if name else values[int(number)]
        except (KeyError, IndexError, TypeError):
            return None
    return values

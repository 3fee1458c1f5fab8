"""A TOML file: its values, and the line that each stands in.

Values are the standard library's, with exact numbers. It keeps no positions, nor does tomlkit
(its issue 55), so those come from tree-sitter's syntax tree of the same bytes.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import tree_sitter_toml
from tree_sitter import Language, Node, Parser

_LANGUAGE = Language(tree_sitter_toml.language())
_KEYS = ("bare_key", "quoted_key", "dotted_key")


class Source:
    """path: for messages. values: tables as dicts, floats as Decimal.

    Raises OSError, UnicodeDecodeError, tomllib.TOMLDecodeError.
    """

    def __init__(self, path: Path) -> None:
        raw = path.read_bytes()
        self.values: dict[str, Any] = tomllib.loads(raw.decode(), parse_float=Decimal)
        self._lines: dict[str, int] = {}
        self._counts: dict[str, int] = {}  # tables of a [[list]] so far
        for node in Parser(_LANGUAGE).parse(raw).root_node.children:
            self._visit(node)

    def line(self, path: str) -> int:
        """The line of a field such as "canteen.meals[1].price", else of the table it is in."""
        while path and path not in self._lines:
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        return self._lines.get(path, 1)

    def _visit(self, node: Node) -> None:
        if node.type == "pair":
            self._pair("", node)
        elif node.type in ("table", "table_array_element"):
            path = self._header(node)
            self._note(path, node)
            for child in node.children:
                if child.type == "pair":
                    self._pair(path, child)

    def _header(self, node: Node) -> str:
        """The path of a [table] or of a [[list]]'s next table."""
        names = [name for child in node.children for name in _names(child)]
        path = ""
        for name in names:
            path = _join(path, name)
            if path in self._counts and name is not names[-1]:
                path += f"[{self._counts[path] - 1}]"  # a table in the newest of a list
        if node.type == "table_array_element":
            number = self._counts.get(path, 0)
            self._counts[path] = number + 1
            self._note(path, node)
            path += f"[{number}]"
        return path

    def _pair(self, path: str, node: Node) -> None:
        key, value = node.named_children[0], node.named_children[-1]
        for name in _names(key):
            path = _join(path, name)
            self._note(path, node)
        self._value(path, value)

    def _value(self, path: str, node: Node) -> None:
        self._note(path, node)
        items = [child for child in node.named_children if child.type != "comment"]
        if node.type == "array":
            for number, item in enumerate(items):
                self._value(f"{path}[{number}]", item)
        elif node.type == "inline_table":
            for item in items:
                if item.type == "pair":
                    self._pair(path, item)

    def _note(self, path: str, node: Node) -> None:
        self._lines.setdefault(path, node.start_point[0] + 1)


def _names(node: Node) -> Iterator[str]:
    """The parts of a key."""
    if node.type == "dotted_key":
        for child in node.named_children:
            yield from _names(child)
    elif node.type in _KEYS and node.text is not None:
        yield node.text.decode().strip("\"'")


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name

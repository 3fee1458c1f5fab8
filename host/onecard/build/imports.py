"""Which modules import which, from their sources, and an order in which each comes after its own.

MicroPython's C stack on a Pico is 8 KiB: modules that are imported in this order nest little.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path


def order(files: dict[str, Path], start: str) -> list[str]:
    """All modules that importing `start` imports, itself last. files: as of modules.find()."""
    found: list[str] = []
    seen: set[str] = set()

    def visit(name: str) -> None:
        if name in seen or name not in files:
            return
        seen.add(name)
        for needed in _imports(name, files):
            visit(needed)
        found.append(name)

    visit(start)
    return found


def _imports(name: str, files: dict[str, Path]) -> Iterator[str]:
    """Names that a module imports when it is loaded, packages before what is in them."""
    path = files[name]
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    yield from _with_packages(package)
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from _with_packages(alias.name)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(node, package)
            yield from _with_packages(base)
            for alias in node.names:
                yield f"{base}.{alias.name}"  # if it is a module: visit() passes over others


def _absolute(node: ast.ImportFrom, package: str) -> str:
    if not node.level:
        return node.module or ""
    parts = package.split(".")[: 1 - node.level or None]
    return ".".join([*parts, *([node.module] if node.module else [])])


def _with_packages(name: str) -> Iterator[str]:
    parts = name.split(".")
    for count in range(1, len(parts) + 1):
        yield ".".join(parts[:count])

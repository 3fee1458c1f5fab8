"""Who may import whom (docs: style guide, layout). A new edge is a reviewed edit of TABLE.

Also the bars that hold for every file: sizes, no bare except, `except Exception` only where
it is allowed.
"""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = (
    "occard", "occrypto", "_occrypto", "ocwire",
    "drivers", "terminal", "board", "slots", "flashmap", "onecard",
)  # fmt: skip
FOLDERS = ("firmware", "drivers", "native", "host", "boards")

# module (the longest prefix counts) -> prefixes of ours that it may import, besides its own
TABLE = {
    "occrypto": ("_occrypto",),  # the C core
    "ocwire": ("occrypto",),
    "occard": ("ocwire", "occrypto"),  # shared with the host: docs/decisions/0009
    "drivers": (),
    "main": ("slots", "terminal.boot"),
    "terminal": (),
    # the boot selector, frozen: docs/decisions/0011
    "terminal.boot": ("occrypto", "board", "terminal.app", "terminal.files", "terminal.overlay"),
    "terminal.overlay": (),
    "terminal.version": (),
    "terminal.update": (
        "occrypto",
        "ocwire",
        "terminal.config",
        "terminal.link",
        "terminal.version",
    ),
    "terminal.outcomes": (),
    "terminal.rules": ("occard", "ocwire", "terminal.engine.order", "terminal.outcomes"),
    "terminal.sealing": ("occrypto",),
    "terminal.tally": ("ocwire", "occrypto"),
    "terminal.files": (),
    "terminal.sam": ("occard", "occrypto", "drivers.reader.base", "drivers.sam.base"),
    # a cardholder's contact card: a slot's errors become those of a reader
    "terminal.contact": ("occard", "drivers.reader.base", "drivers.sam.base"),
    "terminal.journal": ("ocwire", "occrypto"),
    "terminal.link": ("ocwire", "occrypto"),
    "terminal.clock": ("ocwire", "occrypto"),
    "terminal.config": ("ocwire", "occrypto", "terminal.files"),
    "terminal.keys": ("ocwire", "occrypto", "terminal.files"),
    "terminal.hotlist": ("ocwire", "occrypto", "terminal.files"),
    "terminal.events": (),
    "terminal.ui": ("terminal.events", "terminal.outcomes"),
    "terminal.till": ("drivers.reader.base", "terminal.events", "terminal.ui"),
    "terminal.shift": (
        "ocwire",
        "terminal.engine",
        "terminal.files",
        "terminal.outcomes",
        "terminal.tally",
    ),
    "terminal.online": ("ocwire", "terminal.engine", "terminal.outcomes"),
    "terminal.guard": ("ocwire",),
    "terminal.cardlist": ("ocwire", "occrypto", "terminal.files"),
    "terminal.engine": (
        "occard",
        "occrypto",
        "ocwire",
        "drivers.reader.base",
        "terminal.journal",
        "terminal.outcomes",
        "terminal.sam",
    ),
    "terminal.scenes": (
        "occard",
        "ocwire",
        "drivers.reader.base",
        "terminal.cardlist",
        "terminal.clock",
        "terminal.engine",
        "terminal.events",
        "terminal.online",
        "terminal.outcomes",
        "terminal.tally",
        "terminal.ui",
        "terminal.version",
    ),
    "terminal.app": ("occard", "ocwire", "occrypto", "drivers.reader.base", "terminal"),
    "onecard": ("occard", "ocwire", "occrypto"),
    "onecard.sim": ("ocwire", "occrypto", "onecard"),
    # The bench's parts stand alone, so that they cannot share a misunderstanding with ours.
    # Errors: what is wrong with a card's file is said as the rest of the host says it.
    "onecard.sim.cards": ("onecard.sim", "onecard.errors"),
    "onecard.sim.chips": ("onecard.sim",),
    "onecard.sim.field": ("onecard.sim",),
    "onecard.sim.flash": ("onecard.sim",),
    "onecard.sim.picc": ("onecard.sim",),
    "onecard.sim.screen": ("onecard.sim",),
    # occrypto: only to hand its CRC functions to a driver (docs/decisions/0008)
    "boards": ("drivers", "flashmap", "board", "slots", "occrypto"),
}
# What only a board may know: the chip's own module.
HARDWARE = ("machine", "rp2", "esp32", "esp", "vfs")
CONTRACTS = ("drivers.reader.base", "drivers.sam.base")
# `except Exception` (or BaseException): file -> why it is allowed there.
CATCH_ALL = {
    "firmware/terminal/app.py": "the task supervisor",
    "firmware/terminal/boot.py": "whatever an update ends in, it is reset",
    "firmware/terminal/link/service.py": "the link server",
    "host/onecard/cli/__init__.py": "the command line's main",
    "host/onecard/sim/session.py": "the bench's world thread hands errors to its caller",
}
MAX_FILE_LINES, MAX_FUNCTION_LINES = 400, 60


def module_name(path):
    parts = list(path.relative_to(ROOT).with_suffix("").parts)
    if parts[0] in ("firmware", "host") or parts[:2] == ["native", "occrypto"]:
        parts = parts[1:]
    if parts[-1] == "__init__":
        parts.pop()
    return ".".join(parts)


def sources():
    found = []
    for folder in FOLDERS:
        found += (ROOT / folder).rglob("*.py")
    return sorted(found)


FILES = {path.relative_to(ROOT).as_posix(): path for path in sources()}
TREES = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in FILES.items()}


def imports(name):
    """Absolute names of everything a file imports: modules, and module.name for `from` imports."""
    path = FILES[name]
    own = module_name(path)
    package = own if path.name == "__init__.py" else own.rpartition(".")[0]
    for node in ast.walk(TREES[name]):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                anchor = package.split(".")
                anchor = anchor[: len(anchor) - node.level + 1]
                base = ".".join([*anchor, *([base] if base else [])])
            for alias in node.names:
                yield f"{base}.{alias.name}", node.lineno


def within(name, prefix):
    return name == prefix or name.startswith(prefix + ".")


def rule_for(own):
    fitting = [prefix for prefix in TABLE if within(own, prefix)]
    return max(fitting, key=len) if fitting else None


def violations(name):
    own = module_name(FILES[name])
    rule = rule_for(own)
    if rule is None:
        return [f"{name}: {own} has no line in TABLE"]
    wrong = []
    for target, line in imports(name):
        if not any(within(target, ours) for ours in OURS):
            continue
        if within(target, rule) or any(within(target, may) for may in TABLE[rule]):
            continue
        wrong.append(f"{name}:{line}: {own} may not import {target}")
    return wrong


# native/cpython, native/ctests, native/mpy and tools are build scripts outside the layers
LAYERED = [
    name for name in FILES if not name.startswith("native/") or name.startswith("native/occrypto/")
]


@pytest.mark.parametrize("name", LAYERED)
def test_a_module_imports_only_what_its_layer_may(name):
    assert violations(name) == []


def test_the_walk_sees_the_layers():
    assert len(LAYERED) > 60
    for name in (
        "firmware/terminal/engine/engine.py",
        "drivers/reader/pn532.py",
        "host/onecard/pull.py",
    ):
        assert any(within(target, ours) for target, _ in imports(name) for ours in OURS), name


def test_a_forbidden_import_would_be_noticed(monkeypatch):
    bad = "firmware/occard/apdu.py"
    tree = ast.parse(
        "from drivers.reader import pn532\nfrom terminal import journal\nimport onecard"
    )
    monkeypatch.setitem(TREES, bad, tree)
    assert len(violations(bad)) == 3


@pytest.mark.parametrize("name", [n for n in FILES if n.startswith(("firmware/", "drivers/"))])
def test_firmware_and_drivers_name_no_board_hardware(name):
    hits = [
        f"{name}:{line}" for target, line in imports(name) for h in HARDWARE if within(target, h)
    ]
    assert hits == []


@pytest.mark.parametrize("name", [n for n in FILES if n.startswith("firmware/")])
def test_firmware_names_no_chip(name):
    chips = [
        target
        for target, _ in imports(name)
        if within(target, "drivers") and not any(within(target, base) for base in CONTRACTS)
    ]
    assert chips == []


@pytest.mark.parametrize(
    "name", [n for n in FILES if n.startswith(("firmware/ocwire/", "firmware/occard/"))]
)
def test_shared_formats_need_no_more_than_both_runtimes_have(name):
    known = {"struct", "binascii", "occrypto", "ocwire", "occard"}
    assert {target.split(".")[0] for target, _ in imports(name)} <= known


@pytest.mark.parametrize("name", [n for n in FILES if n.startswith(("firmware/", "drivers/"))])
def test_nothing_is_imported_relatively_inside_a_function(name):
    """terminal.overlay would not know who imports."""
    inner = [
        f"{name}:{node.lineno}"
        for function in ast.walk(TREES[name])
        if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef))
        for node in ast.walk(function)
        if isinstance(node, ast.ImportFrom) and node.level
    ]
    assert inner == []


@pytest.mark.parametrize("name", [n for n in FILES if not n.startswith(("boards/", "native/"))])
def test_no_module_has_a_name_of_the_standard_library(name):
    path = FILES[name]
    top = module_name(path).split(".")[0]
    assert top not in sys.stdlib_module_names


@pytest.mark.parametrize("name", FILES)
def test_files_and_functions_stay_short(name):
    lines = FILES[name].read_text(encoding="utf-8").count("\n")
    assert lines <= MAX_FILE_LINES, f"{name} has {lines} lines"
    for node in ast.walk(TREES[name]):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            size = node.end_lineno - node.lineno + 1
            assert size <= MAX_FUNCTION_LINES, f"{name}: {node.name} has {size} lines"


def catches_all(handler):
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(getattr(kind, "id", "") in ("Exception", "BaseException") for kind in kinds)


@pytest.mark.parametrize("name", FILES)
def test_errors_are_caught_by_name(name):
    for node in ast.walk(TREES[name]):
        if isinstance(node, ast.ExceptHandler):
            assert node.type is not None, f"{name}:{node.lineno}: bare except"
            if catches_all(node):
                assert name in CATCH_ALL, f"{name}:{node.lineno}: except Exception"

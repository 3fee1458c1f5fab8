#!/usr/bin/env python3
"""Types of drivers/ and boards/ against MicroPython's published stubs, port by port.

The stubs (boards/typings/requirements.txt, versions and hashes pinned) go into build/typings/PORT,
once; what they say wrongly about 1.25 is put right there by CORRECTIONS, and what a board defines
itself (its pins' names) is added. mypy then sees these stubs and not CPython's library.

Used as: tools/typecheck.py [PORT …]. Exit code 1 if a port has errors.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "build" / "typings"
REQUIREMENTS = ROOT / "boards" / "typings" / "requirements.txt"
_STDLIB = "micropython-stdlib-stubs"


class StubError(Exception):
    """The stubs cannot be got, or are not what a correction expects."""


@dataclass(frozen=True)
class Port:
    """stubs: the package. paths: folders whose modules are found by name. sources: what is
    checked, from the project's root. pins: a board's own names of pins."""

    stubs: str
    paths: tuple[str, ...] = ()
    sources: tuple[str, ...] = ("drivers",)
    pins: str = ""


PORTS = {
    "rp2": Port(
        "micropython-rp2-rpi-pico-stubs",
        ("boards/rp2_pico", "boards/typings"),
        ("drivers", *(f"boards/rp2_pico/{n}.py" for n in ("board", "flashmap", "slots", "_boot"))),
        "boards/rp2_pico/pins.csv",
    ),
    # Each board is a module of its own folder: both are checked at once.
    "esp32": Port(
        "micropython-esp32-esp32-generic-stubs",
        ("boards",),
        (
            "drivers",
            "boards/esp32_parts.py",
            *(f"boards/esp32_{chip}/board.py" for chip in ("c3", "s3")),
        ),
    ),
    # The shim's machine is the board's: it comes before the port's own.
    "unix": Port(
        "micropython-unix-stubs",
        ("boards/unix/shim", "boards/unix", "boards/typings"),
        ("drivers", "boards/unix/board.py", "boards/unix/slots.py", "boards/unix/shim"),
    ),
}

# (file, what it says, what MicroPython 1.25 has). One that no longer fits stops the check.
# A file system takes any object with the methods of a block device, not only its template's heirs;
# VfsRom is missing, and so is that rp2.Flash can be read as a buffer.
_BLOCKS = """import typing

class _Blocks(typing.Protocol):
    def readblocks(self, block: int, buf: bytearray, offset: int, /) -> object: ...
    def writeblocks(self, block: int, buf: bytes | bytearray, offset: int, /) -> object: ...
    def ioctl(self, op: int, arg: int, /) -> object: ...

class VfsRom:
    def __init__(self, memory: memoryview, /) -> None: ...

"""
_TEMPLATE = "class AbstractBlockDev:"
_EVERYWHERE = (
    ("framebuf.pyi", "palette: Optional[bytes]", "palette: Optional[FrameBuffer]"),
    ("vfs.pyi", "block_dev: AbstractBlockDev", "block_dev: _Blocks"),
    ("vfs.pyi", _TEMPLATE, _BLOCKS + _TEMPLATE),
    ("stdlib/asyncio/__init__.pyi", "import sys\n", "import sys\nfrom . import core as core\n"),
)
_RP2_FLASH = "class Flash(AbstractBlockDev):\n"
CORRECTIONS: dict[str, tuple[tuple[str, str, str], ...]] = {
    "rp2": (
        ("rp2/__init__.pyi", _RP2_FLASH,
         _RP2_FLASH + "    def __init__(self, *, start: int = -1, len: int = -1) -> None: ...\n"
         "    def __buffer__(self, flags: int, /) -> memoryview: ...\n"),
    ),
    "esp32": (),
    "unix": (),
}  # fmt: skip
_CORE = "from typing import Any\n\ncur_task: Any\n_io_queue: Any\n"


def _pinned() -> dict[str, str]:
    """The requirement lines by package."""
    text = REQUIREMENTS.read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return {line.split("==")[0]: line for line in lines}


def _state(name: str) -> str:
    """What the folder of a port is made of."""
    total = hashlib.sha256(REQUIREMENTS.read_bytes() + Path(__file__).read_bytes())
    if PORTS[name].pins:
        total.update((ROOT / PORTS[name].pins).read_bytes())
    return total.hexdigest()


def install(name: str) -> Path:
    """Have the stubs of a port; returns their folder. Raises StubError."""
    port, folder = PORTS[name], OUT / name
    stamp = folder / "made-of.sha256"
    if stamp.exists() and stamp.read_text() == _state(name):
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    OUT.mkdir(parents=True, exist_ok=True)
    wanted = OUT / f"{name}.txt"
    wanted.write_text(f"{_pinned()[port.stubs]}\n{_pinned()[_STDLIB]}\n")
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q", "install"]
    command += ["--no-deps", "--require-hashes", "--target", str(folder), "-r", str(wanted)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise StubError(f"no stubs for {name}:\n{done.stderr}")
    _correct(name, folder)
    stamp.write_text(_state(name))
    return folder


def _correct(name: str, folder: Path) -> None:
    for file, old, new in (*_EVERYWHERE, *CORRECTIONS[name]):
        path = folder / file
        text = path.read_text()
        if old not in text:
            raise StubError(f"{name}: {file} no longer says {old!r}")
        path.write_text(text.replace(old, new))
    (folder / "stdlib" / "asyncio" / "core.pyi").write_text(_CORE)
    if PORTS[name].pins:
        rows = (ROOT / PORTS[name].pins).read_text().split()
        names = [row.split(",")[0] for row in rows]
        path, head = folder / "machine.pyi", "    class board:\n"
        text = re.sub(rf"(?m)^        ({'|'.join(names)}): Pin .*\n", "", path.read_text())
        own = "".join(f"        {name}: Pin\n" for name in names)
        path.write_text(text.replace(head, head + own, 1))


def check(name: str, sources: tuple[str, ...] = ()) -> list[str]:
    """mypy's lines about a port, none if all is well. sources: others than the port's.

    Raises StubError.
    """
    port, folder = PORTS[name], install(name)
    config = OUT / f"{name}.ini"
    paths = ":".join((*port.paths, ".", "native", str(folder)))
    config.write_text(
        f"[mypy]\nmypy_path = {paths}\ncustom_typeshed_dir = {folder}\n"
        "no_site_packages = True\nfollow_imports = silent\nfollow_imports_for_stubs = True\n"
        "namespace_packages = True\nexplicit_package_bases = True\ncheck_untyped_defs = True\n"
        "warn_unused_ignores = True\nwarn_redundant_casts = True\nno_error_summary = True\n"
        f"cache_dir = {OUT / f'{name}.cache'}\n"
        "[mypy-drivers.*]\ndisallow_untyped_defs = True\n"
    )
    command = [sys.executable, "-m", "mypy", "--config-file", str(config)]
    done = subprocess.run(
        [*command, *(sources or port.sources)], cwd=ROOT, capture_output=True, text=True
    )
    lines = (done.stdout + done.stderr).splitlines()
    if done.returncode and not lines:
        lines = [f"mypy ended with {done.returncode}"]
    return lines if done.returncode else []


def main(names: list[str]) -> int:
    """Check the named ports, or all. Returns the exit code."""
    unknown = [name for name in names if name not in PORTS]
    if unknown:
        print(f"no port {', '.join(unknown)}; ports: {', '.join(PORTS)}", file=sys.stderr)
        return 2
    code = 0
    for name in names or PORTS:
        try:
            lines = check(name)
        except StubError as error:
            lines = [str(error)]
        for line in lines:
            print(f"{name}: {line}")
        print(f"types against {name}: {'errors' if lines else 'as published'}")
        code |= bool(lines)
    return code


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

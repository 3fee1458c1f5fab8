"""Builds a board's image from the pinned sources, outside the MicroPython tree.

Nothing is built twice: a build is skipped when the hash of all its inputs is that of the last one.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from ..errors import OneCardError
from . import charset, glyphs, modules, uf2
from .sources import Sources, find_sources, project_root

Say = Callable[[str], None]

# A fixed stamp makes two builds of the same sources the same bytes.
_REPRODUCIBLE = {
    "SOURCE_DATE_EPOCH": "1700000000",
    "MICROPY_GIT_TAG": "v1.25.0",
    "MICROPY_GIT_HASH": "f498a16c7d",
}
CORE_INPUTS = ("native/include", "native/src", "native/mpy")
_QEMU_INPUTS = (*CORE_INPUTS, "native/occrypto")
_INPUTS = ("boards", "drivers", "firmware", "native", "build/gen")
_SUFFIXES = (".py", ".c", ".h", ".mk", ".cmake", ".csv", ".ld", "Makefile")


class BuildError(OneCardError):
    """A build step failed; the text names its log."""


@dataclass(frozen=True)
class Board:
    """name: folder under build/. image: file made there. make: what makes it.

    inputs: folders whose files it is made of.
    """

    name: str
    image: str
    make: Callable[[Sources, Path, Say], None]
    inputs: tuple[str, ...] = _INPUTS


class Stamp:
    """The hash of a build's inputs, left beside what was built: whether it is up to date."""

    def __init__(
        self, out: Path, root: Path, sources: Sources, inputs: Iterable[str], title: str
    ) -> None:
        self._file = out / "inputs.sha256"
        total = hashlib.sha256(f"{title} of {sources.micropython}".encode())
        for folder in inputs:
            for path in sorted((root / folder).rglob("*")):
                if path.is_file() and path.name.endswith(_SUFFIXES):
                    name = str(path.relative_to(root)).encode()
                    total.update(name + b"\0" + path.read_bytes())
        self._digest = total.hexdigest()

    def holds(self, made: Path) -> bool:
        """True if `made` is there and was made of these inputs."""
        return made.exists() and self._file.exists() and self._file.read_text() == self._digest

    def clear(self) -> None:
        """A build begins."""
        self._file.unlink(missing_ok=True)

    def set(self) -> None:
        """It has succeeded."""
        self._file.write_text(self._digest)


def image_of(name: str) -> Path:
    """Where the image of board `name` is (or will be)."""
    return project_root() / "build" / name / BOARDS[name].image


def build(name: str, say: Say = print, force: bool = False) -> Path:
    """Build board `name` unless it is up to date; returns its image. Raises BuildError."""
    if name not in BOARDS:
        raise BuildError(f"no board {name!r}", f"boards: {', '.join(BOARDS)}")
    board, root = BOARDS[name], project_root()
    sources = find_sources()
    out = root / "build" / name
    out.mkdir(parents=True, exist_ok=True)
    if "build/gen" in board.inputs:
        gen = root / "build" / "gen"
        ui = root / "firmware" / "terminal" / "ui"
        glyphs.make_module(ui, sources.unifont, gen / "terminal" / "ui" / "glyphs.py")
        charset.write_module(glyphs.used_characters(ui), gen / "gb_table.py")
        modules.write_base(root, gen / "base.py")
    stamp, image = Stamp(out, root, sources, board.inputs, name), out / board.image
    if not force and stamp.holds(image):
        say(f"{name}: up to date ({image.stat().st_size:,} bytes)")
        return image
    stamp.clear()
    board.make(sources, out, say)
    if "build/gen" in board.inputs:
        modules.write_list(root, out / modules.LIST_NAME)
    stamp.set()
    say(f"{name}: built {image.relative_to(root)} ({image.stat().st_size:,} bytes)")
    return image


def run_step(
    title: str, command: Iterable[object], log: Path, say: Say, cwd: Path | None = None
) -> None:
    """One build command: its output goes to `log`; raises BuildError with the log's last lines."""
    words = [str(word) for word in command]
    say(f"{title} …")
    environment = os.environ | _REPRODUCIBLE
    # MicroPython's build scripts run under the python3 in PATH and need this one's packages
    environment["PATH"] = f"{Path(sys.executable).parent}:{environment.get('PATH', '')}"
    for name in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "BUILD", "BOARD"):
        environment.pop(name, None)  # ours are not MicroPython's
    with log.open("w") as out:
        print("$", shlex.join(words), file=out, flush=True)
        done = subprocess.run(
            words, stdout=out, stderr=subprocess.STDOUT, env=environment, cwd=cwd
        )
    if done.returncode:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-12:])
        raise BuildError(f"{title} failed", f"{tail}\nwhole log: {log}")


def mpy_cross(sources: Sources, out: Path, say: Say) -> None:
    """Build MicroPython's cross compiler if it is not there; its log goes to `out`."""
    if not (sources.micropython / "mpy-cross" / "build" / "mpy-cross").exists():
        command = ["make", "-C", sources.micropython / "mpy-cross", "-j2"]
        run_step("mpy-cross", command, out / "mpy-cross.log", say)


def _unix_port(sources: Sources, out: Path, say: Say, *options: str) -> None:
    root = project_root()
    mpy_cross(sources, out, say)
    command = [
        "make", "-C", sources.micropython / "ports" / "unix", "-j2",
        f"VARIANT_DIR={root / 'boards' / 'unix'}",
        f"BUILD={out / 'obj'}",
        "PROG=terminal",
        f"USER_C_MODULES={root / 'native'}",
        *options,
    ]  # fmt: skip
    run_step("unix port with the C core", command, out / "make.log", say)


def _unix32(sources: Sources, out: Path, say: Say) -> None:
    _unix_port(sources, out, say, "MICROPY_FORCE_32BIT=1")


def _qemu_port(sources: Sources, out: Path, say: Say) -> None:
    root = project_root()
    mpy_cross(sources, out, say)
    command = [
        "make", "-C", sources.micropython / "ports" / "qemu", "-j2",
        f"BOARD={out.name}",
        f"BOARD_DIR={root / 'boards' / out.name}",
        f"BUILD={out / 'obj'}",
        f"USER_C_MODULES={root / 'native'}",
    ]  # fmt: skip
    run_step(f"qemu port with the C core for {out.name}", command, out / "make.log", say)


def _rp2(sources: Sources, out: Path, say: Say) -> None:
    root = project_root()
    mpy_cross(sources, out, say)
    obj = out / "obj"
    configure = [
        "cmake", "-S", sources.micropython / "ports" / "rp2", "-B", obj, "-G", "Ninja",
        "-DMICROPY_BOARD=rp2_pico",
        f"-DMICROPY_BOARD_DIR={root / 'boards' / 'rp2_pico'}",
        f"-DPICO_SDK_PATH_OVERRIDE={sources.pico_sdk}",
        f"-DUSER_C_MODULES={root / 'native' / 'mpy' / 'micropython.cmake'}",
        "-DPICO_NO_PICOTOOL=1",
    ]  # fmt: skip
    _start_anew_if_changed(obj, root / "boards" / "rp2_pico", "mpconfigboard.*")
    if not (obj / "build.ninja").exists():
        run_step("rp2 port: configure", configure, out / "cmake.log", say)
    run_step(
        "rp2 port with the C core (about 450 steps)",
        ["ninja", "-j2", "-C", obj],
        out / "ninja.log",
        say,
    )
    firmware = (obj / "firmware.bin").read_bytes()
    _check_fits(root, len(firmware))
    (out / "firmware.uf2").write_bytes(uf2.encode(firmware))


def _start_anew_if_changed(obj: Path, board: Path, pattern: str) -> None:
    """Throw `obj` away if the board's build flags are not those it was made with.

    MicroPython's list of modules is not made anew when a flag that leaves one out changes: the
    next link would fail.
    """
    flags = b"".join(path.read_bytes() for path in sorted(board.glob(pattern)))
    stamp, digest = obj.parent / "flags.sha256", hashlib.sha256(flags).hexdigest()
    if not stamp.exists() or stamp.read_text() != digest:
        shutil.rmtree(obj, ignore_errors=True)
        stamp.write_text(digest)


def _check_fits(root: Path, size: int) -> None:
    header = (root / "boards" / "rp2_pico" / "mpconfigboard.h").read_text()
    taken = [header.split(f"{name}_BYTES (")[1].split()[0] for name in ("STORAGE", "ROMFS")]
    room = 2 * 1024 * 1024 - sum(int(kilobytes) for kilobytes in taken) * 1024
    if size > room:
        raise BuildError(f"firmware of {size:,} bytes does not fit its {room:,}")


def _qemu(name: str) -> Board:
    # they share the manifest and the linker script of qemu_m3
    folders = ("boards/qemu_m3", f"boards/{name}")
    return Board(name, "obj/firmware.elf", _qemu_port, (*_QEMU_INPUTS, *folders))


BOARDS = {
    board.name: board
    for board in (
        Board("unix", "obj/terminal", _unix_port),
        Board("unix32", "obj/terminal", _unix32),
        Board("rp2_pico", "firmware.uf2", _rp2),
        _qemu("qemu_m3"),
        _qemu("qemu_m7"),
        _qemu("qemu_rv32"),
    )
}

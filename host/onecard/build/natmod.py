"""The C core as a MicroPython native module (.mpy) for stock firmware."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .boards import CORE_INPUTS, BuildError, Say, Stamp, mpy_cross, run_step
from .sources import Sources, find_sources, project_root

# What dynruntime.mk knows and Debian has a compiler for; ESP chips: native/mpy/natmod/README.md.
ARCHES = ("x64", "x86", "armv6m", "armv7m", "armv7emsp", "armv7emdp", "rv32imc")


def module_of(arch: str) -> Path:
    """Where the native module for `arch` is (or will be)."""
    return project_root() / "build" / f"natmod-{arch}" / "_occrypto.mpy"


def build(arch: str, say: Say = print, force: bool = False) -> Path:
    """Build _occrypto.mpy for `arch` unless it is up to date. Raises BuildError."""
    return build_all((arch,), say, force)[0]


def build_all(arches: Iterable[str] = ARCHES, say: Say = print, force: bool = False) -> list[Path]:
    """The same for several, two at a time: each has few files, so make's own -j gains less."""
    names, sources = tuple(arches), find_sources()
    for name in names:
        if name not in ARCHES:
            raise BuildError(f"no native module for {name!r}", f"known: {', '.join(ARCHES)}")
    with ThreadPoolExecutor(2) as pool:
        # mpy-cross is every module's tool: it is built once, before they start
        out = project_root() / "build"
        out.mkdir(exist_ok=True)
        mpy_cross(sources, out, say)
        return list(pool.map(lambda name: _build(name, sources, say, force), names))


def _build(arch: str, sources: Sources, say: Say, force: bool) -> Path:
    root, module = project_root(), module_of(arch)
    out = module.parent
    out.mkdir(parents=True, exist_ok=True)
    stamp = Stamp(out, root, sources, CORE_INPUTS, f"natmod {arch}")
    if not force and stamp.holds(module):
        say(f"natmod {arch}: up to date ({module.stat().st_size:,} bytes)")
        return module
    stamp.clear()
    makefile = root / "native" / "mpy" / "natmod" / "Makefile"
    shutil.copy(makefile, out)  # dynruntime.mk wants its Makefile in the current folder
    command = [
        "make", "-B", f"MPY_DIR={sources.micropython}", f"ARCH={arch}",
        f"CORE_DIR={root / 'native'}", f"NAT_DIR={root / 'native' / 'mpy'}",
    ]  # fmt: skip
    # -B: dynruntime.mk knows nothing of headers, and the whole is seconds
    run_step(f"native module for {arch}", command, out / "make.log", say, cwd=out)
    stamp.set()
    say(f"natmod {arch}: built {module.relative_to(root)} ({module.stat().st_size:,} bytes)")
    return module

"""The C core as a MicroPython native module (.mpy) for stock firmware."""

from __future__ import annotations

import shutil
from pathlib import Path

from .boards import Say, _mpy_cross, run_step
from .sources import find_sources, project_root

ARCHES = ("x64", "armv6m", "armv7m")


def build(arch: str, say: Say = print) -> Path:
    """Build _occrypto.mpy for `arch` under build/natmod-ARCH/. Raises BuildError."""
    root, sources = project_root(), find_sources()
    out = root / "build" / f"natmod-{arch}"
    out.mkdir(parents=True, exist_ok=True)
    _mpy_cross(sources, out, say)
    makefile = root / "native" / "mpy" / "natmod" / "Makefile"
    shutil.copy(makefile, out)  # dynruntime.mk wants its Makefile in the current folder
    command = [
        "make", f"MPY_DIR={sources.micropython}", f"ARCH={arch}",
        f"CORE_DIR={root / 'native'}", f"NAT_DIR={root / 'native' / 'mpy'}",
    ]  # fmt: skip
    run_step(f"native module for {arch}", command, out / "make.log", say, cwd=out)
    return out / "_occrypto.mpy"

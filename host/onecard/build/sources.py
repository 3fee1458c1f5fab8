"""Where the pinned sources are: tools/fetch-sources.sh puts them into the cache and says so."""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass
from pathlib import Path

from ..errors import OneCardError


@dataclass(frozen=True)
class Sources:
    """Folders of MicroPython 1.25.0 and the pico-sdk, and GNU Unifont's unifont.hex."""

    micropython: Path
    pico_sdk: Path
    unifont: Path


def project_root() -> Path:
    """The checkout this package runs from; building needs one. Raises OneCardError without."""
    for folder in Path(__file__).resolve().parents:
        if (folder / "boards").is_dir() and (folder / "native").is_dir():
            return folder
    raise OneCardError("building needs a checkout of the project", "clone it and run: make setup")


def cache_folder() -> Path:
    """Downloads and sources: XDG_CACHE_HOME/onecard, else ~/.cache/onecard."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "onecard"


def find_sources() -> Sources:
    """The sources as env.sh in the cache names them. Raises OneCardError if they are not there."""
    env = cache_folder() / "src" / "env.sh"
    if not env.exists():
        raise OneCardError("the pinned sources are not here yet", "run: make setup")
    values = {}
    for line in env.read_text().splitlines():
        name, _, value = line.removeprefix("export ").partition("=")
        values[name] = shlex.split(value)[0] if value else ""
    return Sources(
        Path(values["MICROPY_DIR"]), Path(values["PICO_SDK_PATH"]), Path(values["UNIFONT_HEX"])
    )

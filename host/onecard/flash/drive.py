"""An RP2040's drive: an image written to it, and the wait until the board is back."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from ..build.uf2 import Uf2
from ..devices import BARE, TERMINAL, Found, Search, places
from ..devices.places import Drive, drives
from ..devices.scan import probe
from ..keystore import Keystore
from .outcome import FlashError, FlashRefused

_NAME = "FIRMWARE.UF2"
_CHUNK = 64 * 1024
_LOOK_S = 0.2
_GONE_S = 20.0  # the ROM programs 1 MiB in about 8 s

Say = Callable[[str], None]


def write(drive: Path, image: Uf2, say: Say) -> int:
    """Copy an image to a drive and wait until the drive goes, which it does when every block has
    come; the bytes written. Raises FlashError, FlashRefused for a drive that is no RP2040's."""
    _check(drive)
    raw = image.in_safe_order()
    error: OSError | None = None
    try:
        with (drive / _NAME).open("wb", buffering=0) as out:
            for at in range(0, len(raw), _CHUNK):
                out.write(raw[at : at + _CHUNK])
                say(f"writing {min(at + _CHUNK, len(raw)) * 100 // len(raw)} %")
            os.fsync(out.fileno())
    except OSError as caught:
        error = caught  # the board restarts at the last block, often before the copy is closed
    say("waiting for the restart")
    if _await(lambda: not (drive / "INFO_UF2.TXT").exists(), _GONE_S):
        return len(raw)
    if error is not None:
        raise FlashError(f"{drive}: {error.strerror or error}", "run the command again")
    raise FlashError(
        f"{drive}: the board took the file and did not restart: not every block came",
        "run the command again; try another cable",
    )


def _check(drive: Path) -> None:
    try:
        with (drive / "INFO_UF2.TXT").open("rb") as file:
            text = file.read(4096)
    except OSError as error:
        raise FlashError(
            f"{drive} went away: {error.strerror}", "plug it in, run again"
        ) from error
    if b"Board-ID: RPI-RP2" not in text:
        raise FlashRefused(f"{drive} is no RP2040's drive", "what it says: INFO_UF2.TXT on it")


def await_drive(search: Search, key: str, wait_s: float) -> Path:
    """The drive of the board at this USB socket, when it shows. Raises FlashError."""
    found: list[Drive] = []

    def look() -> bool:
        found[:] = [one for one in drives(replace(search, is_usb=True)) if one.key == key]
        return bool(found)

    if not _await(look, wait_s):
        raise FlashError(
            f"no drive of the board at {key} has shown in {wait_s:g} s",
            "if a drive RPI-RP2 is there but not mounted, mount it and run the command again",
        )
    return found[0].path


def await_board(
    search: Search, key: str, keystore: Keystore | None, timeout_s: float, wait_s: float
) -> Found:
    """What answers at this USB socket after a restart. Raises FlashError."""
    found: list[Found] = []

    def look() -> bool:
        for place in places(search):
            if place.key == key:
                found[:] = [probe(replace(place, is_known=True), keystore, timeout_s)]
                return found[0].kind in (TERMINAL, BARE)
        return any(drive.key == key for drive in drives(replace(search, is_usb=True)))

    if not _await(look, wait_s):
        seen = f": {found[0].note}" if found else ""
        raise FlashError(
            f"the board at {key} did not come back in {wait_s:g} s{seen}",
            "unplug it, plug it in, run the command again",
        )
    if not found:
        raise FlashError(f"the board at {key} shows its drive again", "run the command again")
    return found[0]


def _await(is_it: Callable[[], bool], wait_s: float) -> bool:
    deadline = time.monotonic() + wait_s
    while not is_it():
        if time.monotonic() > deadline:
            return False
        time.sleep(_LOOK_S)
    return True

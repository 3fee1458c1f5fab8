"""What a fleet is to run: images for bare chips, a bundle for terminals. Checked before use."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .. import bundle
from ..build import image_of, modules, uf2
from ..errors import OneCardError

_OURS = b"OneCard terminal on"  # MICROPY_HW_BOARD_NAME of our images
_RP2040_BOARD = "rp2_pico"
_ESP_MAGIC = 0xE9
# Offset of the chip's id in an image's header, and names (ESP-IDF, esp_app_format.h).
_CHIP_AT = 12
_CHIPS = {0: "esp32", 2: "esp32-s2", 5: "esp32-c3", 9: "esp32-s3", 12: "esp32-c2", 13: "esp32-c6",
          16: "esp32-h2", 18: "esp32-p4", 23: "esp32-c5", 20: "esp32-c61"}  # fmt: skip


class WantedError(OneCardError):
    """A file that is no firmware, or two for the same board."""


@dataclass(frozen=True, repr=False)
class EspImage:
    """A whole image for an Espressif chip. chip: as esptool names it, in small letters."""

    path: Path
    chip: str
    data: bytes


@dataclass(repr=False)
class Wanted:
    """uf2, bundle: None if not given. base: digest of the modules frozen into the UF2, b"" if the
    list beside it is missing. is_ours: the UF2 is a terminal's. esp: by chip."""

    uf2: uf2.Uf2 | None = None
    base: bytes = b""
    is_ours: bool = False
    bundle: bundle.Bundle | None = None
    esp: dict[str, EspImage] = field(default_factory=dict)
    board: str = _RP2040_BOARD


def find_wanted(files: Sequence[Path], board: str | None = None) -> Wanted:
    """From files by their kinds (.uf2, .ocb, .bin); without any, the UF2 that was built here.

    board: only what is for it is kept. Raises WantedError, Uf2Error, BundleError.
    """
    wanted = Wanted()
    for path in files or (image_of(_RP2040_BOARD),):
        suffix = path.suffix.lower()
        if suffix == ".uf2":
            _add_uf2(wanted, path)
        elif suffix == ".ocb":
            _add_bundle(wanted, path)
        elif suffix == ".bin":
            _add_esp(wanted, path)
        else:
            raise WantedError(f"{path}: not .uf2, .ocb or .bin", "see: onecard flash --help")
    made = wanted.bundle
    if made is not None and board and made.header.board not in ("", board):
        raise WantedError(f"the bundle is for {made.header.board}, not for {board}")
    return wanted


def _add_uf2(wanted: Wanted, path: Path) -> None:
    if wanted.uf2 is not None:
        raise WantedError(f"{path} and {wanted.uf2.path}: which of them?", "give one UF2")
    wanted.uf2 = uf2.load(path)
    wanted.is_ours = _OURS in wanted.uf2.binary
    beside = path.with_name(modules.LIST_NAME)
    if wanted.is_ours and beside.exists():
        wanted.base, _ = modules.read_list(beside)
        if wanted.base not in wanted.uf2.binary:
            raise WantedError(
                f"{beside} is not of this UF2: their digests differ", "keep each with its image"
            )


def _add_bundle(wanted: Wanted, path: Path) -> None:
    if wanted.bundle is not None:
        raise WantedError(f"{path}: a second bundle", "give one")
    wanted.bundle = bundle.load(path)
    if not wanted.bundle.is_signed:
        raise WantedError(f"{path} is not signed", "onecard bundle sign")


def _add_esp(wanted: Wanted, path: Path) -> None:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise WantedError(f"no image at {path}: {error.strerror}") from error
    if len(data) < 1024 or data[0] != _ESP_MAGIC:
        raise WantedError(f"{path} is no image for an Espressif chip: it begins with no E9")
    chip = _CHIPS.get(int.from_bytes(data[_CHIP_AT : _CHIP_AT + 2], "little"))
    if chip is None:
        raise WantedError(f"{path} is for a chip that is not known here")
    if chip in wanted.esp:
        raise WantedError(f"{path}: a second image for {chip}", "give one")
    wanted.esp[chip] = EspImage(path, chip, data)


def chip_of(text: str) -> str:
    """The Espressif chip that a board's name tells, e.g. of MicroPython's banner; "" if none."""
    found = re.search(r"esp32-?([a-z]\d+)?", text.lower())
    if not found:
        return ""
    return "esp32-" + found[1] if found[1] else "esp32"

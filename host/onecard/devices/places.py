"""Where something may be plugged in: serial ports, a folder of ports, drives."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from serial.tools import list_ports

# USB ids whose ports may be asked: on them only MicroPython and Espressif's loaders speak.
# The ids of adapters (CP210x, CH340, FTDI) are not here: anything may be behind those.
_RASPBERRY, _ESPRESSIF = 0x2E8A, 0x303A
_MOST_LINES = 1000


@dataclass(frozen=True)
class Place:
    """device: what is opened. key: what stays the same when it shows up in another state.

    is_known: it may be asked, because its USB id says so or somebody named it. what: as the
    system calls it.
    """

    device: str
    key: str
    is_known: bool = True
    what: str = ""


@dataclass(frozen=True)
class Search:
    """named: ports given by name. folder: of ports (links to ttys, lists of ports); its entries
    count as named. drives: folders whose children may be drives. is_usb: also look at this
    computer's own ports and mounts."""

    named: tuple[str, ...] = ()
    folder: Path | None = None
    drives: tuple[Path, ...] = ()
    is_usb: bool = True


def places(search: Search) -> list[Place]:
    """All ports to look at, each once; named ones first."""
    found: dict[str, Place] = {}
    for device in search.named:
        found.setdefault(_real(device), Place(device, _key_of(device)))
    for place in _in_folder(search.folder):
        found.setdefault(_real(place.device), place)
    if search.is_usb:
        for info in list_ports.comports():
            key = (info.location or info.device).split(":")[0]
            is_known = info.vid in (_RASPBERRY, _ESPRESSIF)
            what = " ".join(str(text) for text in (info.manufacturer, info.product) if text)
            place = Place(info.device, key, is_known, what or info.description or "")
            if info.vid is not None:
                found.setdefault(_real(info.device), place)
    return list(found.values())


def _real(device: str) -> str:
    return device if "://" in device else os.path.realpath(device)


def _key_of(device: str) -> str:
    """The USB socket of a port that was named; its own name if it is on none."""
    if "://" in device:
        return device
    for info in list_ports.comports():
        if info.device == _real(device) and info.location:
            return str(info.location).split(":")[0]
    return Path(device).name


def _in_folder(folder: Path | None) -> Iterable[Place]:
    if folder is None or not folder.is_dir():
        return
    for entry in sorted(folder.iterdir()):
        try:
            mode = entry.stat().st_mode
        except OSError:
            continue  # a link whose terminal is gone
        if stat.S_ISCHR(mode):
            yield Place(str(entry), entry.name)
        elif stat.S_ISREG(mode):
            yield from _listed(entry)


def _listed(file: Path) -> Iterable[Place]:
    """The ports of a text file: one a line, # begins a remark."""
    with file.open(encoding="utf-8", errors="replace") as lines:
        for _, line in zip(range(_MOST_LINES), lines, strict=False):
            device = line.split("#")[0].strip()
            if device:
                yield Place(device, device)


@dataclass(frozen=True)
class Drive:
    """An RP2040's (or RP2350's) drive. path: where it is mounted. board_id, model: as its
    INFO_UF2.TXT says. key: as of Place."""

    path: Path
    board_id: str
    model: str
    key: str = field(compare=False, default="")


def drives(search: Search) -> list[Drive]:
    """Boot loaders that show a drive now."""
    tops: dict[str, None] = {}
    for root in search.drives:
        tops |= dict.fromkeys(str(path) for path in _children(root))
    if search.is_usb:
        tops |= dict.fromkeys(_mounts())
    return [drive for top in tops if (drive := _drive(Path(top))) is not None]


def _children(root: Path) -> list[Path]:
    try:
        return sorted(path for path in root.iterdir() if path.is_dir())
    except OSError:
        return []


def _mounts() -> list[str]:
    """Where FAT volumes are mounted (Linux)."""
    try:
        lines = Path("/proc/self/mounts").read_text(errors="replace").splitlines()
    except OSError:
        return []
    rows = [line.split(" ") for line in lines]
    fat = [row[1] for row in rows if len(row) > 2 and row[2] in ("vfat", "msdos")]
    return [top.replace("\\040", " ") for top in fat]


def _drive(top: Path) -> Drive | None:
    try:
        with (top / "INFO_UF2.TXT").open("rb") as file:
            text = file.read(4096).decode("ascii", "replace")
    except OSError:
        return None
    values = dict(line.split(": ", 1) for line in text.splitlines() if ": " in line)
    if "Board-ID" not in values:
        return None
    return Drive(top, values["Board-ID"].strip(), values.get("Model", "").strip(), _key(top))


def _key(top: Path) -> str:
    """The USB socket of a drive as list_ports tells a port's; the folder's name if not known."""
    try:
        device = os.stat(top).st_dev
        path = os.path.realpath(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}")
    except OSError:
        return top.name
    sockets = [part for part in path.split("/") if "-" in part and part[0].isdigit()]
    sockets = [part for part in sockets if ":" not in part]
    return sockets[-1] if sockets else top.name

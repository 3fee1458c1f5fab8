"""A serial NOR flash (W25Q class) in memory or in a file, whose power can fail in any operation.

Rules of the part: an erase sets a whole sector to FF, a program can only clear bits, within one
page. Operations are counted from the start; the same seed tears the same bits.
"""

import mmap
import random
from collections.abc import Callable
from pathlib import Path

PAGE_SIZE, SECTOR_SIZE = 256, 4096
PROGRAM_US, ERASE_US = 400.0, 45_000.0  # W25Q16JV, typical

CUT_MODES = ("none", "prefix", "bits", "undefined", "done")


class PowerCut(Exception):
    """The power has failed; nothing reaches the flash until power_on()."""


class FlashError(ValueError):
    """An address or a size that the part does not take."""


def _and(old: bytes, new: bytes) -> bytes:
    size = len(old)
    return (int.from_bytes(old, "big") & int.from_bytes(new, "big")).to_bytes(size, "big")


def _or(old: bytes, new: bytes) -> bytes:
    size = len(old)
    return (int.from_bytes(old, "big") | int.from_bytes(new, "big")).to_bytes(size, "big")


# Of a byte that is programmed: 00 if it is FF, which asks for nothing, else FF.
_ASKED = bytes([0xFF] * 255 + [0])


def _differ(one: bytes, other: bytes, mask: bytes) -> bool:
    a, b, of = (int.from_bytes(part, "big") for part in (one, other, mask))
    return bool((a ^ b) & of)


def torn_program(old: bytes, new: bytes, mode: str, rng: random.Random) -> bytes:
    """What a program from old to new leaves when power fails in it; see NORFlash.cut_at."""
    if mode in ("none", "done"):
        return old if mode == "none" else new
    if mode == "prefix":
        k = rng.randrange(len(old))
        return new[:k] + bytes([new[k] | old[k] & rng.randrange(256)]) + old[k + 1 :]
    return _or(new, _and(old, rng.randbytes(len(old))))


def torn_erase(old: bytes, mode: str, rng: random.Random) -> bytes:
    """What an erase of old leaves when power fails in it; see NORFlash.cut_at."""
    size = len(old)
    if mode in ("none", "done"):
        return old if mode == "none" else b"\xff" * size
    if mode == "bits":
        return _or(old, rng.randbytes(size))
    k = rng.randrange(size)
    if mode == "prefix":
        return b"\xff" * k + bytes([old[k] | rng.randrange(256)]) + old[k + 1 :]
    return b"\xff" * k + rng.randbytes(size - k)


class NORFlash:
    """read, program, erase. Sizes and addresses in bytes.

    path: keep the content in this file (made of FF if it is new) instead of in memory.
    violations: ("program", address) for each program that asked for a bit to go from 0 to 1;
    the bit stays 0, as on the part. A byte of FF asks for nothing.
    operations counts programs and erases; busy_us is what they take by the data sheet.
    erases: count per sector. bytes_programmed: sum of the sizes; bytes_set: of these, the ones
    that are not FF. bytes_read: sum of the sizes.
    on_operation: called with ("program" or "erase", address, size) before each.
    """

    def __init__(self, size: int, path: str | Path | None = None, fill: int = 0xFF) -> None:
        if size <= 0 or size % SECTOR_SIZE:
            raise FlashError(f"{size} is no multiple of the sector size")
        self.size = size
        self.memory: bytearray | mmap.mmap = self._open(path, fill)
        self.violations: list[tuple[str, int]] = []
        self.operations = self.programs = self.bytes_programmed = self.bytes_set = 0
        self.erases = [0] * (size // SECTOR_SIZE)
        self.reads = self.bytes_read = 0
        self.busy_us = 0.0
        self.on_operation: Callable[[str, int, int], None] | None = None
        self.has_power = True
        self._cut: tuple[int, str, random.Random] | None = None

    def _open(self, path: str | Path | None, fill: int) -> bytearray | mmap.mmap:
        if path is None:
            return bytearray([fill]) * self.size
        file = Path(path)
        if not file.exists():
            file.write_bytes(bytes([fill]) * self.size)
        if file.stat().st_size != self.size:
            raise FlashError(f"{file.name} has {file.stat().st_size} bytes, not {self.size}")
        with file.open("r+b") as handle:
            return mmap.mmap(handle.fileno(), self.size)

    # -- operations -----------------------------------------------------------------

    def read(self, address: int, size: int) -> bytes:
        """size bytes from address. Raises FlashError outside the part, PowerCut without power."""
        self._check(address, size)
        self.reads += 1
        self.bytes_read += size
        return bytes(self.memory[address : address + size])

    def program(self, address: int, data: bytes) -> None:
        """Clear the bits that are 0 in data. Raises FlashError if data crosses a page's end."""
        size = len(data)
        self._check(address, size)
        if not size or address % PAGE_SIZE + size > PAGE_SIZE:
            raise FlashError(f"program of {size} bytes at {address:#x} crosses a page")
        mode = self._begin("program", address, size)
        old = bytes(self.memory[address : address + size])
        new = _and(old, data)
        if new != data and _differ(new, data, data.translate(_ASKED)):
            self.violations.append(("program", address))
        if mode is not None:
            new = torn_program(old, new, mode, self._rng())
        self.memory[address : address + size] = new
        self.bytes_programmed += size
        self.bytes_set += size - data.count(0xFF)
        self.programs += 1
        self.busy_us += PROGRAM_US
        self._end(mode)

    def erase(self, address: int) -> None:
        """Set the sector that starts at address to FF. Raises FlashError within a sector."""
        self._check(address, SECTOR_SIZE)
        if address % SECTOR_SIZE:
            raise FlashError(f"{address:#x} is no sector's start")
        mode = self._begin("erase", address, SECTOR_SIZE)
        new = b"\xff" * SECTOR_SIZE
        if mode is not None:
            old = bytes(self.memory[address : address + SECTOR_SIZE])
            new = torn_erase(old, mode, self._rng())
        self.memory[address : address + SECTOR_SIZE] = new
        self.erases[address // SECTOR_SIZE] += 1
        self.busy_us += ERASE_US
        self._end(mode)

    def _check(self, address: int, size: int) -> None:
        if not self.has_power:
            raise PowerCut("no power")
        if address < 0 or size < 0 or address + size > self.size:
            raise FlashError(f"{size} bytes at {address:#x} are outside")

    def _begin(self, kind: str, address: int, size: int) -> str | None:
        """Count the operation; the mode of the cut if this is the one."""
        self.operations += 1
        if self.on_operation is not None:
            self.on_operation(kind, address, size)
        if self._cut is not None and self._cut[0] == self.operations:
            return self._cut[1]
        return None

    def _end(self, mode: str | None) -> None:
        if mode is not None:
            self.has_power = False
            raise PowerCut(f"in operation {self.operations}, {mode}")

    # -- power ------------------------------------------------------------------------

    def cut_at(self, n: int, mode: str, rng: random.Random | int = 1) -> None:
        """Power fails in the n-th program or erase from now on (1 is the next).

        mode: "none" nothing of it done; "prefix" the first bytes, the one after them in part;
        "bits" a random subset of the bits that were to change; "undefined" for an erase a part of
        FF and then any bits at all (for a program the same as "bits"); "done" all of it, and
        the power fails right after. The operation then raises PowerCut, and all later ones do.
        """
        if mode not in CUT_MODES:
            raise ValueError(mode)
        rng = random.Random(rng) if isinstance(rng, int) else rng
        self._cut = self.operations + n, mode, rng

    def power_on(self) -> None:
        """Power is back; a cut that has not happened yet is called off."""
        self.has_power, self._cut = True, None

    def _rng(self) -> random.Random:
        assert self._cut is not None
        return self._cut[2]

    # -- the whole content --------------------------------------------------------------

    def image(self) -> bytes:
        """A copy of everything, power or not."""
        return bytes(self.memory[:])

    def load(self, image: bytes) -> None:
        """Replace everything, as a programmer would. Raises FlashError for another size."""
        if len(image) != self.size:
            raise FlashError(f"image of {len(image)} bytes")
        self.memory[:] = image

    def close(self) -> None:
        """Write a file-backed part out."""
        if isinstance(self.memory, mmap.mmap):
            self.memory.flush()
            self.memory.close()

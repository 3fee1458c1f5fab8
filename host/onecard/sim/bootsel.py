"""An RP2040's boot ROM as the drive that it shows, on a folder.

By the data sheet (RP2040, 2.8.4) and the UF2 format: a block counts if its magic words are right,
it is for this chip's family and goes into flash; a sector is erased before the first block in it;
when every block of a file has come the drive goes and the chip restarts. At power-up flash runs
only if the CRC-32 of its first 252 bytes stands behind them (2.8.1.3.1), else the drive shows.
"""

from __future__ import annotations

import os
import shutil
import struct
import threading
from collections.abc import Callable
from pathlib import Path

FLASH_START, FLASH_SIZE = 0x10000000, 2 * 1024 * 1024
_FAMILY = 0xE48BFF56
_MAGICS = (0x0A324655, 0x9E5D5157)
_MAGIC_END = 0x0AB16F30
_NOT_MAIN_FLASH, _HAS_FAMILY = 0x1, 0x2000
_BLOCK, _PAGE, _SECTOR = 512, 256, 4096
_LOOK_S = 0.01
_INFO = """UF2 Bootloader v3.0
Model: Raspberry Pi RP2
Board-ID: RPI-RP2
"""


class BootDrive:
    """folder: where the drive is mounted while it shows. flash: FLASH_SIZE bytes, changed.

    on_start: called when flash is started. vanish_at: the cable is pulled when so many blocks have
    been programmed. lose: numbers of blocks that do not arrive.
    """

    def __init__(
        self,
        folder: Path,
        flash: bytearray,
        on_start: Callable[[], None] = lambda: None,
        vanish_at: int | None = None,
        lose: frozenset[int] = frozenset(),
    ) -> None:
        self.folder, self.flash = folder, flash
        self.on_start = on_start
        self.vanish_at, self.lose = vanish_at, lose
        self.programmed: list[int] = []  # block numbers, in order
        self._read: dict[Path, tuple[int, int]] = {}  # file -> offset, time of its last change
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    # -- power ---------------------------------------------------------------------------

    def power_on(self, is_button_held: bool = False) -> None:
        """Start flash, or show the drive if there is nothing to start or BOOTSEL is held."""
        if not is_button_held and self.has_boot_stage():
            self.on_start()
            return
        self._blocks: set[int] = set()
        self._count, self._erased = 0, set[int]()
        self._read.clear()
        self.folder.mkdir(parents=True)
        (self.folder / "INFO_UF2.TXT").write_text(_INFO)
        (self.folder / "INDEX.HTM").write_text("<html>")
        self._stop.clear()
        self._thread = threading.Thread(target=self._run, daemon=True, name="boot rom")
        self._thread.start()

    def has_boot_stage(self) -> bool:
        """True if the first 256 bytes of flash are a second boot stage."""
        want = struct.unpack_from("<I", self.flash, 252)[0]
        return _crc32(bytes(self.flash[:252])) == want

    def close(self) -> None:
        """Take the power away."""
        self._stop.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()
        self._hide()

    @property
    def is_shown(self) -> bool:
        """True while the drive is there."""
        return self.folder.is_dir() and not self.folder.is_symlink()

    # -- the drive -----------------------------------------------------------------------

    def _run(self) -> None:
        while not self._stop.wait(_LOOK_S):
            for path in sorted(self.folder.glob("*")):
                if path.name not in ("INFO_UF2.TXT", "INDEX.HTM"):
                    self._take(path)
                if self._is_gone():
                    return

    def _is_gone(self) -> bool:
        if self.vanish_at is not None and len(self.programmed) >= self.vanish_at:
            self.vanish_at = None
            self._hide()
            return True
        if self._count and len(self._blocks) == self._count:
            self._hide()
            self.power_on()
            return True
        return False

    def _hide(self) -> None:
        gone = self.folder.with_name(f".{self.folder.name}.gone")
        if self.is_shown:
            self.folder.rename(gone)
            shutil.rmtree(gone)

    def _take(self, path: Path) -> None:
        """Whole blocks that were written to a file since the last look."""
        try:
            with path.open("rb") as file:
                changed_ns = os.fstat(file.fileno()).st_mtime_ns
                offset, seen_ns = self._read.get(path, (0, 0))
                if changed_ns != seen_ns and offset >= os.fstat(file.fileno()).st_size:
                    offset = 0  # written anew: blocks that were there already change nothing
                file.seek(offset)
                while len(raw := file.read(_BLOCK)) == _BLOCK:
                    self._read[path] = file.tell(), changed_ns
                    self._block(raw)
                    if self.vanish_at is not None and len(self.programmed) >= self.vanish_at:
                        return
        except OSError:
            return  # removed meanwhile

    def _block(self, raw: bytes) -> None:
        start0, start1, flags, address, size, number, count, family = struct.unpack_from(
            "<8I", raw
        )
        end = struct.unpack_from("<I", raw, _BLOCK - 4)[0]
        if (start0, start1) != _MAGICS or end != _MAGIC_END or flags & _NOT_MAIN_FLASH:
            return
        if not flags & _HAS_FAMILY or family != _FAMILY or size != _PAGE or address % _PAGE:
            return
        offset = address - FLASH_START
        if not 0 <= offset < FLASH_SIZE or number >= count or number in self.lose:
            return
        if count != self._count:
            self._count, self._blocks, self._erased = count, set(), set()
        if number in self._blocks:
            return
        sector = number * _PAGE // _SECTOR  # by the block's number, as the ROM does
        if sector not in self._erased:
            self._erased.add(sector)
            first = offset // _SECTOR * _SECTOR
            self.flash[first : first + _SECTOR] = b"\xff" * _SECTOR
        for n in range(_PAGE):
            self.flash[offset + n] &= raw[32 + n]
        self._blocks.add(number)
        self.programmed.append(number)


def _crc32(data: bytes) -> int:
    """CRC-32 as the boot ROM's: polynomial 04C11DB7, starts at ones, not reflected."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1 ^ 0x04C11DB7 if crc & 0x80000000 else crc << 1) & 0xFFFFFFFF
    return crc

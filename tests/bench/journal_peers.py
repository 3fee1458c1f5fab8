"""What keeps records elsewhere: littlefs on the same simulated flash, SQLite on this machine."""

from __future__ import annotations

import random
import sqlite3
import tempfile
from pathlib import Path
from typing import Any

from littlefs import LittleFS
from littlefs.context import UserContext
from onecard.sim.flash import PAGE_SIZE, SECTOR_SIZE, NORFlash

from tests.bench.journal_ours import FILLS, SECTORS, Cost, Meter

# VfsLfs2 of MicroPython 1.25 (extmod/vfs_lfsx.c) as rp2 uses it: readsize and lookahead 32,
# progsize 256, cache of four times the larger, 100 block cycles.
OPTIONS = {
    "block_size": SECTOR_SIZE,
    "read_size": 32,
    "prog_size": PAGE_SIZE,
    "cache_size": 4 * PAGE_SIZE,
    "lookahead_size": 32,
    "block_cycles": 100,
}
FILE = "log"
APPENDS = 200
ROWS = 2000
FULLEST = 0.95  # it needs blocks to copy into


class OnNor(UserContext):
    """littlefs's block device over a NORFlash."""

    def __init__(self, nor: NORFlash) -> None:
        self.nor = nor

    def read(self, cfg: Any, block: int, off: int, size: int) -> bytearray:
        return bytearray(self.nor.read(block * SECTOR_SIZE + off, size))

    def prog(self, cfg: Any, block: int, off: int, data: bytes) -> int:
        at, data = block * SECTOR_SIZE + off, bytes(data)
        for start in range(0, len(data), PAGE_SIZE):
            self.nor.program(at + start, data[start : start + PAGE_SIZE])
        return 0

    def erase(self, cfg: Any, block: int) -> int:
        self.nor.erase(block * SECTOR_SIZE)
        return 0

    def sync(self, cfg: Any) -> int:
        return 0


def new(nor: NORFlash) -> LittleFS:
    """A file system with an empty log on that flash."""
    fs = mounted(nor, formats=True)
    fs.open(FILE, "xb").close()
    return fs


def mounted(nor: NORFlash, formats: bool = False) -> LittleFS:
    """The file system on that flash; keep it as long as a file of it is open.

    Raises LittleFSError if there is none.
    """
    count = nor.size // SECTOR_SIZE
    fs = LittleFS(OnNor(nor), mount=False, block_count=count, **OPTIONS)
    if formats:
        fs.format()
    fs.mount()
    return fs


def littlefs(size: int, closes: bool, seed: int) -> dict[float, Cost]:
    """Durable appends of records of `size` bytes to one file, at each fill of the flash.

    closes: open, append, close each time; else the file stays open and is flushed.
    """
    nor, rng = NORFlash(SECTORS * SECTOR_SIZE), random.Random(seed)
    out = {}
    fs = new(nor)
    for fill in FILLS:
        start = min(fill, FULLEST)
        _grow(fs, start)
        meter = Meter(nor)
        meter.start()
        _append(fs, meter, size, closes, rng)
        meter.stop()
        out[fill] = meter.cost
    assert nor.violations == []
    return out


def mount_reads(size: int, count: int, seed: int) -> int:
    """Reads that mounting and opening the log for another append takes."""
    nor, rng = NORFlash(SECTORS * SECTOR_SIZE), random.Random(seed)
    fs = new(nor)
    with fs.open(FILE, "ab", buffering=0) as file:
        file.write(rng.randbytes(size * count))
    fs.unmount()
    before = nor.reads
    fs = mounted(nor)
    with fs.open(FILE, "ab", buffering=0):
        return nor.reads - before


def _grow(fs: LittleFS, fill: float) -> None:
    """Let the log fill so much of the flash."""
    with fs.open(FILE, "ab", buffering=0) as file:
        missing = int(fill * SECTORS * SECTOR_SIZE) - fs.stat(FILE).size
        while missing > 0:
            missing -= file.write(bytes(min(missing, SECTOR_SIZE)))
            file.flush()


def _append(fs: LittleFS, meter: Meter, size: int, closes: bool, rng: random.Random) -> None:
    if closes:
        for _ in range(APPENDS):
            meter.append(lambda: _open_append_close(fs, rng.randbytes(size)), size)
        return
    with fs.open(FILE, "ab", buffering=0) as file:
        for _ in range(APPENDS):
            meter.append(lambda: (file.write(rng.randbytes(size)), file.flush()), size)


def _open_append_close(fs: LittleFS, raw: bytes) -> None:
    with fs.open(FILE, "ab", buffering=0) as file:
        file.write(raw)


def sqlite(size: int, mode: str, seed: int) -> float:
    """Bytes written to files per byte of record: one row a transaction, synchronous FULL.

    Counted by the kernel for this process (wchar of /proc/self/io): database and journal, what
    goes through write(); the shared memory of a WAL's index does not.
    """
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        db = sqlite3.connect(Path(folder) / "log.db", isolation_level=None)
        db.execute(f"PRAGMA journal_mode = {mode}")
        db.execute("PRAGMA synchronous = FULL")
        db.execute("CREATE TABLE records (seq INTEGER PRIMARY KEY, raw BLOB NOT NULL)")
        before = _written()
        for seq in range(ROWS):
            db.execute("INSERT INTO records VALUES (?, ?)", (seq, rng.randbytes(size)))
        written = _written() - before
        db.close()
    return written / (ROWS * size)


def _written() -> int:
    lines = Path("/proc/self/io").read_text().splitlines()
    return int(dict(line.split(": ") for line in lines)["wchar"])

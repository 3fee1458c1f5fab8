"""Block devices in RAM with NOR semantics, for any runtime: a plain one, one whose power fails.

onecard.sim.flash.NORFlash is the bench's part on CPython; TornFlash tears in the same ways where
that cannot run.
"""

CUT_MODES = ("none", "prefix", "bits", "undefined", "done")
RANDOM_MODES = ("prefix", "bits", "undefined")
SECTOR_SIZE = 4096
_NOISE_SIZE = 2 * SECTOR_SIZE


class PowerCut(Exception):
    """The power has failed; nothing reaches the flash until power_on()."""


class RamFlash:
    """MicroPython's extended block device; counts reads, programs and erases."""

    def __init__(self, sectors=16):
        self.data = bytearray(b"\xff" * SECTOR_SIZE * sectors)
        self.sectors = sectors
        self.reads = self.programs = self.erases = self.programmed = 0

    def readblocks(self, block, buf, offset=0):
        self.reads += 1
        at = block * SECTOR_SIZE + offset
        buf[:] = self.data[at : at + len(buf)]

    def writeblocks(self, block, buf, offset=0):
        self.programs += 1
        at, raw = block * SECTOR_SIZE + offset, bytes(buf)
        self.programmed += len(raw) - raw.count(b"\xff")
        self._program(at, bytes(self.data[at : at + len(raw)]), raw)

    def ioctl(self, op, arg):
        if op == 4:
            return self.sectors
        if op == 5:
            return SECTOR_SIZE
        if op == 6:
            self.erases += 1
            self._erase(arg * SECTOR_SIZE)
            return 0
        return None

    def _program(self, at, old, raw):
        self.data[at : at + len(raw)] = both(old, raw)

    def _erase(self, at):
        self.data[at : at + SECTOR_SIZE] = b"\xff" * SECTOR_SIZE


class TornFlash(RamFlash):
    """A RamFlash whose power can fail in any program or erase, in the ways of NORFlash.cut_at.

    bad: indexes of sectors that take no program. violations: programs of a bit from 0 to 1.
    operations: programs and erases. The same seed tears the same bits on every runtime.
    """

    def __init__(self, sectors=16, bad=()):
        super().__init__(sectors)
        self.bad = bad
        self.operations = self.violations = 0
        self.has_power, self._cut = True, None

    def cut_at(self, n, mode, seed):
        """Power fails in the n-th program or erase from now on, torn as mode and seed say."""
        self._cut = self.operations + n, mode, seed

    def power_on(self):
        """Power is back; a cut that has not happened yet is called off."""
        self.has_power, self._cut = True, None

    def readblocks(self, block, buf, offset=0):
        self._need_power()
        super().readblocks(block, buf, offset)

    def _program(self, at, old, raw):
        mode = self._begin()
        new = both(old, raw)
        asked = raw.strip(b"\xff")
        start = len(raw) - len(raw.lstrip(b"\xff"))
        if new[start : start + len(asked)] != asked:
            self.violations += 1
        if at // SECTOR_SIZE in self.bad:
            new = old
        self.data[at : at + len(raw)] = torn_program(old, new, mode, self._seed(at))
        self._end(mode)

    def _erase(self, at):
        mode = self._begin()
        old = bytes(self.data[at : at + SECTOR_SIZE])
        self.data[at : at + SECTOR_SIZE] = torn_erase(old, mode, self._seed(at))
        self._end(mode)

    def _begin(self):
        """Count the operation: the mode of the cut if this is the one, else ""."""
        self._need_power()
        self.operations += 1
        if self._cut is not None and self._cut[0] == self.operations:
            return self._cut[1]
        return ""

    def _seed(self, at):
        return self._cut[2] * 7919 + at if self._cut is not None else 0

    def _end(self, mode):
        if mode:
            self.has_power = False
            raise PowerCut(f"in operation {self.operations}, {mode}")

    def _need_power(self):
        if not self.has_power:
            raise PowerCut("no power")


def both(a, b):
    """a & b, byte by byte."""
    return (int.from_bytes(a, "big") & int.from_bytes(b, "big")).to_bytes(len(a), "big")


def any_of(a, b):
    """a | b, byte by byte."""
    return (int.from_bytes(a, "big") | int.from_bytes(b, "big")).to_bytes(len(a), "big")


def torn_program(old, new, mode, seed):
    """What a program from old to new leaves when power fails in it; mode "": it does not."""
    if mode in ("", "none", "done"):
        return old if mode == "none" else new
    noise = noise_of(len(old), seed)
    if mode == "prefix":
        k = pick(seed, len(old))
        return new[:k] + bytes((new[k] | old[k] & noise[k],)) + old[k + 1 :]
    return any_of(new, both(old, noise))


def torn_erase(old, mode, seed):
    """What an erase of old leaves when power fails in it; mode "": it does not."""
    size = len(old)
    if mode in ("", "none", "done"):
        return old if mode == "none" else b"\xff" * size
    noise = noise_of(size, seed)
    if mode == "bits":
        return any_of(old, noise)
    k = pick(seed, size)
    if mode == "prefix":
        return b"\xff" * k + bytes((old[k] | noise[k],)) + old[k + 1 :]
    return b"\xff" * k + noise[k:]


def pick(seed, size):
    """A number below size that looks random."""
    mixed = (seed + 1) * 2654435761 & 0xFFFFFFFF
    return (mixed ^ mixed >> 15) * 2246822519 % 4294967291 % size


def noise_of(size, seed):
    """Bytes that look random: two windows into one table, laid over each other."""
    if not _table:
        state = 1
        for _ in range(_NOISE_SIZE):
            state = (state * 1103515245 + 12345) & 0x7FFFFFFF
            _table.append(state >> 16 & 0xFF)
    a, b = pick(2 * seed, _NOISE_SIZE - size), pick(2 * seed + 1, _NOISE_SIZE - size)
    x = int.from_bytes(_table[a : a + size], "big") ^ int.from_bytes(_table[b : b + size], "big")
    return x.to_bytes(size, "big")


_table = bytearray()

"""A board's update slots on the simulated NOR flash: littlefs (the reference C code, by
littlefs-python) for the files, two slots behind it; power may fail in every operation."""

import io

from inproc import NORBlocks
from littlefs import LittleFS, LittleFSError, lfs
from onecard.sim.flash import NORFlash, PowerCut

FILES_SIZE = SLOT_SIZE = 32 * 1024
BASE = b"the base"
_BLOCK, _PAGE, _EIO = 4096, 256, -5


class _Context:
    """littlefs's block device on the NOR flash. What fails is told by EIO, as C code is."""

    def __init__(self, nor):
        self._nor = nor

    def read(self, cfg, block, off, size):
        try:
            return bytearray(self._nor.read(block * _BLOCK + off, size))
        except PowerCut:
            return bytearray(size)  # what is read without power is never used

    def prog(self, cfg, block, off, data):
        try:
            for start in range(0, len(data), _PAGE):
                at = block * _BLOCK + off + start
                self._nor.program(at, bytes(data[start : start + _PAGE]))
        except PowerCut:
            return _EIO
        return 0

    def erase(self, cfg, block):
        try:
            self._nor.erase(block * _BLOCK)
        except PowerCut:
            return _EIO
        return 0

    def sync(self, cfg):
        return 0


class _Part(NORBlocks):
    """One slot of the flash."""

    def __init__(self, nor, start):
        super().__init__(nor)
        self._first = start // _BLOCK

    def readblocks(self, block, buf, offset=0):
        super().readblocks(block + self._first, buf, offset)

    def writeblocks(self, block, buf, offset=0):
        super().writeblocks(block + self._first, buf, offset)

    def ioctl(self, op, arg):
        return super().ioctl(op, arg + self._first if op == 6 else arg)


class Dog:
    """A watchdog that remembers."""

    def __init__(self):
        self.fed, self.is_stopped = 0, False

    def feed(self):
        self.fed += 1

    def stop(self):
        self.is_stopped = True


class NorSlots:
    """boards/README.md's slots. nor: of an earlier one, after a power cycle."""

    root = ""
    size = SLOT_SIZE
    base = BASE

    def __init__(self, nor=None):
        self.nor = nor or NORFlash(FILES_SIZE + 2 * SLOT_SIZE)
        self.resets, self.mounted = 0, None
        self.dog = Dog()
        self._files = LittleFS(
            context=_Context(self.nor),
            mount=False,
            block_size=_BLOCK,
            block_count=FILES_SIZE // _BLOCK,
            read_size=32,
            prog_size=_PAGE,
            cache_size=4 * _PAGE,
            lookahead_size=32,
        )
        if nor is None:
            self._files.format()
        self._files.mount()

    def flash(self, slot):
        return _Part(self.nor, FILES_SIZE + (slot - 1) * SLOT_SIZE)

    def image(self, slot):
        return self.nor.read(FILES_SIZE + (slot - 1) * SLOT_SIZE, SLOT_SIZE)

    def mount(self, slot, start, path):
        self.mounted = slot, start

    def watchdog(self):
        return self.dog

    def reset(self):
        self.resets += 1

    # -- the files, in the place of open() and os ------------------------------------------

    def open(self, path, mode):
        """As the builtin, for whole files."""
        try:
            if mode == "rb":
                with self._files.open(path, "rb", buffering=0) as file:
                    return io.BytesIO(file.readall())
            return _Written(self, path)
        except LittleFSError as error:
            self._power_or(OSError(error.code))

    def rename(self, old, new):
        """As os.rename."""
        try:
            self._files.rename(old, new)
        except LittleFSError as error:
            self._power_or(OSError(error.code))

    def store(self, path, raw):
        """Write a whole file."""
        try:
            # by hand: a FileHandle would close a file again that failed in its closing
            file = lfs.file_open(self._files.fs, path, "w")
            lfs.file_write(self._files.fs, file, raw)
            lfs.file_close(self._files.fs, file)
        except LittleFSError as error:
            self._power_or(OSError(error.code))

    def _power_or(self, error):
        if not self.nor.has_power:
            raise PowerCut("in the files")
        raise error


class _Written(io.BytesIO):
    """A file being written; it is stored when it is closed."""

    def __init__(self, slots, path):
        super().__init__()
        self._slots, self._path = slots, path

    def __exit__(self, kind, *rest):
        if kind is None:
            self._slots.store(self._path, self.getvalue())
        super().__exit__(kind, *rest)


class StubTerminal:
    """As much of app.Terminal as terminal.update asks for. records: (kind, *values)."""

    fault = ""
    engine = True

    def __init__(self, roots="", trial_s=600):
        self.config = {"update_roots": roots, "trial_s": trial_s}
        self.records = []
        self.is_restarting = False
        self.clock = self

    def now_s(self):
        return 1767225600

    def record(self, kind, *values):
        self.records.append((kind, *values))

    def restart(self):
        self.is_restarting = True


def bundle_of(image, version=(0, 1, 1), key=None, board="", base=BASE, journal=(2, 2), flags=0):
    """A bundle around any bytes, signed by `key`."""
    import occrypto
    from ocwire.bundle import Header
    from onecard.bundle import Bundle

    header = Header(len(image), version, flags, board, base, journal, occrypto.sm3(image))
    made = Bundle(header, image)
    if key is not None:
        made.sign(key)
    return made

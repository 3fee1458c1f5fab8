"""What lies on one simulated NOR flash: littlefs (the reference C code, by littlefs-python) and
parts used as block devices. Power may fail in every operation of any of them."""

import io

from inproc import NORBlocks
from littlefs import LittleFS, LittleFSError, lfs
from onecard.sim.flash import PowerCut

BLOCK = 4096
_PAGE, _EIO = 256, -5


class _Context:
    """littlefs's block device on the NOR flash. What fails is told by EIO, as C code is."""

    def __init__(self, nor):
        self._nor = nor

    def read(self, cfg, block, off, size):
        try:
            return bytearray(self._nor.read(block * BLOCK + off, size))
        except PowerCut:
            return bytearray(size)  # what is read without power is never used

    def prog(self, cfg, block, off, data):
        try:
            for start in range(0, len(data), _PAGE):
                at = block * BLOCK + off + start
                self._nor.program(at, bytes(data[start : start + _PAGE]))
        except PowerCut:
            return _EIO
        return 0

    def erase(self, cfg, block):
        try:
            self._nor.erase(block * BLOCK)
        except PowerCut:
            return _EIO
        return 0

    def sync(self, cfg):
        return 0


class Part(NORBlocks):
    """`count` sectors of the flash from sector `first` on."""

    def __init__(self, nor, first, count):
        super().__init__(nor)
        self._first, self._count = first, count

    def readblocks(self, block, buf, offset=0):
        super().readblocks(block + self._first, buf, offset)

    def writeblocks(self, block, buf, offset=0):
        super().writeblocks(block + self._first, buf, offset)

    def ioctl(self, op, arg):
        if op == 4:
            return self._count
        return super().ioctl(op, arg + self._first if op == 6 else arg)


class NorFiles:
    """The files in the first `count` sectors, in the place of the builtin open() and of os.

    is_new: made anew first.
    """

    def __init__(self, nor, count, is_new):
        self.nor = nor
        self._files = LittleFS(
            context=_Context(nor),
            mount=False,
            block_size=BLOCK,
            block_count=count,
            read_size=32,
            prog_size=_PAGE,
            cache_size=4 * _PAGE,
            lookahead_size=32,
        )
        if is_new:
            self._files.format()
        self._files.mount()

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

    def remove(self, path):
        """As os.remove."""
        try:
            self._files.remove(path)
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

    def __init__(self, files, path):
        super().__init__()
        self._files, self._path = files, path

    def write(self, data):
        """Bytes, or text as UTF-8: both modes of writing."""
        return super().write(data.encode() if isinstance(data, str) else data)

    def __exit__(self, kind, *rest):
        if kind is None:
            self._files.store(self._path, self.getvalue())
        super().__exit__(kind, *rest)

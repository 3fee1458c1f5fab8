"""The wire from the unix port to the bench that plays the board: one request, one answer.

Frames, little-endian: op 1 | size 2 | arguments; answer: size 2 | bytes. Ops: R read flash
(address 4, size 2), W program (address 4 | data), E erase (address 4), I I2C write (bus 1, address
1 | data; answers 1, or 0 for no acknowledge), J I2C read (bus 1, address 1, size 2; answers 1 |
data, or 0), X SPI (bus 1 | data; answers data), G set pin (number 1, level 1; level 2 lets go),
H read pin (number 1), K next key, T read clock, S set clock (seconds 4), D reset unless asked
again within (milliseconds 2; 0: never), Z reset.
The two pipes' descriptors come in ONECARD_BENCH as "read,write".
"""

import os
import struct

_read, _write = (int(fd) for fd in (os.getenv("ONECARD_BENCH") or "").split(","))
_in = open("/dev/fd/%d" % _read, "rb", buffering=0)
_out = open("/dev/fd/%d" % _write, "wb", buffering=0)


def _take(size):
    data = b""
    while len(data) < size:
        part = _in.read(size - len(data))
        if not part:
            raise SystemExit(1)
        data += part
    return data


def ask(op, arguments=b""):
    """The bench's answer to one request (bytes)."""
    try:
        _out.write(struct.pack("<BH", ord(op), len(arguments)) + arguments)
    except OSError:
        raise SystemExit(1)  # the bench is gone: so is the board
    return _take(struct.unpack("<H", _take(2))[0])


class Flash:
    """A part of the bench's NOR flash as a block device (MicroPython's extended protocol)."""

    BLOCK_SIZE = 4096

    def __init__(self, start, size):
        self._start = start
        self._size = size

    def readblocks(self, block, buf, offset=0):
        """Fill buf from `offset` in `block`."""
        view = memoryview(buf)
        at = self._start + block * self.BLOCK_SIZE + offset
        for done in range(0, len(view), 4096):
            size = min(4096, len(view) - done)
            view[done : done + size] = ask("R", struct.pack("<IH", at + done, size))

    def writeblocks(self, block, buf, offset=None):
        """Program buf, page by page; without an offset the blocks are erased first."""
        if offset is None:
            for number in range(len(buf) // self.BLOCK_SIZE):
                self.ioctl(6, block + number)
            offset = 0
        at = self._start + block * self.BLOCK_SIZE + offset
        view = memoryview(buf)
        done = 0
        while done < len(view):
            size = min(256 - (at + done) % 256, len(view) - done)
            ask("W", struct.pack("<I", at + done) + bytes(view[done : done + size]))
            done += size

    def ioctl(self, op, arg):
        """4: block count, 5: block size, 6: erase block `arg`."""
        if op == 4:
            return self._size // self.BLOCK_SIZE
        if op == 5:
            return self.BLOCK_SIZE
        if op == 6:
            ask("E", struct.pack("<I", self._start + arg * self.BLOCK_SIZE))
        return 0

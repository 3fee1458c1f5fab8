"""A plain block device in RAM with NOR semantics, for tests that need no torn operations."""


class RamFlash:
    """MicroPython's extended block device; counts reads, programs and erases."""

    def __init__(self, sectors=16):
        self.data = bytearray(b"\xff" * 4096 * sectors)
        self.sectors = sectors
        self.reads = self.programs = self.erases = self.programmed = 0

    def readblocks(self, block, buf, offset=0):
        self.reads += 1
        at = block * 4096 + offset
        buf[:] = self.data[at : at + len(buf)]

    def writeblocks(self, block, buf, offset=0):
        self.programs += 1
        at = block * 4096 + offset
        for i, byte in enumerate(buf):
            self.programmed += byte != 0xFF
            self.data[at + i] &= byte

    def ioctl(self, op, arg):
        if op == 4:
            return self.sectors
        if op == 5:
            return 4096
        if op == 6:
            self.erases += 1
            self.data[arg * 4096 : (arg + 1) * 4096] = b"\xff" * 4096
            return 0
        return None

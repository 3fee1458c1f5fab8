"""`machine` for the unix port: as much of it as the terminal uses, played by the bench."""

import io
import os
import select
import struct

from bench import ask

_GET_FILENO = 10


def unique_id():
    """8 bytes, the bench's."""
    return bytes.fromhex(os.getenv("ONECARD_UNIQUE_ID") or "0000000000000001")


def reset_cause():
    """1 (power-on): the bench starts the process anew for every reset."""
    return 1


class Pin:
    """An output pin: pin(1), pin(0)."""

    OUT = 1

    def __init__(self, number, mode=OUT):
        self._number = number

    def __call__(self, level):
        ask("G", bytes((self._number, level)))


class I2C:
    """Writes only: all that the display needs."""

    def __init__(self, number, freq=400000):
        pass

    def writeto(self, address, data):
        """One write transaction."""
        ask("I", bytes((address,)) + bytes(data))

    def writevto(self, address, parts):
        """One write transaction from several buffers."""
        ask("I", bytes((address,)) + b"".join(bytes(part) for part in parts))


class RTC:
    """A battery-backed clock: UTC seconds."""

    def read_s(self):
        """UTC seconds now."""
        return struct.unpack("<I", ask("T"))[0]

    def write_s(self, seconds):
        """Set it."""
        ask("S", struct.pack("<I", seconds))


class UART(io.IOBase):
    """A tty: ONECARD_UART<number> names it."""

    def __init__(self, number, baudrate=115200):
        self._path = os.getenv("ONECARD_UART%d" % number)
        self.init(baudrate)
        self._file = open(self._path, "r+b", buffering=0)
        self._poll = select.poll()
        self._poll.register(self._file, select.POLLIN)

    def init(self, baudrate):
        """Raw, 8N1, at `baudrate`. min 0: a read returns what is there and never blocks."""
        command = "stty -F '%s' raw -echo min 0 time 0 %d 2>/dev/null"
        if os.system(command % (self._path, baudrate)):
            raise OSError(5)

    def ioctl(self, op, arg):
        """10: the descriptor that select.poll watches."""
        return self._file.fileno() if op == _GET_FILENO else -22

    def any(self):
        """The most that readinto can take without waiting; 0 if nothing is there."""
        return 256 if self._poll.poll(0) else 0

    def readinto(self, buf):
        """Bytes taken, at most len(buf)."""
        return self._file.readinto(buf)

    def read(self, size):
        """Up to `size` bytes."""
        return self._file.read(size)

    def write(self, data):
        """Bytes written."""
        return self._file.write(data)

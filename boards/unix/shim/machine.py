"""`machine` for the unix port: as much of it as the terminal uses, played by the bench."""

import io
import os
import select
import struct

from bench import ask

_GET_FILENO = 10
_LET_GO = 2


def unique_id():
    """8 bytes, the bench's."""
    return bytes.fromhex(os.getenv("ONECARD_UNIQUE_ID") or "0000000000000001")


def reset_cause():
    """1 power-on, 3 watchdog or reset()."""
    return int(os.getenv("ONECARD_RESET_CAUSE") or "1")


def reset():
    """The bench starts the process anew."""
    ask("Z")
    raise SystemExit(0)


class WDT:
    """A watchdog of the bench."""

    def __init__(self, timeout=5000):
        self._timeout = struct.pack("<H", timeout)
        self.feed()

    def feed(self):
        """Another `timeout` milliseconds."""
        ask("D", self._timeout)

    def stop(self):
        """Not watched any more."""
        ask("D", bytes(2))


class Pin:
    """A pin: pin(1), pin(0), pin(). No interrupts: the bench cannot knock here."""

    IN, OUT, OPEN_DRAIN = 0, 1, 2
    PULL_UP, PULL_DOWN = 1, 2
    IRQ_FALLING, IRQ_RISING = 4, 8

    def __init__(self, number, mode=OUT, pull=None, value=None):
        self._number = number
        self.init(mode, pull, value)

    def init(self, mode=OUT, pull=None, value=None):
        """Another mode; value: the level to drive at once."""
        self._mode = mode
        if mode == self.IN:
            ask("G", bytes((self._number, _LET_GO)))
        elif value is not None:
            self(value)

    def __call__(self, level=None):
        """Drive the level, or read it."""
        if level is None:
            return ask("H", bytes((self._number,)))[0]
        if level and self._mode == self.OPEN_DRAIN:
            level = _LET_GO
        ask("G", bytes((self._number, level)))

    value = __call__


class I2C:
    """A bus of the bench."""

    def __init__(self, number, freq=400000):
        self._number = number

    def writeto(self, address, data, stop=True):
        """One write transaction. Raises OSError(5) without an acknowledge."""
        if ask("I", bytes((self._number, address)) + bytes(data)) != b"\x01":
            raise OSError(5)
        return len(data)

    def writevto(self, address, parts, stop=True):
        """One write transaction from several buffers."""
        return self.writeto(address, b"".join(bytes(part) for part in parts))

    def readfrom_into(self, address, buf, stop=True):
        """One read transaction into all of `buf`."""
        got = ask("J", struct.pack("<BBH", self._number, address, len(buf)))
        if got[0] != 1:
            raise OSError(5)
        memoryview(buf)[:] = memoryview(got)[1:]

    def readfrom_mem_into(self, address, register, buf):
        """Write the register's number, read into all of `buf`."""
        self.writeto(address, bytes((register,)))
        self.readfrom_into(address, buf)

    def writeto_mem(self, address, register, data):
        """Write the register's number and data."""
        self.writevto(address, (bytes((register,)), data))


class SPI:
    """A bus of the bench, mode 0; chip selects are pins."""

    MSB = 1

    def __init__(self, number, baudrate=4000000):
        self._number = bytes((number,))

    def init(self, baudrate=4000000):
        """Any speed will do."""

    def write(self, data):
        """Send."""
        ask("X", self._number + bytes(data))

    def readinto(self, buf, write=0):
        """Receive into all of `buf`."""
        memoryview(buf)[:] = ask("X", self._number + bytes((write,)) * len(buf))

    def write_readinto(self, out, into):
        """Both at once, of one size."""
        memoryview(into)[:] = ask("X", self._number + bytes(out))


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
        self._path = os.getenv("ONECARD_UART%d" % number) or ""
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

    def txdone(self):
        """A tty takes what it is given."""
        return True

    def write(self, data):
        """Bytes written."""
        return self._file.write(data)

"""`machine`'s buses and pins for drivers under test on CPython: simulated parts in virtual time.

A transfer takes the time its bits take: the virtual clock goes on by it, and what was due
meanwhile happens when the driver next lets go, as an interrupt would be served late.
"""

import asyncio

import virtual
from onecard.sim.buses import Line, Wiring

__all__ = ["I2C", "SPI", "UART", "Line", "Pin", "Timers", "Wiring"]

_RESOLUTION_S = 1e-6  # of virtual.Loop


class Timers:
    """onecard.sim.timers.Timers on the virtual clock; needs a running loop."""

    def now_us(self):
        return virtual.clock.now_s * 1e6

    def after(self, delay_us, action):
        done = []

        def fire():
            done.append(True)
            action()

        handle = asyncio.get_running_loop().call_later(delay_us / 1e6, fire)

        def cancel():
            handle.cancel()
            return not done

        return cancel


class Pin:
    """machine.Pin on a wire. IN drives nothing; OPEN_DRAIN lets go at 1."""

    IN, OUT, OPEN_DRAIN = 0, 1, 2
    PULL_UP, PULL_DOWN = 1, 2
    IRQ_FALLING, IRQ_RISING = 4, 8

    def __init__(self, wiring, number, mode=OUT, pull=None, value=None):
        self.line, self._handler, self._trigger = wiring.line(number), None, 0
        self.line.listen(self._changed)
        self.init(mode, pull, value)

    def init(self, mode=OUT, pull=None, value=None):
        self._mode = mode
        if mode == self.IN:
            self.line.drive(None, self)
        elif value is not None:
            self(value)

    def __call__(self, level=None):
        if level is None:
            return int(self.line.level)
        if self._mode == self.IN:
            raise ValueError("an input is not driven")
        self.line.drive(None if level and self._mode == self.OPEN_DRAIN else bool(level), self)
        return None

    value = __call__

    def on(self):
        self(1)

    def off(self):
        self(0)

    def irq(self, handler=None, trigger=12, hard=False):
        self._handler, self._trigger = handler, trigger

    def _changed(self, level):
        if self._handler and self._trigger & (self.IRQ_RISING if level else self.IRQ_FALLING):
            self._handler(self)


class I2C:
    """machine.I2C; a missing acknowledge is OSError(5). written, read: bytes on the wire.

    starts: START conditions. tamper: called with (is_read, byte), returns what arrives.
    """

    def __init__(self, wiring, number=0, freq=400000):
        self._wiring, self._number, self.freq = wiring, number, freq
        self.written = self.received = self.starts = 0
        self.tamper = lambda is_read, byte: byte

    def _bits(self, count):
        virtual.clock.advance(count / self.freq)

    def _part(self, address, is_read):
        self._bits(10)
        self.starts += 1
        for part in self._wiring.i2c.get(self._number, ()):
            if part.address == address and part.start(is_read):
                return part
        self._bits(1)
        raise OSError(5)

    def _byte(self, part):
        virtual.clock.advance(part.stretch_us() / 1e6)
        self._bits(9)

    def writevto(self, address, parts, stop=True):
        part, count = self._part(address, False), 0
        for data in parts:
            for byte in bytes(data):
                self._byte(part)
                self.written += 1
                if not part.write(self.tamper(False, byte)):
                    part.stop()
                    return count
                count += 1
        part.stop()
        return count

    def writeto(self, address, data, stop=True):
        return self.writevto(address, (data,), stop)

    def readfrom_into(self, address, buf, stop=True):
        part = self._part(address, True)
        for index in range(len(buf)):
            self._byte(part)
            self.received += 1
            buf[index] = self.tamper(True, part.read())
        part.stop()

    def readfrom(self, address, size, stop=True):
        buf = bytearray(size)
        self.readfrom_into(address, buf)
        return bytes(buf)

    def readfrom_mem_into(self, address, memaddr, buf, *, addrsize=8):
        self.writeto(address, bytes([memaddr]))
        self.readfrom_into(address, buf)

    def readfrom_mem(self, address, memaddr, size, *, addrsize=8):
        buf = bytearray(size)
        self.readfrom_mem_into(address, memaddr, buf)
        return bytes(buf)

    def writeto_mem(self, address, memaddr, data, *, addrsize=8):
        self.writevto(address, (bytes([memaddr]), data))

    def scan(self):
        return sorted(part.address for part in self._wiring.i2c.get(self._number, ()))


class SPI:
    """machine.SPI, mode 0; the part whose chip select is low answers. count: bytes.

    tamper: called with (is_read, byte), returns what arrives.
    """

    MSB, LSB = 1, 0

    def __init__(self, wiring, number=0, baudrate=4_000_000, firstbit=MSB):
        self.baudrate, self.count = baudrate, 0
        self._turn = bytes(range(256))
        if firstbit == self.LSB:
            self._turn = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
        self.tamper = lambda is_read, byte: byte
        self._parts = [(wiring.line(pin), part) for pin, part in wiring.spi.get(number, ())]

    def init(self, baudrate=None, **options):
        self.baudrate = baudrate or self.baudrate

    def _transfer(self, byte):
        virtual.clock.advance(8 / self.baudrate)
        self.count += 1
        for line, part in self._parts:
            if not line.level:
                answer = part.byte(self._turn[self.tamper(False, byte)])
                return self.tamper(True, self._turn[answer])
        return 0xFF

    def write(self, data):
        for byte in bytes(data):
            self._transfer(byte)

    def readinto(self, buf, write=0):
        for index in range(len(buf)):
            buf[index] = self._transfer(write)

    def read(self, size, write=0):
        buf = bytearray(size)
        self.readinto(buf, write)
        return bytes(buf)

    def write_readinto(self, out, into):
        for index, byte in enumerate(bytes(out)):
            into[index] = self._transfer(byte)


class UART:
    """machine.UART; bytes at another rate than the part's arrive inverted, as noise would.

    from_part, to_part: called with each piece of bytes, return what arrives. written, received:
    bytes on the wire. timeout_ms: how long a read blocks for its first byte (in virtual time).
    Also a byte port (drivers/uart_port.py), for drivers that are handed one.
    """

    def __init__(self, wiring, number=0, baudrate=115200, timeout_ms=0):
        self.baudrate, self.timeout_ms = baudrate, timeout_ms
        self.written = self.received = 0
        self.from_part = self.to_part = lambda data: data
        self._part = wiring.uart.get(number)
        self._coming, self._incoming = [], bytearray()
        self._free_s, self._arrival = 0.0, asyncio.Event()
        if self._part is not None:
            self._part.send = self._send

    def init(self, baudrate=None, **options):
        self.baudrate = baudrate or self.baudrate

    set_baud = init

    def _is_clear(self):
        rate = self._part.baud_rate
        return rate is None or abs(rate - self.baudrate) <= 0.03 * rate

    def _send(self, data, after_us=0.0):
        data = self.from_part(bytes(data))
        rate = self._part.baud_rate or self.baudrate
        start_s = max(virtual.clock.now_s + after_us / 1e6, self._free_s)
        self._free_s = start_s + len(data) * 10 / rate
        item = (self._free_s, data, rate)
        self._coming.append(item)
        wait_s = self._free_s - virtual.clock.now_s
        asyncio.get_running_loop().call_later(wait_s, self._arrival.set)

        def cancel():
            if item not in self._coming or virtual.clock.now_s > start_s:
                return False
            self._coming.remove(item)
            self._free_s = start_s
            return True

        return cancel

    def _take(self):
        """What has arrived by now."""
        while self._coming and self._coming[0][0] <= virtual.clock.now_s + 1e-9:
            _, data, rate = self._coming.pop(0)
            self.received += len(data)
            is_clear = abs(rate - self.baudrate) <= 0.03 * rate
            self._incoming += data if is_clear else bytes(b ^ 0xFF for b in data)

    def write(self, data):
        data = bytes(data)
        self.written += len(data)
        virtual.clock.advance(len(data) * 10 / self.baudrate)
        if self._part is not None:
            arriving = self.to_part(data)
            if not self._is_clear():
                arriving = bytes(b ^ 0xFF for b in arriving)
            self._part.receive(arriving)
        return len(data)

    def any(self):
        self._take()
        return len(self._incoming)

    def readinto(self, buf, size=None):
        self._take()
        until_s = virtual.clock.now_s + self.timeout_ms / 1000
        if not self._incoming and self._coming and self._coming[0][0] <= until_s:
            virtual.clock.advance(max(0.0, self._coming[0][0] - virtual.clock.now_s))
            self._take()
        elif not self._incoming:
            virtual.clock.advance(self.timeout_ms / 1000)
        count = min(len(buf), len(self._incoming))
        buf[:count] = bytes(self._incoming[:count])
        del self._incoming[:count]
        return count or None

    def read(self, size=None):
        self._take()
        data = bytes(self._incoming[: len(self._incoming) if size is None else size])
        del self._incoming[: len(data)]
        return data or None

    # -- the same as a byte port ------------------------------------------------------------

    async def read_into(self, view, timeout_ms):
        end_s = virtual.clock.now_s + timeout_ms / 1000
        while not self.any():
            left_s = end_s - virtual.clock.now_s
            if left_s < _RESOLUTION_S:  # the loop wakes that much early: it would for ever
                return 0
            self._arrival.clear()
            try:
                await asyncio.wait_for(self._arrival.wait(), left_s)
            except TimeoutError:
                pass
        return self.readinto(view) or 0

    async def drain(self):
        await asyncio.sleep(0)

    def clear(self):
        self._take()
        self._incoming.clear()

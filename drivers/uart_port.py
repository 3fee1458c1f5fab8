"""A UART as the byte port that drivers and the link want. uart: machine.UART or alike."""

from .readable import Readable

_GUARD_MS = 20


class UartPort:
    """uart: a stream select.poll can watch, with any(), readinto(), write(), init(baudrate=…)."""

    def __init__(self, uart):
        self._uart = uart
        self._readable = Readable(uart, _GUARD_MS)

    def write(self, data):
        """Send all of `data`; blocks only while the UART's own buffer is full."""
        view = memoryview(data)
        while len(view):
            view = view[self._uart.write(view) or 0 :]

    async def read_into(self, view, timeout_ms):
        """Read at least one byte into `view`; returns the count, 0 after timeout_ms."""
        uart = self._uart
        if not uart.any() and not await self._readable.wait(timeout_ms):
            return 0
        return uart.readinto(view[: uart.any()]) or 0

    def set_baud(self, rate):
        """Change the line speed to `rate` bit/s."""
        self._uart.init(baudrate=rate)

    def clear(self):
        """Throw away what has been received."""
        while self._uart.any():
            self._uart.read(self._uart.any())

"""A UART as the byte port that drivers and the link want. uart: machine.UART or alike."""

import asyncio

from micropython import const

from .readable import Readable

TYPE_CHECKING = const(0)
if TYPE_CHECKING:
    from .kinds import UART

_GUARD_MS = const(20)
_DRAIN_MS = const(5)


class UartPort:
    """uart: a stream select.poll can watch, with any(), readinto(), write(), init(baudrate=…)."""

    def __init__(self, uart: "UART"):
        self._uart = uart
        self._readable = Readable(uart, _GUARD_MS)

    def any(self) -> int:
        """How many bytes read_into() gives at once."""
        return self._uart.any()

    def write(self, data: "bytes | bytearray | memoryview") -> None:
        """Send all of `data`; blocks only while the UART's own buffer is full."""
        view = memoryview(data)
        while len(view):
            view = view[self._uart.write(view) or 0 :]

    async def drain(self) -> None:
        """Wait until all that was written has left, giving other tasks their turn."""
        while not self._uart.txdone():
            await asyncio.sleep_ms(_DRAIN_MS)

    async def read_into(self, view: memoryview, timeout_ms: int) -> int:
        """Read at least one byte into `view`; returns the count, 0 after timeout_ms."""
        uart = self._uart
        if not uart.any() and not await self._readable.wait(timeout_ms):
            return 0
        return uart.readinto(view[: uart.any()]) or 0

    def set_baud(self, rate: int) -> None:
        """Change the line speed to `rate` bit/s."""
        self._uart.init(baudrate=rate)

    def clear(self) -> None:
        """Throw away what has been received."""
        while self._uart.any():
            self._uart.read(self._uart.any())

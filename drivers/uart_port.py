"""A UART as the byte port that drivers and the link want. uart: machine.UART or alike."""

import asyncio
import time
from asyncio import core

_GUARD_MS = 20  # how finely time-outs are kept; data wakes its reader at once


class UartPort:
    """uart: a stream that select.poll can watch, with any(), readinto(), write(), init(baudrate=…).

    One task reads at a time. It sleeps until a byte comes, so an idle line costs nothing.
    """

    def __init__(self, uart):
        self._uart = uart
        self._reader = None  # the task that waits for a byte
        self._deadline = 0
        self._guard = None

    def write(self, data):
        """Send all of `data`; blocks only while the UART's own buffer is full."""
        view = memoryview(data)
        while len(view):
            view = view[self._uart.write(view) or 0 :]

    async def read_into(self, view, timeout_ms):
        """Read at least one byte into `view`; returns the count, 0 after timeout_ms."""
        uart = self._uart
        if not uart.any() and not await self._is_readable(timeout_ms):
            return 0
        return uart.readinto(view[: uart.any()]) or 0

    async def _is_readable(self, timeout_ms):
        """Wait for a byte; False after timeout_ms (up to _GUARD_MS late)."""
        if self._guard is None:
            self._guard = asyncio.create_task(self._keep_time())
        self._deadline = time.ticks_add(time.ticks_ms(), timeout_ms)
        self._reader = core.cur_task
        try:
            yield core._io_queue.queue_read(self._uart)
            return True
        except asyncio.CancelledError:
            if self._reader is not None:
                raise  # somebody else's doing
            return False
        finally:
            self._reader = None

    async def _keep_time(self):
        """Cancels the reader whose time is over: cheaper than a task for each wait."""
        while True:
            await asyncio.sleep_ms(_GUARD_MS)
            if self._reader is not None:
                if time.ticks_diff(time.ticks_ms(), self._deadline) >= 0:
                    reader, self._reader = self._reader, None
                    reader.cancel()

    def set_baud(self, rate):
        """Change the line speed to `rate` bit/s."""
        self._uart.init(baudrate=rate)

    def clear(self):
        """Throw away what has been received."""
        while self._uart.any():
            self._uart.read(self._uart.any())

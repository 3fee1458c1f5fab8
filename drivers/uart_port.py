"""A UART as the byte port that drivers and the link want. uart: machine.UART or alike."""

import asyncio
import time

_BUSY_MS = 8  # answers that come at once are waited for without sleeping


class UartPort:
    """uart must have any(), readinto(), write() and init(baudrate=…)."""

    def __init__(self, uart):
        self._uart = uart

    def write(self, data):
        """Send all of `data`; blocks only while the UART's own buffer is full."""
        view = memoryview(data)
        while len(view):
            view = view[self._uart.write(view) or 0 :]

    async def read_into(self, view, timeout_ms):
        """Read at least one byte into `view`; returns the count, 0 after timeout_ms."""
        uart = self._uart
        start = time.ticks_ms()
        while not uart.any():
            waited = time.ticks_diff(time.ticks_ms(), start)
            if waited >= timeout_ms:
                return 0
            await asyncio.sleep_ms(0 if waited < _BUSY_MS else 1)
        return uart.readinto(view[: uart.any()]) or 0

    def set_baud(self, rate):
        """Change the line speed to `rate` bit/s."""
        self._uart.init(baudrate=rate)

    def clear(self):
        """Throw away what has been received."""
        while self._uart.any():
            self._uart.read(self._uart.any())

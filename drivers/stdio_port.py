"""The console stream (USB CDC on a board, the tty on the unix port) as a byte port for the link.

While the link owns it, Ctrl-C is data: `open()` turns the keyboard interrupt off, `close()` on.
"""

import asyncio
import select
import sys
import time

import micropython

_WRITE_SIZE = 256


class StdioPort:
    """read_into, write, open, close; bytes pass unchanged, all 256 values."""

    def __init__(self):
        self._in = sys.stdin.buffer
        self._out = sys.stdout.buffer
        self._poll = select.poll()
        self._poll.register(sys.stdin, select.POLLIN)

    def open(self):
        """Take the stream: all bytes are data."""
        micropython.kbd_intr(-1)

    def close(self):
        """Give the stream back to the REPL."""
        micropython.kbd_intr(3)

    async def write(self, data):
        """Send all of `data`, giving other tasks their turn every 256 bytes."""
        view = memoryview(data)
        for start in range(0, len(view), _WRITE_SIZE):
            self._out.write(view[start : start + _WRITE_SIZE])
            await asyncio.sleep_ms(0)

    async def read_into(self, view, timeout_ms):
        """Read what is there, at least one byte, into `view`; 0 after timeout_ms."""
        start = time.ticks_ms()
        while not self._poll.poll(0):
            if time.ticks_diff(time.ticks_ms(), start) >= timeout_ms:
                return 0
            await asyncio.sleep_ms(2)
        count = 0
        while count < len(view) and self._poll.poll(0):
            got = self._in.read(1)
            if not got:
                break
            view[count] = got[0]
            count += 1
        return count

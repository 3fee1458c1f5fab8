"""The console stream (USB CDC on a board, the tty on the unix port) as a byte port for the link.

While the link owns it, Ctrl-C is data: `open()` turns the keyboard interrupt off, `close()` on.
"""

import asyncio
import select
import sys
import time

import micropython

from .readable import Readable

_WRITE_SIZE = 256
_IDLE_MS = 10  # between tries on a line that is full or hung up
_GUARD_MS = 50
_STUCK_MS = 500  # a host that takes nothing for this long has gone; what is left is dropped


class StdioPort:
    """read_into, write, open, close; bytes pass unchanged, all 256 values."""

    def __init__(self) -> None:
        self._in = sys.stdin.buffer
        self._out = sys.stdout.buffer
        self._poll = select.poll()
        self._poll.register(sys.stdin, select.POLLIN)
        self._readable = Readable(sys.stdin, _GUARD_MS)

    def open(self) -> None:
        """Take the stream: all bytes are data."""
        micropython.kbd_intr(-1)

    def close(self) -> None:
        """Give the stream back to the REPL."""
        micropython.kbd_intr(3)

    async def write(self, data: "bytes | bytearray | memoryview") -> None:
        """Send all of `data`, giving other tasks their turn every 256 bytes."""
        view = memoryview(data)
        start = time.ticks_ms()
        while len(view):
            try:
                count = self._out.write(view[:_WRITE_SIZE])
            except OSError:  # EAGAIN: the line is full
                count = 0
            if count:
                view = view[count:]
                start = time.ticks_ms()
            elif time.ticks_diff(time.ticks_ms(), start) > _STUCK_MS:
                return
            await asyncio.sleep_ms(0 if count else _IDLE_MS)

    async def read_into(self, view: memoryview, timeout_ms: int) -> int:
        """Read what is there, at least one byte, into `view`; 0 after timeout_ms."""
        if not self._poll.poll(0) and not await self._readable.wait(timeout_ms):
            return 0
        count = self._take(view)
        if not count:  # hung up: no host at the other end
            await asyncio.sleep_ms(_IDLE_MS)
        return count

    def _take(self, view: memoryview) -> int:
        count = 0
        try:
            while count < len(view) and self._poll.poll(0):
                got = self._in.read(1)
                if not got:
                    break
                view[count] = got[0]
                count += 1
        except OSError:
            pass  # a line that went away comes back or does not; what came before it counts
        return count

"""Waits until a stream has a byte, with a time-out, without a task or a turn for each look."""

import asyncio
import time
from asyncio import core


class Readable:
    """stream: one that select.poll can watch. One task waits at a time.

    guard_ms: how finely time-outs are kept; a byte wakes its reader at once. MicroPython's asyncio
    only: it waits on that scheduler's own queue of streams.
    """

    def __init__(self, stream, guard_ms):
        self._stream = stream
        self._guard_ms = guard_ms
        self._reader = None
        self._deadline = 0
        self._guard = None

    async def wait(self, timeout_ms):
        """True when there is a byte; False after timeout_ms, up to guard_ms late."""
        if self._guard is None:
            self._guard = asyncio.create_task(self._keep_time())
        self._deadline = time.ticks_add(time.ticks_ms(), timeout_ms)
        self._reader = core.cur_task
        try:
            yield core._io_queue.queue_read(self._stream)
            return True
        except asyncio.CancelledError:
            if self._reader is not None:
                raise  # somebody else's doing
            return False
        finally:
            self._reader = None

    async def _keep_time(self):
        while True:
            await asyncio.sleep_ms(self._guard_ms)
            if self._reader is None:
                continue
            if time.ticks_diff(time.ticks_ms(), self._deadline) >= 0:
                reader, self._reader = self._reader, None
                reader.cancel()

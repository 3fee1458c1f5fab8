"""Virtual time for firmware on CPython: an event loop whose clock jumps to the next thing due.

`run(coroutine)` is asyncio.run() in which sleeping costs nothing; the firmware's ticks_ms and
sleep_ms go by the same clock. Waiting for what can never happen raises Stuck instead of hanging.
"""

import asyncio
import gc
import time

_TICKS_PERIOD = 1 << 30


class Stuck(RuntimeError):
    """Every task waits and no timer is set."""


class Clock:
    """now_s: seconds since the test session began."""

    def __init__(self):
        self.now_s = 1000.0

    def advance(self, seconds):
        """Let time pass."""
        self.now_s += seconds


clock = Clock()


class Loop(asyncio.SelectorEventLoop):
    """An event loop on the virtual clock."""

    def __init__(self):
        super().__init__()
        self._clock_resolution = 1e-6  # a float of many days has no nanoseconds
        real_select = self._selector.select

        def select(timeout=None):
            if timeout is None:
                raise Stuck("nothing will ever happen")
            if timeout > 0:
                clock.advance(timeout)
            return real_select(0)

        self._selector.select = select

    def time(self):
        return clock.now_s


def run(coroutine):
    """Run a coroutine to its end in virtual time."""
    with asyncio.Runner(loop_factory=Loop) as runner:
        return runner.run(coroutine)


def ticks_ms():
    """As MicroPython's: wraps."""
    return int(clock.now_s * 1000 + 1e-6) % _TICKS_PERIOD


def ticks_add(ticks, delta):
    """As MicroPython's."""
    return (ticks + delta) % _TICKS_PERIOD


def ticks_diff(end, start):
    """As MicroPython's: signed."""
    half = _TICKS_PERIOD // 2
    return (end - start + half) % _TICKS_PERIOD - half


async def sleep_ms(milliseconds):
    """As MicroPython's."""
    await asyncio.sleep(max(0, milliseconds) / 1000)


def block_ms(milliseconds):
    """As MicroPython's time.sleep_ms: nothing else gets its turn meanwhile."""
    clock.advance(milliseconds / 1000)


class ThreadSafeFlag:
    """As MicroPython's: one task waits for it, and finding it set clears it."""

    def __init__(self):
        self._event = asyncio.Event()

    def set(self):
        self._event.set()

    def clear(self):
        self._event.clear()

    async def wait(self):
        await self._event.wait()
        self._event.clear()


def install():
    """Give CPython's modules the names that MicroPython's have."""
    time.ticks_ms, time.ticks_add, time.ticks_diff = ticks_ms, ticks_add, ticks_diff
    time.sleep_ms = block_ms
    asyncio.sleep_ms = sleep_ms
    asyncio.ThreadSafeFlag = ThreadSafeFlag
    gc.mem_free = lambda: 123456

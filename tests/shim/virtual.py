"""Virtual time for firmware on CPython: an event loop whose clock jumps to the next thing due.

`run(coroutine)` is asyncio.run() in which sleeping costs nothing; the firmware's ticks_ms and
sleep_ms go by the same clock. Waiting for what can never happen, or asking again and again in one
moment, raises Stuck instead of hanging.
"""

import asyncio
import contextlib
import gc
import heapq
import itertools
import time

_TICKS_PERIOD = 1 << 30
_MOST_TURNS = 20_000  # of the loop in one moment: a second of real time


class Stuck(RuntimeError):
    """Every task waits and no timer is set, or time stands still."""


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
        self._moment_s, self._turns = clock.now_s, 0
        self._real_select, self._selector.select = self._selector.select, self._select

    def _select(self, timeout=None):
        if timeout is None:
            raise Stuck("nothing will ever happen")
        if timeout > 0:
            clock.advance(timeout)
        self._turns += 1
        if clock.now_s != self._moment_s:
            self._moment_s, self._turns = clock.now_s, 0
        elif self._turns > _MOST_TURNS:
            self._turns = 0
            raise Stuck(f"{_MOST_TURNS} turns and it is still {clock.now_s!r} s")
        return self._real_select(0)

    def time(self):
        return clock.now_s


def run(coroutine):
    """Run a coroutine to its end in virtual time."""
    hardware.clear()
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


class Hardware:
    """onecard.sim.timers.Timers for what goes on by itself also while the processor is busy."""

    def __init__(self):
        self._due, self._order = [], itertools.count()

    def clear(self):
        """Forget what is due: the power is gone."""
        self._due.clear()

    def now_us(self):
        return clock.now_s * 1e6

    def after(self, delay_us, action):
        holder = [action]
        due_s = clock.now_s + max(0.0, delay_us) / 1e6
        heapq.heappush(self._due, (due_s, next(self._order), holder))
        with contextlib.suppress(RuntimeError):  # no loop: only busy() lets time pass
            asyncio.get_running_loop().call_later(due_s - clock.now_s, self._run, due_s)

        def cancel():
            is_pending = bool(holder)
            holder.clear()
            return is_pending

        return cancel

    def _run(self, until_s):
        while self._due and self._due[0][0] <= until_s:
            due_s, _, holder = heapq.heappop(self._due)
            clock.now_s = max(clock.now_s, due_s)
            if holder:
                holder.pop()()

    def busy(self, microseconds):
        """Let time pass in one go."""
        end_s = clock.now_s + microseconds / 1e6
        self._run(end_s)
        clock.now_s = end_s


hardware = Hardware()


def sleep_us(microseconds):
    """As MicroPython's: a busy wait."""
    hardware.busy(microseconds)


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
    time.sleep_ms, time.sleep_us = block_ms, sleep_us
    asyncio.sleep_ms = sleep_ms
    asyncio.ThreadSafeFlag = ThreadSafeFlag
    gc.mem_free = lambda: 123456

"""An active buzzer (its own tone) on a pin: patterns of on and off times."""

import asyncio


class Buzzer:
    """pin: machine.Pin or alike, called with 1 or 0. A new pattern ends the one playing."""

    def __init__(self, pin):
        self._pin = pin
        self._task = None
        pin(0)

    def play(self, pattern):
        """Start a pattern: (on_ms, off_ms, on_ms, …). Returns at once."""
        if self._task is not None:
            self._task.cancel()
        self._pin(1)  # at once: the task gets its turn only after what is being done now
        self._task = asyncio.create_task(self._run(pattern))

    async def _run(self, pattern):
        level = 1
        try:
            for length_ms in pattern:
                self._pin(level)
                await asyncio.sleep_ms(length_ms)
                level ^= 1
        finally:
            self._pin(0)

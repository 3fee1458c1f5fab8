"""Plays patterns of on and off times on anything that can be switched: buzzers, LEDs."""

import asyncio

from micropython import const

TYPE_CHECKING = const(0)
if TYPE_CHECKING:
    from .kinds import Switch


class Player:
    """switch: called with 1 or 0. A new pattern ends the one playing."""

    def __init__(self, switch: "Switch"):
        self._switch = switch
        self._task: "asyncio.Task | None" = None
        switch(0)

    def play(self, pattern: "tuple[int, ...]", repeats: bool = False) -> None:
        """Start a pattern: (on_ms, off_ms, on_ms, …). Returns at once. Off after its end.

        repeats: play it again and again until stop() or the next one; the pattern must then have
        an even number of times, or its last on would run into its first. Raises ValueError.
        """
        if repeats and (not pattern or len(pattern) % 2 or not any(pattern)):
            raise ValueError("a repeated pattern is pairs of on and off times")
        self._cancel()
        self._switch(1)  # at once: the task gets its turn only after what is being done now
        self._task = asyncio.create_task(self._run(pattern, repeats))

    def stop(self) -> None:
        """End the pattern and switch off."""
        self._cancel()
        self._switch(0)

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def _run(self, pattern: "tuple[int, ...]", repeats: bool) -> None:
        own = asyncio.current_task()
        try:
            while True:
                level = 1
                for length_ms in pattern:
                    self._switch(level)
                    await asyncio.sleep_ms(length_ms)
                    level ^= 1
                if not repeats:
                    return
        finally:
            if self._task is own:  # not another pattern's time yet
                self._switch(0)
                self._task = None

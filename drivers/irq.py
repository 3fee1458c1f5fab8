"""An interrupt line that a task can wait for with a time-out. The handler only sets a flag."""

import asyncio

from micropython import const

from .readable import Readable

TYPE_CHECKING = const(0)
if TYPE_CHECKING:
    from .kinds import EdgeLevel

_GUARD_MS = const(5)


class IrqLine:
    """pin: machine.Pin or alike, an input. falling: the trigger's number (Pin.IRQ_FALLING)."""

    def __init__(self, pin: "EdgeLevel", falling: int):
        self._pin = pin
        self._flag = asyncio.ThreadSafeFlag()
        self._readable = Readable(self._flag, _GUARD_MS)
        pin.irq(self._set, falling)

    def _set(self, pin: object) -> None:
        self._flag.set()

    async def wait(self, timeout_ms: int) -> bool:
        """True once the line is low; False after timeout_ms, up to 5 ms late."""
        if not self._pin():
            return True
        self._flag.clear()
        if self._pin() and timeout_ms:
            await self._readable.wait(timeout_ms)
        return not self._pin()

"""PIOs that cost nothing while none of them runs.

rp2040py asks each after every instruction of the core: a seventh of all its time, and the terminal
has no use for them.
"""

from collections.abc import Callable
from typing import Any


class NoneRuns(zip):  # type: ignore[type-arg]  # cannot be said of zip when it runs
    """In the place of the chip's list of PIOs: going through it gives none, at no cost (an
    iterator at its end); each is there by its number, for pins and resets. Made by of()."""

    pios: list[Any]

    @classmethod
    def of(cls, pios: list[Any]) -> "NoneRuns":
        """pios: the chip's."""
        made = cls()
        made.pios = pios
        return made

    def __getitem__(self, number: int) -> Any:
        return self.pios[number]


class Registers:
    """A PIO on the chip's bus. on_start: called when one of its machines runs."""

    def __init__(self, pio: Any, on_start: Callable[[], None]) -> None:
        self._pio, self._on_start = pio, on_start

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pio, name)

    def write_uint32_atomic(self, offset: int, value: int, kind: int) -> None:
        """As the PIO's own."""
        self._pio.write_uint32_atomic(offset, value, kind)
        if not self._pio.stopped:
            self._on_start()

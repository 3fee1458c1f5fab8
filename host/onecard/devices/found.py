"""One thing that was found, whatever state it is in."""

from __future__ import annotations

from dataclasses import dataclass

TERMINAL = "terminal"
BARE = "micropython"  # a MicroPython prompt without our terminal at work
BOOTSEL = "bootsel"  # an RP2040 that shows its drive
ROM = "esp rom"  # an Espressif chip that waits in its ROM loader
BUSY = "busy"  # another program has the port
SILENT = "silent"  # nothing that is known here answers
UNASKED = "not asked"  # a port that may be anything's


@dataclass(frozen=True)
class Found:
    """device: port or drive. key: the same for one thing in all its states (its USB socket).

    board, version, terminal, state: empty if not known. unread: records that the terminal still
    holds, None if not known. image: digest of the frozen modules, hex. note: what to do about it.
    """

    device: str
    kind: str
    key: str = ""
    board: str = ""
    version: str = ""
    terminal: str = ""
    state: str = ""
    unread: int | None = None
    image: str = ""
    note: str = ""

"""How flashing one device ended."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import OneCardError

UNCHANGED = "unchanged"  # hashes are equal: nothing was written
DONE = "done"
WOULD = "would be done"  # --dry-run
REFUSED = "refused"  # nothing was touched
SKIPPED = "skipped"  # nothing that could be flashed, or nothing was given for it
FAILED = "failed"
OF_FAILURE = (REFUSED, FAILED)


class FlashError(OneCardError):
    """The device may be half done; the same command again makes it whole."""


class FlashRefused(OneCardError):
    """Nothing was touched."""


class FlashSkipped(OneCardError):
    """Nothing to do with this one."""


@dataclass
class Outcome:
    """device, terminal: which. result: one of the above. before, now: firmware. text: what was
    done, or why not. written: bytes given to it. seconds: it took so long."""

    device: str
    terminal: str = ""
    result: str = FAILED
    before: str = ""
    now: str = ""
    text: str = ""
    written: int = 0
    seconds: float = 0.0

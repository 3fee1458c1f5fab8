"""The update slots in the Pico's flash: what the boot selector needs. _boot.py mounts files."""

import flashmap
import machine
import rp2
import vfs
from base import DIGEST

_WATCHDOG_MS = 8000  # it counts to 8.3 s
_CLEAR_CTRL = 0x4005B000  # data sheet 2.1.2 and 4.7.6: writing here clears bits of WATCHDOG_CTRL
_ENABLE = 1 << 30


class Watchdog:
    """machine.WDT, and a way to stop it."""

    def __init__(self) -> None:
        self._wdt = machine.WDT(timeout=_WATCHDOG_MS)

    def feed(self) -> None:
        """Not hung."""
        self._wdt.feed()

    def stop(self) -> None:
        """Not watched any more."""
        machine.mem32[_CLEAR_CTRL] = _ENABLE


class Slots:
    """See boards/README.md."""

    root = ""
    size = flashmap.SLOT_SIZE
    base = DIGEST

    def flash(self, slot: int) -> rp2.Flash:
        """The slot as a block device; read as a buffer it is the flash itself."""
        start = flashmap.SLOTS_START + (slot - 1) * flashmap.SLOT_SIZE
        return rp2.Flash(start=start, len=flashmap.SLOT_SIZE)

    image = flash

    def mount(self, slot: int, start: int, path: str) -> None:
        """Mount the ROM file system that begins at byte `start` of the slot, executed in place."""
        vfs.mount(vfs.VfsRom(memoryview(self.flash(slot))[start:]), path)

    def watchdog(self) -> Watchdog:
        """A watchdog that runs from now on."""
        return Watchdog()

    def reset(self) -> None:
        """Start anew."""
        machine.reset()


def make() -> Slots:
    """The slots."""
    return Slots()

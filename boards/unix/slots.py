"""The files and the update slots on the bench's flash: what the boot selector needs."""

import machine
import vfs
from base import DIGEST
from bench import Flash

ROOT = "/terminal"
SLOTS_START = 32 * 1024  # the files lie before them
SLOT_SIZE = 32 * 1024
_WATCHDOG_MS = 8000


class Slots:
    """See boards/README.md."""

    root = ROOT
    size = SLOT_SIZE
    base = DIGEST

    def __init__(self):
        files = Flash(0, SLOTS_START)
        head = bytearray(4096)
        files.readblocks(0, head, 0)
        if head == b"\xff" * 4096:
            vfs.VfsLfs2.mkfs(files, progsize=256)
        vfs.mount(vfs.VfsLfs2(files, progsize=256), ROOT)

    def flash(self, slot):
        """The slot as a block device."""
        return Flash(SLOTS_START + (slot - 1) * SLOT_SIZE, SLOT_SIZE)

    def image(self, slot):
        """The slot's bytes."""
        image = bytearray(SLOT_SIZE)
        self.flash(slot).readblocks(0, image, 0)
        return image

    def mount(self, slot, start, path):
        """Mount the ROM file system that begins at byte `start` of the slot."""
        vfs.mount(vfs.VfsRom(memoryview(self.image(slot))[start:]), path)

    def watchdog(self):
        """A watchdog that runs from now on."""
        return machine.WDT(_WATCHDOG_MS)

    def reset(self):
        """Start anew."""
        machine.reset()


def make():
    """The slots, the files mounted."""
    return Slots()

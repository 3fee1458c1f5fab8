"""The contract of every display, and what all of them share: sending only what changed.

A display has `width` and `height` in pixels, `buffer`, and `show()`. The buffer is one picture of
one bit a pixel in the layout that framebuf calls MONO_VLSB (byte page * width + x; bit 0 is the
upper of the page's eight rows; 1 is ink), whatever the panel: a colour panel has two colours. So
what draws needs not know the panel, and 320 x 240 pixels cost 1.3 kB and not 150 kB.
"""

import framebuf
from micropython import const

BLOCK = const(16)  # columns; changes are found and sent in whole blocks


class DisplayError(OSError):
    """The panel did not take what it was sent. The next show() sets it up and sends all again."""


class Display:
    """width: a multiple of 16, height: of 8, pixels. Raises ValueError for others."""

    width = 0
    height = 0

    def __init__(self, width: int, height: int):
        if width <= 0 or height <= 0 or width % BLOCK or height % 8:
            raise ValueError("a display of %d x %d pixels" % (width, height))
        self.width = width
        self.height = height
        self.buffer = bytearray(width * height // 8)
        self._sent = bytearray(len(self.buffer))
        self._is_known = False  # whether the panel holds what `_sent` says
        # Slices allocate; these are made once. Comparing them is C's work: a look at every byte
        # in Python takes longer than sending it does on SPI.
        self._new = _parts(self.buffer, width)
        self._old = _parts(self._sent, width)
        self._new_blocks = _parts(self.buffer, BLOCK)
        self._old_blocks = _parts(self._sent, BLOCK)
        # framebuf as a copier of bytes: GS8 has one to a pixel.
        self._bytes = framebuf.FrameBuffer(self.buffer, width, height // 8, framebuf.GS8)
        self._rows = [framebuf.FrameBuffer(old, width, 1, framebuf.GS8) for old in self._old]
        self._first = self._count = 0

    def show(self) -> None:
        """Send what differs from what the panel holds; nothing if nothing does.

        Raises DisplayError. Allocates nothing once the panel has been set up.
        """
        try:
            if self._is_known:
                self._send_changes()
                return
            self._set_up()
            for page in range(self.height // 8):
                self._send(page, 0, self.width)
            self._sent[:] = self.buffer
            self._switch_on()
            self._is_known = True
        except OSError as error:
            self._is_known = False
            raise DisplayError(*error.args)

    def _send_changes(self) -> None:
        for page in range(self.height // 8):
            if self._new[page] == self._old[page]:
                continue
            self._find_range(page)
            self._send(page, self._first, self._count)
            self._rows[page].blit(self._bytes, 0, -page)

    def _find_range(self, page: int) -> None:
        """Put the columns of a page that differ into _first and _count, in whole blocks."""
        new, old, width = self._new_blocks, self._old_blocks, self.width // BLOCK
        start = first = page * width
        last = start + width - 1
        while new[first] == old[first]:
            first += 1
        while new[last] == old[last]:
            last -= 1
        self._first, self._count = (first - start) * BLOCK, (last - first + 1) * BLOCK

    # -- what a panel's driver does ---------------------------------------------------------

    def _set_up(self) -> None:
        """Bring the panel from any state to one that takes pictures; what it shows is hidden."""
        raise DisplayError("no panel")

    def _send(self, page: int, first: int, count: int) -> None:
        """Send columns first..first+count-1 of `buffer`'s page. count: a multiple of BLOCK."""
        raise DisplayError("no panel")

    def _switch_on(self) -> None:
        """The whole picture is in the panel: let it be seen."""
        raise DisplayError("no panel")


def _parts(buffer: bytearray, size: int) -> "list[memoryview]":
    view = memoryview(buffer)
    return [view[at : at + size] for at in range(0, len(buffer), size)]

"""The contract of every display, and what all of them share: sending only what changed.

A display has `width` and `height` in pixels, `buffer`, and `show()`. The buffer is one picture of
one bit a pixel in the layout that framebuf calls MONO_VLSB (byte page * width + x; bit 0 is the
upper of the page's eight rows; 1 is ink), whatever the panel: a colour panel has two colours. So
what draws needs not know the panel, and 320 x 240 pixels cost 9.6 kB and not 150 kB. Which two
colours may be another pair in each page.
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
        self._is_recoloured = bytearray(height // 8)  # pages whose colours the panel has not got
        # Slices allocate; these are made once. Comparing them is C's work: a look at every byte
        # in Python takes longer than sending it does on SPI.
        self._new = _parts(self.buffer, width)
        self._old = _parts(self._sent, width)
        # framebuf as a copier of bytes: GS8 has one to a pixel.
        self._bytes = framebuf.FrameBuffer(self.buffer, width, height // 8, framebuf.GS8)
        self._rows = [framebuf.FrameBuffer(old, width, 1, framebuf.GS8) for old in self._old]
        # A page as it is to be and as it was sent, to be compared block by block.
        pair = bytearray(2 * width)
        self._pair = [framebuf.FrameBuffer(p, width, 1, framebuf.GS8) for p in _parts(pair, width)]
        self._blocks = _parts(pair, BLOCK)
        self._first = self._count = 0

    def colours(self, first_page: int, pages: int, ink: int, paper: int) -> None:
        """Give pages of 8 rows another pair of colours, RGB565, from the next show() on.

        Nothing on a panel of one colour.
        """

    def brightness(self, percent: int) -> None:
        """Set it, 1 to 100, from the next show() on. Nothing on a panel that cannot."""

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
            for page in range(self.height // 8):
                self._is_recoloured[page] = 0
            self._switch_on()
            self._is_known = True
        except OSError as error:
            self._is_known = False
            raise DisplayError(*error.args)

    def _send_changes(self) -> None:
        for page in range(self.height // 8):
            if self._is_recoloured[page]:
                self._send(page, 0, self.width)
                self._is_recoloured[page] = 0
            elif self._new[page] == self._old[page]:
                continue
            else:
                self._find_range(page)
                self._send(page, self._first, self._count)
            self._rows[page].blit(self._bytes, 0, -page)

    def _find_range(self, page: int) -> None:
        """Put the columns of a page that differ into _first and _count, in whole blocks."""
        blocks, width, first = self._blocks, self.width // BLOCK, 0
        self._pair[0].blit(self._bytes, 0, -page)
        self._pair[1].blit(self._rows[page], 0, 0)
        last = width - 1
        while blocks[first] == blocks[width + first]:
            first += 1
        while blocks[last] == blocks[width + last]:
            last -= 1
        self._first, self._count = first * BLOCK, (last - first + 1) * BLOCK

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

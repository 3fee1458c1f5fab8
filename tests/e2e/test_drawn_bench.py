"""`onecard sim` in a shell: keys go in through a pseudo-terminal, its window is read as drawn."""

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time

import pyte
import pytest
from command import ONECARD
from onecard.build import glyphs
from onecard.build.sources import project_root
from onecard.sim.screen import ScreenReader

pytestmark = pytest.mark.usefixtures("unix_image")

COLUMNS, ROWS = 140, 48
INKS = " ▀▄█"
WAIT_S = 60


class Shell:
    """A shell's window with `onecard sim` in it. A context."""

    def __init__(self, folder, *options):
        self._command = [str(ONECARD), "sim", "--state", str(folder), *options]
        self._screen = pyte.Screen(COLUMNS, ROWS)
        self._stream = pyte.ByteStream(self._screen)
        shapes = glyphs.load_module(project_root() / "build" / "gen" / "terminal" / "ui")
        self._reader = ScreenReader(shapes)
        self._drawn, self._text = [], []  # what was read last

    def __enter__(self):
        self._master, self._slave = pty.openpty()
        size = struct.pack("HHHH", ROWS, COLUMNS, 0, 0)
        fcntl.ioctl(self._slave, termios.TIOCSWINSZ, size)
        self._before = termios.tcgetattr(self._slave)
        own = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES")}
        self.process = subprocess.Popen(
            self._command,
            stdin=self._slave,
            stdout=self._slave,
            stderr=self._slave,
            env=own | {"TERM": "xterm-256color"},
            start_new_session=True,
        )
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        os.close(self._master)
        os.close(self._slave)

    def press(self, text):
        """Keys as the shell sends them."""
        os.write(self._master, text.encode())

    @property
    def rows(self):
        """The window's text."""
        return self._screen.display

    @property
    def terminal(self):
        """The rows of text on the terminal's display, read off its drawn pixels."""
        drawn = [row[1:129] for row in self.rows if row[0] == "│"][:32]
        if len(drawn) < 32 or any(c not in INKS for row in drawn for c in row):
            return []
        if drawn != self._drawn:
            raw = bytearray(1024)
            for y, row in enumerate(drawn):
                for x, ink in enumerate(row):
                    raw[y // 4 * 128 + x] |= INKS.index(ink) << y % 4 * 2
            self._drawn, self._text = drawn, self._reader.read(bytes(raw))
        return self._text

    def until(self, is_it, what):
        """Take what the program draws until is_it() is true."""
        deadline = time.monotonic() + WAIT_S
        while not is_it():
            left = deadline - time.monotonic()
            assert self._has_more(left), "\n".join([f"not seen: {what}", *self.rows])
            while self._has_more(0.0):  # a window is looked at when it has been drawn
                self._stream.feed(os.read(self._master, 65536))

    def _has_more(self, wait_s):
        return bool(select.select([self._master], [], [], max(0.0, wait_s))[0])

    def shows(self, text):
        """The terminal's display says this."""
        self.until(lambda: any(text in row for row in self.terminal), text)

    def has(self, text):
        """The window has this text somewhere around it."""
        self.until(lambda: any(text in row for row in self.rows), text)

    def is_restored(self):
        """True if the shell's terminal is as it was."""
        return termios.tcgetattr(self._slave) == self._before


def test_a_day_at_the_drawn_terminal(tmp_path):
    with Shell(tmp_path, "--price", "12.00") as at:
        at.shows("请刷卡")
        at.has("host connected")
        at.press("t")
        at.shows("支付成功")
        at.has("a    88.00")
        at.has("debited  done")
        at.shows("请刷卡")  # the hand took the card away
        at.press("7\r")
        at.shows("¥7.00")
        at.press("\t\x1b[C\x1b[Ckt")  # d stays
        at.shows("支付成功")
        at.has("◉d    53.00")
        at.press("x\r")  # and is pulled away
        at.until(lambda: not any("◉" in row for row in at.rows), "an empty reader")
        at.shows("请刷卡")
        at.press("\x1bOP")  # F1
        at.shows("操作菜单")
        at.press("\x1b")
        at.shows("请刷卡")
        at.press("stoken\r")
        at.has("scanned token")
        at.press("fy\r")
        at.has("journal filled")
        at.shows("记录已满")
        at.has("host connected")
        at.press("c")
        at.has("records collected")
        at.shows("请刷卡")
        at.press("u")
        at.has("host unplugged")
        at.press("p")
        at.has("power OFF")
        at.until(lambda: at.terminal == [""] * 4, "a dark display")
        at.press("p")
        at.shows("请刷卡")
        at.press(":power up\r")
        at.has("on, off or cut=N")
        at.press("q")
        assert at.process.wait(WAIT_S) == 0 and at.is_restored()

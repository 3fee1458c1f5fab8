"""A simulated PN532 on a pseudo-terminal, in real time, for drivers that are not ours."""

import os
import pty
import select
import threading
import time
import tty
from collections import deque

from onecard.sim.chips.pn532 import PN532Chip
from onecard.sim.field import Field


class PN532OnPty:
    """A context: path is the terminal to hand to a driver, field the air. Serves in a thread.

    Delays are kept on the host's clock; the baud rate of a pseudo-terminal is of no effect.
    """

    def __init__(self) -> None:
        self.field = Field()
        self._queue: deque[tuple[float, bytes]] = deque()
        self.chip = PN532Chip(self.field, self._send)
        self.log: list[str] = []
        self._received = 0
        self._has_read = threading.Condition()

    def __enter__(self) -> "PN532OnPty":
        self._fd, self._slave = pty.openpty()
        tty.setraw(self._slave)
        self.path = os.ttyname(self._slave)
        self._is_over = False
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over = True
        self._thread.join(2)
        os.close(self._fd)
        os.close(self._slave)

    def wait_received(self, count: int, timeout_s: float = 10) -> None:
        """Until the chip has taken this many bytes in all. Raises TimeoutError."""
        with self._has_read:
            if not self._has_read.wait_for(lambda: self._received >= count, timeout_s):
                raise TimeoutError(f"{self._received} of {count} bytes came to the PN532")

    def _send(self, data: bytes, after_us: float):
        item = (time.monotonic() + after_us / 1e6, data)
        self._queue.append(item)

        def cancel() -> bool:
            if item in self._queue:
                self._queue.remove(item)
                return True
            return False

        return cancel

    def _serve(self) -> None:
        while not self._is_over:
            wait = 0.02
            if self._queue:
                wait = min(wait, max(0.0, self._queue[0][0] - time.monotonic()))
            if select.select([self._fd], [], [], wait)[0]:
                data = os.read(self._fd, 4096)
                self.log.append("> " + data.hex())
                self.chip.feed(data)
                with self._has_read:
                    self._received += len(data)
                    self._has_read.notify_all()
            while self._queue and self._queue[0][0] <= time.monotonic():
                data = self._queue.popleft()[1]
                self.log.append("< " + data.hex())
                os.write(self._fd, data)

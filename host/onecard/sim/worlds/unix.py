"""The world of the unix-port terminal: the real firmware binary, its chips at byte level.

The PN532 is on a PTY, the link is the other end of the terminal's own stdin and stdout, and the
flash, display, buzzer, keys and clock answer over two pipes (boards/unix/shim/bench.py has the
frames). One thread: whoever owns the world calls `step()` again and again.
"""

from __future__ import annotations

import heapq
import itertools
import os
import pty
import selectors
import struct
import subprocess
import time
import tty
from collections import deque
from collections.abc import Callable
from pathlib import Path

from onecard.sim.chips.pn532 import PN532Chip
from onecard.sim.chips.ssd1306 import SSD1306Chip
from onecard.sim.field import Field
from onecard.sim.flash import NORFlash, PowerCut
from onecard.sim.worlds.base import BENCH_FLASH_SIZE, FILES_SIZE, Events

_DISPLAY_ADDRESS = 0x3C


class UnixWorld:
    """binary: the terminal built by `onecard build unix`. folder: where its flash lives.

    reader: the tty of a PN532 to use in the simulated one's place. time_scale: how much of the
    chips' own time passes for real; 0 answers at once.
    """

    name = "unix"

    def __init__(
        self,
        binary: Path,
        folder: Path,
        reader: str | None = None,
        time_scale: float = 1.0,
        unique_id: str = "0000000000000001",
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.field = Field()
        self.events = Events()
        self.flash = NORFlash(BENCH_FLASH_SIZE, folder / "flash.bin")
        self.display = SSD1306Chip()
        self.is_on = False
        self._binary, self._folder, self._reader = binary, folder, reader
        self._scale, self._unique_id = time_scale, unique_id
        self._clock_offset_s = 0
        self._keys: deque[str] = deque()
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._selector = selectors.DefaultSelector()
        self._process: subprocess.Popen[bytes] | None = None
        self._link_master, self._link_slave = pty.openpty()
        tty.setraw(self._link_slave)
        self.link_path = os.ttyname(self._link_slave)
        self.chip: PN532Chip | None = None
        self._uart_path = reader or self._open_uart()
        self._bench_handlers = {
            "R": self._read_flash,
            "W": self._program_flash,
            "E": self._erase_flash,
            "I": self._i2c,
            "G": self._pin,
            "K": lambda _: self._keys.popleft().encode() if self._keys else b"",
            "T": lambda _: struct.pack("<I", int(time.time()) + self._clock_offset_s),
            "S": self._set_clock,
        }

    def _open_uart(self) -> str:
        self._uart_master, slave = pty.openpty()
        self._uart_slave = slave
        tty.setraw(slave)
        os.set_blocking(self._uart_master, False)
        self.chip = PN532Chip(self.field, self._send_uart)
        self._selector.register(self._uart_master, selectors.EVENT_READ, self._feed_chip)
        return os.ttyname(slave)

    # -- power ---------------------------------------------------------------------

    def power_on(self) -> None:
        """Start the terminal on the flash as it is."""
        if self.is_on:
            return
        self.flash.power_on()
        self.display.power_on()
        if self.chip is not None:
            self.chip.power_on()
        to_terminal, from_terminal = os.pipe(), os.pipe()
        environment = {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "ONECARD_BENCH": f"{to_terminal[0]},{from_terminal[1]}",
            "ONECARD_UART1": self._uart_path,
            "ONECARD_UNIQUE_ID": self._unique_id,
        }
        log = (self._folder / "terminal.log").open("ab")
        stdio = os.dup(self._link_master)
        os.set_blocking(stdio, False)
        self._process = subprocess.Popen(
            [str(self._binary), "-m", "main"],
            stdin=stdio,
            stdout=stdio,
            stderr=log,
            env=environment,
            pass_fds=(to_terminal[0], from_terminal[1]),
        )
        for fd in (to_terminal[0], from_terminal[1], stdio):
            os.close(fd)
        log.close()
        self._to_terminal, self._from_terminal = to_terminal[1], from_terminal[0]
        self._selector.register(self._from_terminal, selectors.EVENT_READ, self._serve_bench)
        self.is_on = True
        self.events.power(True)

    def power_off(self) -> None:
        """Take the power away at once, whatever is being done."""
        if not self.is_on or self._process is None:
            return
        self._process.kill()
        self._process.wait()
        self._selector.unregister(self._from_terminal)
        os.close(self._from_terminal)
        os.close(self._to_terminal)
        self.is_on = False
        self._timers.clear()
        self.events.power(False)

    def close(self) -> None:
        """Power off and let go of everything."""
        self.power_off()
        for fd in (self._link_master, self._link_slave):
            os.close(fd)
        if self.chip is not None:
            self._selector.unregister(self._uart_master)
            os.close(self._uart_master)
            os.close(self._uart_slave)
        self._selector.close()
        self.flash.close()

    def cut_power_at(self, operation: int, mode: str, seed: int = 1) -> None:
        """Power fails in the n-th flash operation from now on; see NORFlash.cut_at."""
        self.flash.cut_at(operation, mode, seed)

    # -- time ----------------------------------------------------------------------

    @property
    def now_ms(self) -> float:
        """Milliseconds that pass for the terminal."""
        return time.monotonic() * 1000

    def step(self, timeout_s: float = 0.02) -> None:
        """Serve what is due, waiting at most timeout_s for something to be."""
        now = time.monotonic()
        if self._timers:
            timeout_s = max(0.0, min(timeout_s, self._timers[0][0] - now))
        for key, _ in self._selector.select(timeout_s):
            key.data()
        now = time.monotonic()
        while self._timers and self._timers[0][0] <= now:
            heapq.heappop(self._timers)[2]()
        if self.is_on and self._process is not None and self._process.poll() is not None:
            self.power_off()  # it ended by itself: service mode, or a crash told in its log

    def press(self, key: str) -> None:
        """Press a key: "0" to "9", ".", "confirm", "cancel"."""
        self._keys.append(key)

    def framebuffer(self) -> bytes:
        """The display as it is seen: 1024 bytes, MONO_VLSB."""
        return self.display.framebuffer()

    def journal_read(self, address: int, size: int) -> bytes:
        """Bytes of the journal's flash as they are now; address from its start."""
        return bytes(self.flash.memory[FILES_SIZE + address : FILES_SIZE + address + size])

    # -- the PN532's UART ------------------------------------------------------------

    def _feed_chip(self) -> None:
        try:
            data = os.read(self._uart_master, 4096)
        except OSError:
            return
        assert self.chip is not None
        self.chip.feed(data)

    def _send_uart(self, data: bytes, after_us: float) -> Callable[[], bool]:
        state = {"gone": False, "sent": False}

        def deliver() -> None:
            if not state["gone"]:
                state["sent"] = True
                os.write(self._uart_master, data)

        def cancel() -> bool:
            state["gone"] = True
            return not state["sent"]

        due = time.monotonic() + after_us * self._scale / 1e6
        heapq.heappush(self._timers, (due, next(self._order), deliver))
        return cancel

    # -- the bench pipes -----------------------------------------------------------------

    def _serve_bench(self) -> None:
        head = self._take(3)
        if head is None:
            return
        op, size = chr(head[0]), head[1] | head[2] << 8
        arguments = self._take(size) if size else b""
        if arguments is None:
            return
        try:
            answer = self._bench_handlers[op](arguments)
        except PowerCut:
            self.power_off()
            return
        os.write(self._to_terminal, struct.pack("<H", len(answer)) + answer)

    def _take(self, size: int) -> bytes | None:
        data = b""
        while len(data) < size:
            part = os.read(self._from_terminal, size - len(data))
            if not part:  # the process has ended; step() notices
                self.power_off()
                return None
            data += part
        return data

    def _read_flash(self, arguments: bytes) -> bytes:
        return self.flash.read(*struct.unpack("<IH", arguments))

    def _program_flash(self, arguments: bytes) -> bytes:
        address = struct.unpack_from("<I", arguments)[0]
        self.flash.program(address, arguments[4:])
        if address >= FILES_SIZE:
            self.events.programmed_at(address - FILES_SIZE)
        return b""

    def _erase_flash(self, arguments: bytes) -> bytes:
        self.flash.erase(struct.unpack("<I", arguments)[0])
        return b""

    def _i2c(self, arguments: bytes) -> bytes:
        if arguments[0] == _DISPLAY_ADDRESS:
            self.display.write(arguments[1:])
            self.events.screen_changed(self.now_ms)
        return b""

    def _pin(self, arguments: bytes) -> bytes:
        self.events.buzzer(arguments[1], self.now_ms)
        return b""

    def _set_clock(self, arguments: bytes) -> bytes:
        self._clock_offset_s = struct.unpack("<I", arguments)[0] - int(time.time())
        return b""

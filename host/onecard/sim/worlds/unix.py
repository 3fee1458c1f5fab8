"""The world of the unix-port terminal: the real firmware binary, its chips at byte level.

UARTs are PTYs, the link is the other end of the terminal's own stdin and stdout; flash, the other
buses, pins, keys and clock answer over two pipes (boards/unix/shim/bench.py has the frames). One
thread: whoever owns the world calls `step()` again and again.
"""

from __future__ import annotations

import os
import pty
import selectors
import shutil
import struct
import subprocess
import time
import tty
from collections import deque
from pathlib import Path

from onecard.sim.field import Field
from onecard.sim.flash import NORFlash, PowerCut
from onecard.sim.picture import Picture
from onecard.sim.terminal_parts import DISPLAYS, READER_UART, READERS, TerminalParts
from onecard.sim.timers import RealTimers
from onecard.sim.worlds.base import BENCH_FLASH_SIZE, JOURNAL_START, Events
from onecard.sim.worlds.unix_wiring import PtyUart, bus_handlers

_POWER_ON, _RESET = 1, 3  # as machine.reset_cause()


class UnixWorld:
    """binary: the terminal built by `onecard build unix`. folder: where its flash lives.

    reader: the tty of a PN532 to use in the simulated one's place. time_scale: how much of the
    chips' own time passes for real; 0 answers at once. chip: the simulated reader, of
    terminal_parts.READERS. display: of terminal_parts.DISPLAYS.
    """

    name = "unix"
    is_real_time = True

    def __init__(
        self,
        binary: Path,
        folder: Path,
        reader: str | None = None,
        time_scale: float = 1.0,
        unique_id: str = "0000000000000001",
        chip: str = READERS[0],
        display: str = DISPLAYS[0],
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.field = Field()
        self.events = Events()
        self.flash = NORFlash(BENCH_FLASH_SIZE, folder / "flash.bin")
        self.is_on = False
        self._binary, self._folder = binary, folder
        self._timers = RealTimers(time_scale)
        self.parts = TerminalParts(
            None if reader else chip, self.field, self._timers, True, display
        )
        self.parts.display.on_change = lambda: self.events.screen_changed(self.now_ms)
        self.parts.buzzer.listen(lambda level: self.events.buzzer(level, self.now_ms))
        self._unique_id, self._display = unique_id, display
        self._clock_offset_s = 0
        self._keys: deque[str] = deque()
        self.resets = 0
        self._wants_reset = False
        self.watchdog_scale = 1.0  # how much of its time passes for real
        self._watchdog_s: float | None = None  # when it bites
        self._selector = selectors.DefaultSelector()
        self._process: subprocess.Popen[bytes] | None = None
        self._link_master, self._link_slave = pty.openpty()
        tty.setraw(self._link_slave)
        self.link_path = os.ttyname(self._link_slave)
        self._uarts = {
            number: PtyUart(part, self._timers, self._selector)
            for number, part in self.parts.wiring.uart.items()
        }
        self._uart_paths = {number: uart.path for number, uart in self._uarts.items()}
        if reader is not None:
            self._uart_paths[READER_UART] = reader
        self._bench_handlers = {
            "R": self._read_flash,
            "W": self._program_flash,
            "E": self._erase_flash,
            "K": lambda _: self._keys.popleft().encode() if self._keys else b"",
            "T": lambda _: struct.pack("<I", int(time.time()) + self._clock_offset_s),
            "S": self._set_clock,
            "D": self._watch,
            "Z": self._ask_reset,
            **bus_handlers(self.parts.wiring),
        }

    # -- power ---------------------------------------------------------------------

    def power_on(self) -> None:
        """Start the terminal on the flash as it is."""
        if self.is_on:
            return
        self.flash.power_on()
        self.parts.wiring.power_on()
        self._start(_POWER_ON)
        self.events.power(True)

    def _start(self, cause: int) -> None:
        """Have the processor run from its beginning. cause: as machine.reset_cause()."""
        self._wants_reset, self._watchdog_s = False, None
        to_terminal, from_terminal = os.pipe(), os.pipe()
        environment = {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "ONECARD_BENCH": f"{to_terminal[0]},{from_terminal[1]}",
            "ONECARD_UNIQUE_ID": self._unique_id,
            "ONECARD_RESET_CAUSE": str(cause),
            "ONECARD_DISPLAY": self._display,
            **{f"ONECARD_UART{number}": path for number, path in self._uart_paths.items()},
        }
        log = (self._folder / "terminal.log").open("ab")
        stdio = os.dup(self._link_master)
        os.set_blocking(stdio, False)
        self._process = subprocess.Popen(
            [*_dies_with_us(), str(self._binary), "-m", "main"],
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

    def power_off(self) -> None:
        """Take the power away at once, whatever is being done."""
        if not self.is_on:
            return
        self._stop()
        self._timers.clear()
        self._keys.clear()
        self.events.power(False)

    def _stop(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self._selector.unregister(self._from_terminal)
        os.close(self._from_terminal)
        os.close(self._to_terminal)
        self.is_on = False

    def _reset(self) -> None:
        """The processor starts anew; flash and the other chips keep their power."""
        self._stop()
        self.resets += 1
        self._start(_RESET)

    def close(self) -> None:
        """Power off and let go of everything."""
        self.power_off()
        for fd in (self._link_master, self._link_slave):
            os.close(fd)
        for uart in self._uarts.values():
            uart.close()
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
        for key, _ in self._selector.select(self._timers.wait_s(timeout_s)):
            key.data()
        self._timers.run_due()
        bites = self._watchdog_s is not None and time.monotonic() > self._watchdog_s
        if self.is_on and (bites or self._wants_reset):
            self._reset()
        elif self.is_on and self._process is not None and self._process.poll() is not None:
            self.power_off()  # it ended by itself: service mode, or a crash told in its log

    def press(self, key: str) -> None:
        """Press a key by its name (terminal_parts.KEYS); a dark terminal does not notice."""
        if self.is_on:
            self._keys.append(key)

    def picture(self) -> Picture:
        """The display as it is seen."""
        return self.parts.picture()

    def framebuffer(self) -> bytes:
        """The display's ink, MONO_VLSB: 1024 bytes, or 9600 of a large one."""
        return self.parts.framebuffer()

    def journal_read(self, address: int, size: int) -> bytes:
        """Bytes of the journal's flash as they are now; address from its start."""
        return bytes(self.flash.memory[JOURNAL_START + address : JOURNAL_START + address + size])

    def journal_write(self, address: int, data: bytes) -> None:
        """Put bytes into the journal's flash, as a programmer would. Raises RuntimeError if on."""
        if self.is_on:
            raise RuntimeError("its flash is programmed while the power is off")
        start = JOURNAL_START + address
        self.flash.memory[start : start + len(data)] = data

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
            if not part:  # the process has ended
                if not self._wants_reset:
                    self.power_off()
                return None
            data += part
        return data

    def _read_flash(self, arguments: bytes) -> bytes:
        return self.flash.read(*struct.unpack("<IH", arguments))

    def _program_flash(self, arguments: bytes) -> bytes:
        address = struct.unpack_from("<I", arguments)[0]
        self.flash.program(address, arguments[4:])
        if address >= JOURNAL_START:
            self.events.programmed_at(address - JOURNAL_START)
        return b""

    def _erase_flash(self, arguments: bytes) -> bytes:
        address = struct.unpack("<I", arguments)[0]
        self.flash.erase(address)
        if address >= JOURNAL_START:
            self.events.erased_at(address - JOURNAL_START)
        return b""

    def _set_clock(self, arguments: bytes) -> bytes:
        self._clock_offset_s = struct.unpack("<I", arguments)[0] - int(time.time())
        return b""

    def _watch(self, arguments: bytes) -> bytes:
        milliseconds = struct.unpack("<H", arguments)[0]
        waits_s = milliseconds / 1000 * self.watchdog_scale
        self._watchdog_s = time.monotonic() + waits_s if milliseconds else None
        return b""

    def _ask_reset(self, _: bytes) -> bytes:
        self._wants_reset = True
        return b""


def _dies_with_us() -> tuple[str, ...]:
    """Before the command, where there is util-linux: a bench that is killed leaves no terminal."""
    setpriv = shutil.which("setpriv")
    return (setpriv, "--pdeathsig", "KILL") if setpriv else ()

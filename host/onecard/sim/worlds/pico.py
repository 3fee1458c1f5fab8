"""The whole terminal on a virtual Pico: its parts on the buses and pins of boards/rp2_pico."""

import os
import pty
import tty
from collections.abc import Callable
from pathlib import Path
from typing import Any

from onecard.sim.field import Field
from onecard.sim.rp2040 import FLASH_SIZE, Bench
from onecard.sim.rp2040_wiring import PicoWiring, PinRecorder
from onecard.sim.terminal_parts import READERS, TerminalParts
from onecard.sim.timers import AlarmTimers


class PicoWorld:
    """A terminal from power-up on.

    image: the UF2; None if flash holds the firmware already. flash: up to 2 MiB, an earlier
    flash_image(); the UF2 is laid over it. field: the air, an own one if not given.
    extra: further devices with attach(mcu). is_timed: flash takes its data-sheet time. reader:
    which one is fitted, of terminal_parts.READERS; parts: the terminal's parts and their wiring.
    """

    def __init__(
        self,
        image: str | Path | None = None,
        flash: bytes | None = None,
        field: Field | None = None,
        seed: int = 1,
        unique_id: bytes = b"\0BENCH\0\1",
        extra: tuple[Any, ...] = (),
        is_timed: bool = True,
        reader: str = READERS[0],
    ) -> None:
        self.field = field or Field()
        self.timers = AlarmTimers()
        self.parts = TerminalParts(reader, self.field, self.timers)
        self.buzzer = PinRecorder(self.parts.buzzer, self.timers.now_us)
        self._devices = (self.timers, PicoWiring(self.parts.wiring), *extra)
        self._seed, self._unique_id, self._is_timed = seed, unique_id, is_timed
        self._pty: tuple[int, int] | None = None
        self._to_pty = bytearray()
        self.boots = 0
        self._power_up(image, flash)

    def _power_up(self, image: str | Path | None, flash: bytes | None) -> None:
        self.boots += 1
        self.bench = Bench(
            image,
            flash,
            self._devices,
            seed=self._seed + self.boots,
            unique_id=self._unique_id,
            is_timed=self._is_timed,
        )

    @property
    def us(self) -> float:
        """Simulated time since the last power-up, microseconds."""
        return self.bench.us

    @property
    def buzzer_events(self) -> list[tuple[float, bool]]:
        """(time in us since power-up, level) of each change of the buzzer's pin."""
        return self.buzzer.events

    def boot(self, ms: float = 3000) -> None:
        """Run until the USB port is there. Raises TimeoutError, PowerCut."""
        self.bench.boot(ms)

    def run(
        self, ms: float, until: Callable[[], object] | None = None, every_ms: float = 1.0
    ) -> bool:
        """Run simulated time; see Bench.run. Raises PowerCut if the power fails."""
        return self.bench.run(ms, until, every_ms)

    def exec(self, code: str, ms: float = 10_000) -> str:
        """Run code in the raw REPL on the USB port; see Bench.exec."""
        return self.bench.exec(code, ms)

    def framebuffer(self) -> bytes:
        """What the display shows, 1024 bytes MONO_VLSB."""
        return self.parts.framebuffer()

    # -- power and flash ------------------------------------------------------------

    def flash_image(self) -> bytes:
        """The whole flash, 2 MiB, firmware included."""
        return self.bench.flash()

    @property
    def flash_operations(self) -> list[tuple[int, int, int]]:
        """(opcode, address, size) of each erase (20, D8) and program (02) since power-up."""
        return self.bench.ssi.operations

    def cut_power_at(self, n: int, part: float | str = 0.5, seed: int = 1) -> None:
        """Power fails in the n-th flash operation from now on; run() then raises PowerCut.

        part: a fraction of the operation, or a mode of NORFlash.cut_at with its seed.
        """
        self.bench.cut_power_at(n, part, seed)

    def reboot(self, flash: bytes | None = None) -> None:
        """Power off and on again on the same flash (or on the one given); boot() comes next.

        The reader and the display lose power too, a card in the field stays where it is.
        """
        image = self.flash_image() if flash is None else flash
        if len(image) > FLASH_SIZE:
            raise ValueError(f"flash of {len(image)} bytes")
        self.field.switch(False)
        self._power_up(None, image)
        self.buzzer.events.clear()

    # -- the link ---------------------------------------------------------------------

    def link_write(self, data: bytes) -> None:
        """Bytes to the terminal's USB port. They wait until the firmware takes them."""
        self.bench.write(data)

    def link_read(self) -> bytes:
        """Bytes from the terminal since the last call."""
        return self.bench.read()

    def link_pty(self) -> str:
        """Serve the USB port on a pseudo-terminal from now on; returns the path to open."""
        if self._pty is None:
            fd, slave = pty.openpty()
            tty.setraw(slave)
            os.set_blocking(fd, False)
            self._pty = fd, slave
        return os.ttyname(self._pty[1])

    @property
    def pty_fd(self) -> int:
        """Our end of the pseudo-terminal, to wait on. Raises RuntimeError without link_pty()."""
        if self._pty is None:
            raise RuntimeError("link_pty() was not called")
        return self._pty[0]

    def serve_once(self, ms: float = 2.0) -> None:
        """One step for link_pty(): pass bytes in, run ms of simulated time, pass bytes out.

        Nothing is taken in before USB is enumerated, and not more than 4 KiB while the firmware
        still has bytes to take.
        """
        fd = self.pty_fd
        if self.bench.is_connected and self.bench.unsent < 4096:
            try:
                self.bench.write(os.read(fd, 4096))
            except BlockingIOError:
                pass
        self.run(ms)
        self._to_pty += self.link_read()
        if self._to_pty:
            try:
                del self._to_pty[: os.write(fd, self._to_pty)]
            except BlockingIOError:
                pass

    def close(self) -> None:
        """Close the pseudo-terminal."""
        if self._pty is not None:
            for fd in self._pty:
                os.close(fd)
            self._pty = None

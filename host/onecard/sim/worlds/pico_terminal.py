"""The virtual Pico as a World: powered on and off at will, paced by the host's clock."""

from __future__ import annotations

import select
import time
from pathlib import Path

from onecard.sim.flash import PowerCut
from onecard.sim.rp2040 import FLASH_SIZE
from onecard.sim.worlds.base import BENCH_FLASH_SIZE, FILES_SIZE, JOURNAL_SIZE, Events
from onecard.sim.worlds.pico import PicoWorld

_STEP_MS = 2.0
_JOURNAL_START = FLASH_SIZE - BENCH_FLASH_SIZE + FILES_SIZE  # storage ends the flash
_BLANK = b"\xff" * FLASH_SIZE


class PicoTerminal:
    """image: the UF2 to flash. folder: where flash.bin (2 MiB, firmware included) lives.

    The UF2 is laid over flash.bin at each power_on(), as flashing would: files and journal stay.
    flash.bin is written whenever the terminal loses its power.
    is_paced: simulated time never runs ahead of the host's clock.
    """

    name = "pico"

    def __init__(
        self,
        image: Path,
        folder: Path,
        is_paced: bool = True,
        unique_id: bytes = b"\0\0\0\0\0\0\0\1",
        seed: int = 1,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._image, self._path, self._is_paced = image, folder / "flash.bin", is_paced
        flash = self._path.read_bytes() if self._path.exists() else _BLANK
        self.world = PicoWorld(image, flash, seed=seed, unique_id=unique_id)
        self.field = self.world.field
        self.events = Events()
        self.link_path = self.world.link_pty()
        self.is_on = False
        self._past_ms = 0.0
        self._has_run = False
        self._ahead_of_ms = 0.0
        self.world.buzzer.on_change = lambda level: self.events.buzzer(int(level), self.now_ms)
        self.world.display.chip.on_change = lambda: self.events.screen_changed(self.now_ms)

    @property
    def now_ms(self) -> float:
        """Simulated milliseconds in which the terminal had power."""
        return self._past_ms + (self.world.us / 1000 if self._has_run else 0.0)

    def power_on(self) -> None:
        """Boot on the flash as it is."""
        if self.is_on:
            return
        if self._has_run:
            self._past_ms = self.now_ms
            self.world.reboot()
        self._has_run = self.is_on = True
        self.world.bench.ssi.on_operation = self._flash_operation
        self._ahead_of_ms = time.monotonic() * 1000 - self.now_ms
        self.events.power(True)

    def power_off(self) -> None:
        """Take the power away at once; the flash is saved as it is."""
        if self.is_on:
            self.is_on = False
            self.field.switch(False)
            self._path.write_bytes(self.world.flash_image())
            self.events.power(False)

    def _flash_operation(self, opcode: int, address: int, size: int) -> None:
        if opcode == 0x02 and address >= _JOURNAL_START:
            self.events.programmed_at(address - _JOURNAL_START)

    def cut_power_at(self, operation: int, mode: str, seed: int = 1) -> None:
        """Power fails in the n-th flash operation from now on; see NORFlash.cut_at."""
        self.world.cut_power_at(operation, mode, seed)

    def step(self, timeout_s: float = 0.02) -> None:
        """Serve the link and run up to 2 ms of simulated time, or wait if that would be early."""
        if not self.is_on:
            time.sleep(timeout_s)
            return
        early_ms = self.now_ms + self._ahead_of_ms - time.monotonic() * 1000
        if self._is_paced and early_ms > 0:
            select.select([self.world.pty_fd], [], [], min(timeout_s, early_ms / 1000))
        elif early_ms < -100:  # slower than life: do not catch up later
            self._ahead_of_ms -= early_ms
        try:
            self.world.serve_once(_STEP_MS)
        except PowerCut:
            self.power_off()

    def press(self, key: str) -> None:
        """This board has no keys. Raises ValueError."""
        raise ValueError(f"the Pico board has no key {key!r}")

    def framebuffer(self) -> bytes:
        """The display as it is seen; dark without power."""
        return self.world.framebuffer() if self.is_on else bytes(1024)

    def journal_read(self, address: int, size: int) -> bytes:
        """Bytes of the journal's flash as they are now; address from its start.

        Raises ValueError outside the journal.
        """
        if not 0 <= address <= address + size <= JOURNAL_SIZE:
            raise ValueError(f"{size} bytes at {address:#x} are not in the journal")
        start = _JOURNAL_START + address
        return bytes(self.world.bench.mcu.flash[start : start + size])

    def close(self) -> None:
        """Power off, save the flash, close the link."""
        self.power_off()
        self.world.close()

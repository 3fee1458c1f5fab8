"""The virtual Pico as a World: the UF2 that a real one is flashed with, kept on a flash file."""

from __future__ import annotations

import time
from pathlib import Path

from onecard.sim.bootsel import BootDrive
from onecard.sim.field import Field
from onecard.sim.flash import PowerCut
from onecard.sim.picture import MONO_HEIGHT, MONO_WIDTH, Picture
from onecard.sim.rp2040 import FLASH_SIZE
from onecard.sim.terminal_parts import READERS, TerminalParts
from onecard.sim.worlds.base import JOURNAL_SIZE, Events
from onecard.sim.worlds.pico import PicoWorld

_JOURNAL_START = FLASH_SIZE - JOURNAL_SIZE
_PROGRAM = 0x02
_STEP_MS = 2.0


class PicoTerminal:
    """uf2: the firmware. folder: where its flash is kept between runs.

    Simulated time never runs ahead of real time; it falls behind while the core is busy (about
    17 times slower than the chip). is_paced: False lets it run as fast as it can. reader: which
    is fitted, of terminal_parts.READERS. plug: its entry in a folder of ports, which is a link to
    its port, or its drive while the boot ROM shows one. is_bootsel: a chip without firmware that
    shows its drive at the first power-on.
    """

    name = "rp2_pico"
    is_real_time = False

    def __init__(
        self,
        uf2: Path,
        folder: Path,
        is_paced: bool = True,
        reader: str = READERS[0],
        plug: Path | None = None,
        is_bootsel: bool = False,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.field = Field()
        self.events = Events()
        self.is_on = False
        self.link_path = ""
        self._uf2, self._is_paced, self._reader = uf2, is_paced, reader
        self._image_file = folder / "pico-flash.bin"
        self._plug, self._drive = plug, None if plug is None else BootDrive(plug, bytearray())
        self._is_flashed = self._is_in_rom = False
        self._is_bootsel = is_bootsel
        self._world: PicoWorld | None = None
        self._passed_ms = 0.0
        self._cut: tuple[int, str, int] | None = None
        self._seen_operations = 0
        self._real_start_s = 0.0

    def power_on(self) -> None:
        """Start it on the flash as it is; the first time with the UF2 put into it."""
        if self.is_on:
            return
        if self._world is None:
            self._world = self._make_world()
            self._world.parts.display.on_change = self._screen_changed
            self.link_path = self._world.link_pty()
        else:
            self._world.reboot()
        if self._cut is not None:
            self._world.cut_power_at(*self._cut)
            self._cut = None
        self._seen_operations = 0
        self._seen_pins = 0
        self._real_start_s = time.monotonic()
        self.is_on = True
        self.events.power(True)

    def _make_world(self) -> PicoWorld:
        if self._is_bootsel:
            world = PicoWorld(None, b"\xff" * FLASH_SIZE, self.field, reader=self._reader)
            world.bench.is_usb_boot = True
            return world
        flash = self._image_file.read_bytes() if self._image_file.exists() else None
        return PicoWorld(self._uf2, flash, self.field, reader=self._reader)

    def power_off(self) -> None:
        """Take the power away at once."""
        if self.is_on and self._world is not None:
            self._passed_ms += self._world.us / 1000
            self.is_on = False
            self.field.switch(False)
            self._image_file.write_bytes(self._world.flash_image())
            self.events.power(False)

    def cut_power_at(self, operation: int, mode: str, seed: int = 1) -> None:
        """Power fails in the n-th flash operation from now on; see NORFlash.cut_at."""
        if self.is_on and self._world is not None:
            self._world.cut_power_at(operation, mode, seed)
        else:
            self._cut = (operation, mode, seed)

    @property
    def parts(self) -> TerminalParts:
        """The terminal's parts; there from the first power-on. Raises RuntimeError before."""
        if self._world is None:
            raise RuntimeError("never switched on")
        return self._world.parts

    @property
    def now_ms(self) -> float:
        """Simulated milliseconds since the first power-on."""
        return self._passed_ms + (self._world.us / 1000 if self._world and self.is_on else 0.0)

    def step(self, timeout_s: float = 0.02) -> None:
        """Run a little simulated time; waits if that is ahead of real time."""
        if not self.is_on or self._world is None:
            time.sleep(timeout_s)
            return
        if self._world.bench.is_usb_boot:
            self._serve_drive(timeout_s)
            return
        try:
            self._world.serve_once(_STEP_MS)
        except PowerCut:
            self._collect()
            self.power_off()
            return
        self._collect()
        ahead_s = self._world.us / 1e6 - (time.monotonic() - self._real_start_s)
        if self._is_paced and ahead_s > 0:
            time.sleep(min(ahead_s, timeout_s))

    def _serve_drive(self, timeout_s: float) -> None:
        """The boot ROM shows its drive until an image is on it; the processor stands still."""
        world, drive, plug = self._world, self._drive, self._plug
        if world is None or drive is None or plug is None:
            time.sleep(timeout_s)
            return
        if not self._is_in_rom:
            self._is_in_rom = True
            drive.flash = bytearray(world.flash_image())
            drive.on_start = self._flashed
            plug.unlink(missing_ok=True)
            drive.power_on(is_button_held=True)
        elif self._is_flashed:
            self._is_flashed = self._is_in_rom = False
            self._passed_ms += world.us / 1000
            world.reboot(bytes(drive.flash))
            plug.symlink_to(self.link_path)
            self._seen_operations = self._seen_pins = 0
            self._real_start_s = time.monotonic()
        else:
            time.sleep(timeout_s)

    def _flashed(self) -> None:
        self._is_flashed = True

    def _collect(self) -> None:
        assert self._world is not None
        operations = self._world.flash_operations
        for code, address, size in operations[self._seen_operations :]:
            if address < _JOURNAL_START:
                continue
            if code == _PROGRAM:
                self.events.programmed_at(address - _JOURNAL_START)
            else:
                self.events.erased_at(address - _JOURNAL_START, size)
        self._seen_operations = len(operations)
        pins = self._world.buzzer_events
        for at_us, level in pins[self._seen_pins :]:
            self.events.buzzer(int(level), self._passed_ms + at_us / 1000)
        self._seen_pins = len(pins)

    def _screen_changed(self) -> None:
        self.events.screen_changed(self.now_ms)

    def press(self, key: str) -> None:
        """Press a key by its name (terminal_parts.KEYS). Raises ValueError for another."""
        if self._world is not None and self.is_on:
            self._world.parts.press(key)

    def picture(self) -> Picture:
        """The display as it is seen."""
        if self._world is None:
            return Picture.dark(MONO_WIDTH, MONO_HEIGHT)
        return self._world.parts.picture()

    def framebuffer(self) -> bytes:
        """The display as it is seen: 1024 bytes, MONO_VLSB."""
        return self._world.framebuffer() if self._world else bytes(1024)

    def journal_read(self, address: int, size: int) -> bytes:
        """Bytes of the journal's flash as they are now; address from its start."""
        assert self._world is not None
        start = _JOURNAL_START + address
        return bytes(self._world.bench.mcu.flash[start : start + size])

    def journal_write(self, address: int, data: bytes) -> None:
        """Put bytes into the journal's flash, as a programmer would. Raises RuntimeError if on."""
        if self.is_on or self._world is None:
            raise RuntimeError("its flash is programmed while the power is off")
        start = _JOURNAL_START + address
        self._world.bench.mcu.flash[start : start + len(data)] = data

    def close(self) -> None:
        """Power off and let go of everything."""
        self.power_off()
        if self._drive is not None:
            self._drive.close()
        if self._plug is not None and self._plug.is_symlink():
            self._plug.unlink()
        if self._world is not None:
            self._world.close()

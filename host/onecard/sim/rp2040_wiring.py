"""Parts on the virtual Pico's buses and pins: a Wiring as a device of the bench.

Transfers take their time: a byte on I2C nine clocks, on SPI eight, on a UART ten bits. In an I2C
or SPI byte the core stands still (the SDK waits for each anyway); interrupts come between bytes.
An I2C abort sets TX_EMPTY, else rp2040py's missing address would end as ETIMEDOUT.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from rp2040py.peripherals import i2c as _i2c

from onecard.sim.buses import I2cPart, Line, SpiPart, UartPart, Wiring
from onecard.sim.timers import Cancel

_CLK_SYS_HZ = 125_000_000


class PicoWiring:
    """wiring: numbers of buses and pins are the RP2040's own. attach() is a power-up."""

    def __init__(self, wiring: Wiring) -> None:
        self.wiring = wiring
        self._pins: dict[int, PicoPin] = {}

    def attach(self, mcu: Any) -> None:
        """Wire it all to this microcontroller and give the parts power."""
        for pin, line in self.wiring.lines.items():
            if pin not in self._pins:
                self._pins[pin] = PicoPin(pin, line)
            self._pins[pin].attach(mcu)
        for i2c, targets in self.wiring.i2c.items():
            _I2cBus(mcu.i2c[i2c], targets)
        for spi, parts in self.wiring.spi.items():
            _SpiBus(mcu.spi[spi], [(self.wiring.line(pin), part) for pin, part in parts])
        for uart, part in self.wiring.uart.items():
            _Uart(mcu, mcu.uart[uart], part)
        self.wiring.power_on()


class PicoPin:
    """A GPIO and its wire: the chip's output drives the wire, the wire is what the chip reads."""

    def __init__(self, pin: int, line: Line) -> None:
        self.pin, self.line = pin, line
        self.gpio: Any = None
        line.listen(self._line_changed)

    def attach(self, mcu: Any) -> None:
        self.gpio = mcu.gpio[self.pin]
        self.line.drive(None, self)
        self.gpio.add_listener(self._gpio_changed)
        self.gpio.set_input_value(self.line.level)

    def _gpio_changed(self, *_: Any) -> None:
        name = self.gpio.value.name
        self.line.drive({"LOW": False, "HIGH": True}.get(name), self)

    def _line_changed(self, level: bool) -> None:
        if self.gpio is not None:
            self.gpio.set_input_value(level)


class _Uart:
    """A part on a (fitted) UART. Bytes at another rate arrive inverted: never rightly."""

    def __init__(self, mcu: Any, uart: Any, part: UartPart) -> None:
        self.clock, self.uart, self.part = mcu.clock, uart, part
        self._queue: deque[tuple[float, bytearray]] = deque()
        self._alarm = mcu.clock.create_alarm(self._pump)
        self._is_sending = False
        uart.on_byte = self._arrived
        part.send = self._send

    def _garbles(self) -> int:
        rate = self.part.baud_rate
        return 0xFF if rate and abs(self.uart.baud_rate - rate) > 0.03 * rate else 0

    def _arrived(self, byte: int) -> None:
        self.part.receive(bytes([byte ^ self._garbles()]))

    def _send(self, data: bytes, after_us: float = 0.0) -> Cancel:
        item = (self.clock.nanos + after_us * 1000, bytearray(data))
        self._queue.append(item)
        self._start()

        def cancel() -> bool:
            if len(item[1]) != len(data) or item not in self._queue:
                return False
            if self._queue[0] is item and self._is_sending and self.clock.nanos > item[0]:
                return False
            self._queue.remove(item)
            self._alarm.cancel()
            self._is_sending = False
            self._start()
            return True

        return cancel

    def _byte_ns(self) -> float:
        rate = self.part.baud_rate
        return 10e9 / rate if rate else float(self.uart.byte_ns())

    def _start(self) -> None:
        if not self._is_sending and self._queue:
            self._is_sending = True
            wait = max(0.0, self._queue[0][0] - self.clock.nanos)
            self._alarm.schedule(wait + self._byte_ns())

    def _pump(self) -> None:
        """A byte has been on the line for its ten bits."""
        self._is_sending = False
        if self._queue and self.clock.nanos >= self._queue[0][0]:
            data = self._queue[0][1]
            byte = data.pop(0)
            if not data:
                self._queue.popleft()
            self.uart.feed_byte(byte ^ self._garbles())
        self._start()


class _I2cBus:
    def __init__(self, i2c: _i2c.RPI2C, parts: list[I2cPart]) -> None:
        self.i2c, self.parts = i2c, parts
        self.current: I2cPart | None = None
        i2c.on_start = self._start
        i2c.on_connect = self._connect
        i2c.on_write_byte = self._write
        i2c.on_read_byte = self._read
        i2c.on_stop = self._stop
        abort = i2c._abort

        def aborted(reason: int) -> None:
            abort(reason)
            i2c._set_interrupts(_i2c.R_TX_EMPTY)

        i2c._abort = aborted  # type: ignore[method-assign]

    def _wait(self, bits: int) -> None:
        cycles = self.i2c.scl_high_period + self.i2c.scl_low_period
        self.i2c.rp2040.clock.tick(bits * cycles * 1e9 / _CLK_SYS_HZ)

    def _start(self, is_repeated: bool) -> None:
        if self.current is not None:
            self.current.stop()
        self.i2c.complete_start()

    def _connect(self, address: int, mode: Any) -> None:
        self._wait(10)
        is_read = mode.name == "READ"
        fitting = (part for part in self.parts if part.address == address and part.start(is_read))
        self.current = next(fitting, None)
        self.i2c.complete_connect(self.current is not None)

    def _byte_time(self) -> None:
        if self.current is not None:
            stretch_us = self.current.stretch_us()
            if stretch_us:
                self.i2c.rp2040.clock.tick(stretch_us * 1000)
        self._wait(9)

    def _write(self, byte: int) -> None:
        self._byte_time()
        self.i2c.complete_write(self.current is not None and self.current.write(byte))

    def _read(self, is_acked: bool) -> None:
        self._byte_time()
        self.i2c.complete_read(self.current.read() & 0xFF if self.current else 0xFF)

    def _stop(self) -> None:
        self._wait(1)
        if self.current is not None:
            self.current.stop()
            self.current = None
        self.i2c.complete_stop()


class _SpiBus:
    def __init__(self, spi: Any, parts: list[tuple[Line, SpiPart]]) -> None:
        self.spi, self.parts = spi, parts
        spi.on_transmit = self._transmit

    def _transmit(self, value: int) -> None:
        hertz = self.spi.clock_frequency
        if hertz:
            self.spi.rp2040.clock.tick(8e9 / hertz)
        for line, part in self.parts:
            if not line.level:
                self.spi.complete_transmit(part.byte(value) & 0xFF)
                return
        self.spi.complete_transmit(0xFF)


class PinRecorder:
    """Notes the level changes of a wire: events is a list of (time in us, level).

    on_change: called with the level.
    """

    def __init__(self, line: Line, now_us: Callable[[], float]) -> None:
        self.on_change: Callable[[bool], None] | None = None
        self.events: list[tuple[float, bool]] = []
        self._now_us = now_us
        line.listen(self._changed)

    def _changed(self, level: bool) -> None:
        self.events.append((self._now_us(), level))
        if self.on_change is not None:
            self.on_change(level)

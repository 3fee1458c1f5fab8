"""What rp2040py 0.3.6 leaves out of an RP2040, and devices for its pins.

Repairs, each found by running into it:
- UART: the transmitter takes ten bit times a byte through a 32-byte FIFO (rp2040py's bytes leave
  at once and it raises the transmit interrupt again whenever it is cleared, so that the core never
  leaves its handler); the receive interrupt has its level and time-out (PL011, RP2040 4.2).
- I2C: a byte takes nine clocks; an abort sets TX_EMPTY, else a missing address gives ETIMEDOUT.
- ROSC: a seeded random bit; there is none and os.urandom() would be constant.
"""

import random
from collections import deque
from collections.abc import Callable
from typing import Any

from rp2040py.peripherals import i2c as _i2c
from rp2040py.peripherals import uart as _uart
from rp2040py.peripherals.peripheral import BasePeripheral

CLK_SYS_HZ = 125_000_000
_UARTIFLS = 0x34
_RX_TIMEOUT = 1 << 6
_BUSY, _TXFF = 1 << 3, 1 << 5
_FIFO_DEPTH = 32
_LEVELS = (4, 8, 16, 24, 28, 16, 16, 16)  # UARTIFLS codes of a 32-byte FIFO


class TimedUART(_uart.RPUART):
    """A PL011 whose bytes take their time. Made of an RPUART by fit()."""

    overruns: int
    _tx_alarm: Any
    _idle_alarm: Any

    @classmethod
    def fit(cls, uart: _uart.RPUART) -> "TimedUART":
        """Turn rp2040py's UART into this one, in place."""
        uart.__class__ = cls
        assert isinstance(uart, cls)
        clock = uart.rp2040.clock
        uart.overruns = 0
        uart._tx_alarm = clock.create_alarm(uart._byte_has_left)
        uart._idle_alarm = clock.create_alarm(uart._line_was_idle)
        uart._clear()
        return uart

    def _clear(self) -> None:
        self._tx: deque[int] = deque()
        self._shifting: int | None = None
        self._levels = 0x12
        self._tx_alarm.cancel()
        self._idle_alarm.cancel()

    def reset(self) -> None:
        """Registers and FIFOs as after power-up; a byte on the wire is lost."""
        super().reset()
        self._clear()

    def byte_ns(self) -> float:
        """Ten bit times at the programmed rate, nanoseconds."""
        return 10e9 / max(self.baud_rate, 1) if self.baud_divider else 1e6

    @property
    def flags(self) -> int:
        """UARTFR with BUSY, TXFF and TXFE of the transmitter."""
        received = (_uart.RXFF if self.rx_fifo.full else 0) | (
            _uart.RXFE if self.rx_fifo.empty else 0
        )
        busy = _BUSY if self._shifting is not None else 0
        full = _TXFF if len(self._tx) >= _FIFO_DEPTH else 0
        return received | busy | full | (0 if self._tx else _uart.TXFE)

    def check_interrupts(self) -> None:
        """Raise or drop the interrupt line; no status is set here."""
        self.rp2040.set_interrupt(self.irq, bool(self._interrupt_status & self._interrupt_mask))

    # -- transmitter --------------------------------------------------------------

    def write_uint32(self, offset: int, value: int) -> None:
        """UARTDR goes through the FIFO, UARTIFLS is kept, the rest is rp2040py's."""
        if offset == _uart.UARTDR:
            if self._shifting is None:
                self._shift(value & 0xFF)
            elif len(self._tx) < _FIFO_DEPTH:
                self._tx.append(value & 0xFF)
                if len(self._tx) > _LEVELS[self._levels & 7]:
                    self._interrupt_status &= ~_uart.UARTTXINTR
                    self.check_interrupts()
        elif offset == _UARTIFLS:
            self._levels = value & 0x3F
        else:
            super().write_uint32(offset, value)

    def _shift(self, byte: int) -> None:
        self._shifting = byte
        self._tx_alarm.schedule(self.byte_ns())

    def _byte_has_left(self) -> None:
        byte, self._shifting = self._shifting, None
        if self._tx:
            self._shift(self._tx.popleft())
        if len(self._tx) in (_LEVELS[self._levels & 7], 0):
            self._interrupt_status |= _uart.UARTTXINTR
            self.check_interrupts()
        if self.on_byte is not None and byte is not None:
            self.on_byte(byte)

    # -- receiver -----------------------------------------------------------------

    def feed_byte(self, value: int) -> None:
        """A byte has arrived; lost if the FIFO is full (counted in overruns)."""
        if self.rx_fifo.full:
            self.overruns += 1
            return
        self.rx_fifo.push(value)
        if self.rx_fifo.item_count >= self._rx_level():
            self._interrupt_status |= _uart.UARTRXINTR
        self._idle_alarm.schedule(3.2 * self.byte_ns())  # 32 bit times
        self.check_interrupts()

    def _rx_level(self) -> int:
        return _LEVELS[self._levels >> 3 & 7] if self.fifos_enabled else 1

    def _line_was_idle(self) -> None:
        if not self.rx_fifo.empty:
            self._interrupt_status |= _RX_TIMEOUT
            self.check_interrupts()

    def read_uint32(self, offset: int) -> int:
        """UARTDR takes a byte and drops the interrupts that it settles."""
        if offset == _UARTIFLS:
            return self._levels
        if offset != _uart.UARTDR:
            return super().read_uint32(offset)
        if self.rx_fifo.empty:
            return 0
        value = self.rx_fifo.pull()
        if self.rx_fifo.item_count < self._rx_level():
            self._interrupt_status &= ~_uart.UARTRXINTR
        if self.rx_fifo.empty:
            self._interrupt_status &= ~_RX_TIMEOUT
            self._idle_alarm.cancel()
        self.check_interrupts()
        return value


class RingOscillator(BasePeripheral):
    """The ROSC's random bit, from a seed."""

    def __init__(self, mcu: Any, seed: int) -> None:
        super().__init__(mcu, "ROSC_BASE")
        self._random = random.Random(seed)

    def read_uint32(self, offset: int) -> int:
        """STATUS says stable and enabled; RANDOMBIT is random."""
        if offset == 0x18:
            return 0x80001000
        return self._random.getrandbits(1) if offset == 0x1C else 0

    def write_uint32(self, offset: int, value: int) -> None:
        """Its frequency is of no use here."""


class UartDevice:
    """Something on UART n. Override received(byte); answer with send().

    baud_rate: the device's own; None follows the microcontroller. Bytes sent at another rate
    (over 3 % off) arrive inverted, as noise would: never rightly.
    """

    def __init__(self, n: int) -> None:
        self.n = n
        self.baud_rate: int | None = None

    def attach(self, mcu: Any) -> None:
        """Wire it to the (fitted) microcontroller; what was on its way before is gone."""
        self.mcu, self.uart = mcu, mcu.uart[self.n]
        self.uart.on_byte = self._arrived
        self._queue: deque[tuple[float, bytearray]] = deque()
        self._alarm = mcu.clock.create_alarm(self._pump)
        self._is_sending = False

    def now_us(self) -> float:
        """Simulated time, microseconds."""
        return self.mcu.clock.nanos / 1000

    def received(self, byte: int) -> None:
        """One byte from the microcontroller."""

    def _rates_differ(self) -> bool:
        if self.baud_rate is None:
            return False
        return abs(self.uart.baud_rate - self.baud_rate) > 0.03 * self.baud_rate

    def _arrived(self, byte: int) -> None:
        self.received(byte ^ 0xFF if self._rates_differ() else byte)

    def send(self, data: bytes, after_us: float = 0.0) -> Callable[[], bool]:
        """Send data after_us from now or when the line is free; the result takes it back.

        The returned function is True if nothing of data had left.
        """
        item = (self.mcu.clock.nanos + after_us * 1000, bytearray(data))
        self._queue.append(item)
        self._start()

        def cancel() -> bool:
            if len(item[1]) != len(data) or item not in self._queue:
                return False
            if self._queue[0] is item and self._is_sending and self.mcu.clock.nanos > item[0]:
                return False
            self._queue.remove(item)
            self._alarm.cancel()
            self._is_sending = False
            self._start()
            return True

        return cancel

    def _byte_ns(self) -> float:
        return 10e9 / self.baud_rate if self.baud_rate else self.uart.byte_ns()

    def _start(self) -> None:
        if not self._is_sending and self._queue:
            self._is_sending = True
            wait = max(0.0, self._queue[0][0] - self.mcu.clock.nanos)
            self._alarm.schedule(wait + self._byte_ns())

    def _pump(self) -> None:
        """A byte has been on the line for its ten bits."""
        self._is_sending = False
        if self._queue and self.mcu.clock.nanos >= self._queue[0][0]:
            data = self._queue[0][1]
            byte = data.pop(0)
            if not data:
                self._queue.popleft()
            self.uart.feed_byte(byte ^ 0xFF if self._rates_differ() else byte)
        self._start()


class I2cDevice:
    """Something at one address of I2C n. Override the four hooks.

    Several devices may share a bus. A byte takes nine clocks of simulated time, in which the
    core stands still (the SDK waits for each byte anyway); interrupts come between bytes.
    """

    def __init__(self, n: int, address: int) -> None:
        self.n, self.address = n, address

    def attach(self, mcu: Any) -> None:
        """Wire it to the microcontroller's bus."""
        self.mcu, self.i2c = mcu, mcu.i2c[self.n]
        bus = getattr(self.i2c, "onecard_bus", None)
        if bus is None:
            bus = self.i2c.onecard_bus = _I2cBus(self.i2c)
        bus.devices[self.address] = self

    def start(self, is_read: bool) -> None:
        """Addressed."""

    def write(self, byte: int) -> bool:
        """A byte from the controller; True acknowledges it."""
        return True

    def read(self) -> int:
        """The next byte for the controller."""
        return 0xFF

    def stop(self) -> None:
        """STOP, or a repeated START to another direction."""


class _I2cBus:
    def __init__(self, i2c: _i2c.RPI2C) -> None:
        self.i2c = i2c
        self.devices: dict[int, I2cDevice] = {}
        self.current: I2cDevice | None = None
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
        self.i2c.rp2040.clock.tick(bits * cycles * 1e9 / CLK_SYS_HZ)

    def _start(self, is_repeated: bool) -> None:
        if self.current is not None:
            self.current.stop()
        self.i2c.complete_start()

    def _connect(self, address: int, mode: Any) -> None:
        self._wait(10)
        self.current = self.devices.get(address)
        if self.current is not None:
            self.current.start(mode.name == "READ")
        self.i2c.complete_connect(self.current is not None)

    def _write(self, byte: int) -> None:
        self._wait(9)
        self.i2c.complete_write(self.current is not None and self.current.write(byte))

    def _read(self, is_acked: bool) -> None:
        self._wait(9)
        self.i2c.complete_read(self.current.read() & 0xFF if self.current else 0xFF)

    def _stop(self) -> None:
        self._wait(1)
        if self.current is not None:
            self.current.stop()
            self.current = None
        self.i2c.complete_stop()


class SpiDevice:
    """Something on SPI n behind a chip select. Override select(is_on) and byte(b) -> int."""

    def __init__(self, n: int, cs: int) -> None:
        self.n, self.cs = n, cs

    def attach(self, mcu: Any) -> None:
        """Wire it in front of what is on the bus already."""
        self.mcu, self.spi, self.is_selected = mcu, mcu.spi[self.n], False
        mcu.gpio[self.cs].add_listener(self._cs_changed)
        chain = self.spi.on_transmit

        def on_transmit(value: int) -> None:
            if self.is_selected:
                self.spi.complete_transmit(self.byte(value) & 0xFF)
            else:
                chain(value)

        self.spi.on_transmit = on_transmit

    def _cs_changed(self, *_: Any) -> None:
        is_on = self.mcu.gpio[self.cs].value.name == "LOW"
        if is_on != self.is_selected:
            self.is_selected = is_on
            self.select(is_on)

    def select(self, is_on: bool) -> None:
        """Chip select has changed."""

    def byte(self, b: int) -> int:
        """One byte in, one byte out."""
        return 0


class PinRecorder:
    """Notes the level changes of an output pin: events is a list of (time in us, level).

    on_change: called with the level.
    """

    def __init__(self, pin: int) -> None:
        self.pin = pin
        self.on_change: Callable[[bool], None] | None = None
        self.events: list[tuple[float, bool]] = []
        self.level = False

    def attach(self, mcu: Any) -> None:
        """Listen to the pin; the level is taken as low before."""
        self.mcu, self.level = mcu, False
        mcu.gpio[self.pin].add_listener(self._changed)

    def _changed(self, *_: Any) -> None:
        level = self.mcu.gpio[self.pin].value.name == "HIGH"
        if level != self.level:
            self.level = level
            self.events.append((self.mcu.clock.nanos / 1000, level))
            if self.on_change is not None:
                self.on_change(level)

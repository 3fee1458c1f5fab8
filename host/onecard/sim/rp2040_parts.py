"""What rp2040py 0.3.6 leaves out of an RP2040.

Repairs, each found by running into it:
- UART: the transmitter takes its bit times a byte through a 32-byte FIFO (rp2040py's bytes leave
  at once and it raises the transmit interrupt again whenever it is cleared, so that the core never
  leaves its handler); the receive interrupt has its level and time-out (PL011, RP2040 4.2).
- ROSC: a seeded random bit; there is none and os.urandom() would be constant.
"""

import random
from collections import deque
from typing import Any

from rp2040py.peripherals import uart as _uart
from rp2040py.peripherals.peripheral import BasePeripheral

_UARTIFLS = 0x34
_RX_TIMEOUT = 1 << 6
_PEN, _STP2 = 1 << 1, 1 << 3  # UARTLCR_H: a parity bit, two stop bits
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

    def bit_ns(self) -> float:
        """A bit time at the programmed rate, nanoseconds."""
        return 1e9 / max(self.baud_rate, 1) if self.baud_divider else 1e5

    def byte_ns(self) -> float:
        """A start bit, the data, parity and stop bits that UARTLCR_H says, nanoseconds."""
        control = self._line_ctrl_register
        bits = 2 + self.word_length + bool(control & _PEN) + bool(control & _STP2)
        return bits * self.bit_ns()

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
        self._idle_alarm.schedule(32 * self.bit_ns())
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

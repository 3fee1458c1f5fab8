"""A contact card's socket on a virtual Pico: a UART with TX and RX joined, a PWM clock, two pins.

rp2040py counts a PWM slice tick by tick, which at 3.57 MHz leaves no time for anything else: the
slice that makes the clock is halted and its frequency taken from its registers. Its UARTs carry no
parity: the wire is told what UARTLCR_H is set to and keeps and checks the bit (IoWire).
"""

from collections.abc import Callable
from typing import Any

from rp2040py.peripherals.pwm import CSR_EN, PWMChannel

from onecard.sim.buses import Line
from onecard.sim.chips.iso7816_wire import IoWire
from onecard.sim.rp2040_wiring import PicoPin

_EPS = 1 << 2  # UARTLCR_H: even parity
_CHARACTER_ETU = 11
HEARD_ETU = 12.0  # the transmitter reports a character after its second stop bit


class ClockSlice(PWMChannel):
    """A PWM slice as a clock. Made of an emulated slice by fit()."""

    on_change: Callable[[float], None]
    is_b: bool

    @classmethod
    def fit(cls, mcu: Any, pin: int, on_change: Callable[[float], None]) -> None:
        """Turn the slice of `pin` into this one; on_change gets hertz, 0: the pin stays low."""
        channel = mcu.pwm.channels[pin >> 1 & 7]
        channel.__class__ = cls
        channel.on_change, channel.is_b = on_change, bool(pin & 1)
        for alarm in (channel.alarm_a, channel.alarm_b, channel.alarm_bottom):
            alarm.enable = False

    def write_register(self, offset: int, value: int) -> None:
        """As the emulator's, and the clock may have changed."""
        super().write_register(offset, value)
        self.on_change(self.hz())

    def update_enable(self) -> None:
        """The slice itself stays halted: it has no alarms any more."""
        self.on_change(self.hz())

    def hz(self) -> float:
        """RP2040 4.5.2: the system clock by DIV and TOP; 0 if halted or if it never toggles."""
        level = self.cc >> 16 if self.is_b else self.cc & 0xFFFF
        if not self.csr & CSR_EN or not 0 < level <= self.top:
            return 0.0
        divider = (self.div >> 4 or 256) + (self.div & 15) / 16
        return float(self.pwm.clock_freq) / divider / (self.top + 1)


class SocketOnPico:
    """wire: on UART n. clock_pin: of a PWM slice, its frequency goes to `clock`. pins: number ->
    what is called with the level of that pin.
    """

    def __init__(
        self,
        wire: IoWire,
        n: int,
        clock_pin: int,
        clock: Callable[[float], None],
        pins: dict[int, Callable[[bool], None]],
    ) -> None:
        self.wire, self.n = wire, n
        self._clock_pin, self._clock, self._pins = clock_pin, clock, pins

    def attach(self, mcu: Any) -> None:
        """Wire it to the microcontroller; what was on that UART is cut off."""
        self.mcu, self.uart = mcu, mcu.uart[self.n]
        self.uart.on_byte = self._left
        self.wire.send, self.wire.echo = self._send, self._arrive
        self.wire.reader_parity = self._parity
        self._free_ns = 0.0
        ClockSlice.fit(mcu, self._clock_pin, self._clock)
        for pin, action in self._pins.items():
            line = Line(rest=False)
            line.listen(action)
            PicoPin(pin, line).attach(mcu)

    def _parity(self) -> int:
        return 0 if self.uart._line_ctrl_register & _EPS else 1

    def _is_clear(self) -> bool:
        rate = self.wire.baud_rate
        return rate is None or abs(self.uart.baud_rate - rate) <= 0.03 * rate

    def _left(self, byte: int) -> None:
        if self._is_clear():
            self.wire.receive(bytes([byte]))
        else:
            self._arrive(bytes([byte]))  # the reader hears itself; no card understands it

    def _arrive(self, data: bytes) -> None:
        for byte in data:
            self.uart.feed_byte(byte)

    def _send(self, data: bytes, after_us: float) -> Callable[[], bool]:
        """One character of a card, `data` being that, on the line for its eleven bits."""
        if not self._is_clear():
            data = bytes(byte ^ 0xFF for byte in data)
        now_ns = self.mcu.clock.nanos
        start_ns = max(now_ns + after_us * 1000, self._free_ns)
        rate = self.wire.baud_rate or self.uart.baud_rate
        self._free_ns = start_ns + _CHARACTER_ETU * 1e9 / rate
        alarm = self.mcu.clock.create_alarm(lambda: self._arrive(data))
        alarm.schedule(self._free_ns - now_ns)
        return lambda: False

"""What a simulated part shows to the bus it sits on, the same in every world.

A world (in-process, unix port, virtual Pico) is given a Wiring and plays the buses' controllers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from onecard.sim.timers import Cancel


class I2cPart:
    """A target on an I2C bus. address: 7 bits."""

    address = 0

    def power_on(self) -> None:
        """The supply comes up: everything as after reset."""

    def start(self, is_read: bool) -> bool:
        """START and the address; False is no acknowledge."""
        return True

    def write(self, byte: int) -> bool:
        """A byte from the controller; True acknowledges it."""
        return True

    def read(self) -> int:
        """The next byte for the controller."""
        return 0xFF

    def stop(self) -> None:
        """STOP, or a repeated START."""

    def stretch_us(self) -> float:
        """How long the part holds the clock low before the byte that is due now."""
        return 0.0


class SpiPart:
    """A part behind a chip select (active low), mode 0, most significant bit first."""

    def power_on(self) -> None:
        """The supply comes up: everything as after reset."""

    def select(self, is_on: bool) -> None:
        """Chip select has changed."""

    def byte(self, value: int) -> int:
        """One byte in, one byte out."""
        return 0xFF

    def transfer(self, data: bytes) -> bytes:
        """Several bytes in one go, and what comes out meanwhile."""
        return bytes(self.byte(value) for value in data)


def _unconnected(data: bytes, after_us: float) -> Cancel:
    return lambda: True


class UartPart:
    """A part on a UART.

    send(data, after_us): set by the world; data leaves after_us from now, or once the line is
    free. The result takes it back: True if nothing of it had left.
    baud_rate: the part's own in bit/s; None follows the controller. At another rate than the
    controller's (over 3 % off) nothing arrives rightly in either direction.
    """

    baud_rate: int | None = None
    send: Callable[[bytes, float], Cancel] = staticmethod(_unconnected)

    def power_on(self) -> None:
        """The supply comes up: everything as after reset."""

    def receive(self, data: bytes) -> None:
        """Bytes from the controller, in any portions."""


class Line:
    """A wire on a pin, between the controller and its parts.

    Several may drive it: one that drives low wins, as through open drains; nobody leaves it at
    `rest`, its pull.
    """

    def __init__(self, rest: bool = True) -> None:
        self.level = self._rest = rest
        self._drivers: dict[object, bool] = {}
        self._listeners: list[Callable[[bool], None]] = []

    def listen(self, listener: Callable[[bool], None]) -> None:
        """Call listener(level) at each change."""
        self._listeners.append(listener)

    def drive(self, level: bool | None, driver: object = None) -> None:
        """`driver` pulls to level; None lets go."""
        if level is None:
            self._drivers.pop(driver, None)
        else:
            self._drivers[driver] = level
        resolved = all(self._drivers.values()) if self._drivers else self._rest
        if resolved != self.level:
            self.level = resolved
            for listener in list(self._listeners):
                listener(resolved)


@dataclass
class Wiring:
    """Which part is on which bus and pin.

    i2c: bus number -> parts. spi: bus number -> (chip select's pin, part). uart: number -> part.
    lines: pin -> wire, both the controller's outputs and its inputs.
    """

    i2c: dict[int, list[I2cPart]] = field(default_factory=dict)
    spi: dict[int, list[tuple[int, SpiPart]]] = field(default_factory=dict)
    uart: dict[int, UartPart] = field(default_factory=dict)
    lines: dict[int, Line] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for bus, parts in list(self.spi.items()):
            self.spi[bus] = []
            for pin, part in parts:
                self.add_spi(bus, pin, part)

    def add_spi(self, bus: int, pin: int, part: SpiPart) -> None:
        """Put a part on an SPI bus, its chip select on `pin`."""
        self.spi.setdefault(bus, []).append((pin, part))
        self.line(pin).listen(lambda level: part.select(not level))

    def line(self, pin: int) -> Line:
        """The wire on this pin, made on first use."""
        return self.lines.setdefault(pin, Line())

    def power_on(self) -> None:
        """All parts get power."""
        parts: list[I2cPart | SpiPart | UartPart] = [p for bus in self.i2c.values() for p in bus]
        parts += [part for bus in self.spi.values() for _, part in bus]
        parts += self.uart.values()
        for part in parts:
            part.power_on()

"""Parts of the unix-port terminal: UARTs as PTYs, other buses and pins by requests of its shim."""

from __future__ import annotations

import os
import pty
import selectors
import struct
import tty
from collections.abc import Callable

from onecard.sim.buses import I2cPart, UartPart, Wiring
from onecard.sim.timers import Cancel, Timers

Handler = Callable[[bytes], bytes]
RELEASED = 2  # a pin's level in the request G: driven by nobody


class PtyUart:
    """A part behind a pseudo-terminal; path is what the terminal opens. Its rate has no effect."""

    def __init__(self, part: UartPart, timers: Timers, selector: selectors.BaseSelector) -> None:
        self._part, self._timers, self._selector = part, timers, selector
        self._master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.path = os.ttyname(self._slave)
        selector.register(self._master, selectors.EVENT_READ, self._receive)
        part.send = self._send

    def _receive(self) -> None:
        try:
            data = os.read(self._master, 4096)
        except OSError:
            return
        self._part.receive(data)

    def _send(self, data: bytes, after_us: float) -> Cancel:
        return self._timers.after(after_us, lambda: self._write(data))

    def _write(self, data: bytes) -> None:
        os.write(self._master, data)

    def close(self) -> None:
        """Close both ends."""
        self._selector.unregister(self._master)
        os.close(self._master)
        os.close(self._slave)


def bus_handlers(wiring: Wiring) -> dict[str, Handler]:
    """The requests I, J, X, G and H of boards/unix/shim/bench.py."""
    pin_of_controller = object()

    def addressed(bus: int, address: int, is_read: bool) -> I2cPart | None:
        fitting = (p for p in wiring.i2c.get(bus, ()) if p.address == address and p.start(is_read))
        return next(fitting, None)

    def i2c_write(arguments: bytes) -> bytes:
        part = addressed(arguments[0], arguments[1], False)
        if part is None:
            return b"\x00"
        is_acked = all(part.write(byte) for byte in arguments[2:])
        part.stop()
        return bytes([is_acked])

    def i2c_read(arguments: bytes) -> bytes:
        bus, address, size = struct.unpack("<BBH", arguments)
        part = addressed(bus, address, True)
        if part is None:
            return b"\x00"
        data = bytes(part.read() for _ in range(size))
        part.stop()
        return b"\x01" + data

    def spi(arguments: bytes) -> bytes:
        for pin, part in wiring.spi.get(arguments[0], ()):
            if not wiring.line(pin).level:
                return part.transfer(arguments[1:])
        return b"\xff" * (len(arguments) - 1)

    def set_pin(arguments: bytes) -> bytes:
        level = None if arguments[1] == RELEASED else bool(arguments[1])
        wiring.line(arguments[0]).drive(level, pin_of_controller)
        return b""

    def get_pin(arguments: bytes) -> bytes:
        return bytes([wiring.line(arguments[0]).level])

    return {"I": i2c_write, "J": i2c_read, "X": spi, "G": set_pin, "H": get_pin}

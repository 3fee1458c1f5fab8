"""Wires that count: bytes each way and turns, under our client and under mpremote's transport."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mpremote.transport_serial import SerialTransport


@dataclass
class Counts:
    """out, back: bytes to and from the device. turns: changes of direction from us to it.
    seconds: as the clock that was given says."""

    out: int = 0
    back: int = 0
    turns: int = 0
    seconds: float = 0.0

    @property
    def both(self) -> int:
        """Bytes both ways."""
        return self.out + self.back

    def per_kib(self, size: int) -> float:
        """Turns for each KiB of `size` bytes."""
        return self.turns / (size / 1024)


class Counting:
    """As much of a pyserial port as both need, around one; counts."""

    def __init__(self, port: Any, now_s: Callable[[], float] = time.monotonic) -> None:
        self._port, self._now_s = port, now_s
        self.counts = Counts()
        self._begun_s = now_s()
        self._was_out = self.is_whole = False

    def write(self, data: bytes) -> int:
        """Bytes to the device."""
        self.counts.out += len(data)
        if not self._was_out:
            self.counts.turns += 1
            self._was_out = True
        return self._port.write(data) or len(data)

    def read(self, size: int = 1) -> bytes:
        """Bytes from it: all of them if mpremote waits for more than one, as its port would."""
        data = bytes(self._port.read(size))
        while self.is_whole and 1 < size != len(data):
            data += bytes(self._port.read(size - len(data)))
        self.counts.back += len(data)
        if data:
            self._was_out = False
        return data

    @property
    def in_waiting(self) -> int:
        """What is there."""
        return int(self._port.in_waiting)

    def inWaiting(self) -> int:
        """The same, by the name that mpremote uses."""
        return self.in_waiting

    def reset_input_buffer(self) -> None:
        """Forget what is there."""
        while self.in_waiting:
            self.read(self.in_waiting)

    def close(self) -> None:
        """Close it."""
        self._port.close()

    def start(self) -> None:
        """Count from here on."""
        self.counts, self._begun_s, self._was_out = Counts(), self._now_s(), False

    def stop(self) -> Counts:
        """The counts."""
        self.counts.seconds = self._now_s() - self._begun_s
        return self.counts


def mpremote_over(wire: Counting) -> SerialTransport:
    """mpremote's transport on an open wire, in raw mode, its own code all the same."""
    transport = SerialTransport.__new__(SerialTransport)
    transport.in_raw_repl, transport.use_raw_paste = False, True
    transport.device_name, transport.mounted = "wire", False
    wire.is_whole = True
    transport.serial, transport.is_pty = wire, True  # is_pty: it reads without asking first
    transport.enter_raw_repl(soft_reset=False)
    return transport

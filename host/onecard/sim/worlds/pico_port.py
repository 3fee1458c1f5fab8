"""A virtual Pico's USB port as a serial port for host tools; reading runs simulated time."""

from __future__ import annotations

from onecard.sim.worlds.pico import PicoWorld

_READ_MS = 50.0


class PicoPort:
    """As much of pyserial's Serial as LinkClient uses; nothing waits in real time."""

    def __init__(self, world: PicoWorld) -> None:
        self._world = world
        self._got = bytearray()

    @property
    def in_waiting(self) -> int:
        """Bytes that read() gives at once."""
        self._got += self._world.link_read()
        return len(self._got)

    def write(self, data: bytes) -> None:
        """Hand over all of data; the terminal takes it as its time goes on."""
        self._world.link_write(data)

    def read(self, size: int = 1) -> bytes:
        """Up to size bytes; runs at most 50 simulated ms until there is one. Raises PowerCut."""
        if not self.in_waiting:
            self._world.run(_READ_MS, lambda: self._world.bench.out, every_ms=0.5)
        count = min(size, self.in_waiting)
        data = bytes(self._got[:count])
        del self._got[:count]
        return data

    def close(self) -> None:
        """Nothing is held."""

"""The Pico's flash chip behind rp2040py's SSI: busy times, an identity, and torn operations."""

import random
from collections.abc import Callable

from rp2040py.peripherals.ssi import RPSSI

# W25Q16JV data sheet, typical: page program, 4 KiB and 64 KiB erase
BUSY_US = {0x02: 400.0, 0x20: 45_000.0, 0xD8: 150_000.0}
_SIZES = {0x20: 4096, 0xD8: 65536}
_UNIQUE_ID = 0x4B


class FlashSSI(RPSSI):
    """Made of an RPSSI by fit(). operations: (opcode, address, size) of all erases and programs.

    A busy flash stops the core (the boot ROM polls it with interrupts off): the simulated clock
    goes on and alarms fire, bytes on a UART arrive, no instruction runs.
    """

    @classmethod
    def fit(
        cls, ssi: RPSSI, unique_id: bytes, on_cut: Callable[[], None], is_timed: bool = True
    ) -> "FlashSSI":
        """Turn rp2040py's SSI into this one, in place. on_cut: called when the power fails."""
        ssi.__class__ = cls
        assert isinstance(ssi, cls)
        ssi.unique_id, ssi.on_cut, ssi.is_timed = unique_id, on_cut, is_timed
        ssi.operations = []
        ssi.busy_us = 0.0
        ssi.is_dead = False
        ssi._cut = None
        return ssi

    operations: list[tuple[int, int, int]]
    unique_id: bytes
    on_cut: Callable[[], None]
    is_timed: bool
    busy_us: float
    is_dead: bool
    _cut: tuple[int, float, random.Random | None] | None

    def cut_at(self, n: int, part: float, seed: int | None = None) -> None:
        """Power fails in the n-th operation from now on (1 is the next), part (0..1) of it done.

        seed: the bits behind the part that was done are a random mixture instead of untouched
        (program) or nearly so (erase).
        """
        rng = None if seed is None else random.Random(seed)
        self._cut = len(self.operations) + n, part, rng

    def _shift_byte(self, byte_out: int) -> int:
        answer = super()._shift_byte(byte_out)
        sent = self._tx_buffer
        if sent[0] == _UNIQUE_ID and 5 <= len(sent) - 1 < 13:  # four dummy bytes, eight of id
            return self.unique_id[len(sent) - 6]
        return answer

    def _apply_command(self) -> None:
        sent = self._tx_buffer
        if not sent or sent[0] not in BUSY_US or len(sent) < 4:
            super()._apply_command()
            return
        if self.is_dead:
            self._tx_buffer = bytearray()
            return
        address = int.from_bytes(sent[1:4], "big")
        size = _SIZES.get(sent[0], len(sent) - 4)
        self.operations.append((sent[0], address, size))
        if self._cut is not None and self._cut[0] == len(self.operations):
            self._tear(sent, address, size)
            return
        super()._apply_command()
        if self.is_timed:
            self.busy_us += BUSY_US[sent[0]]
            self.rp2040.clock.tick(BUSY_US[sent[0]] * 1000)

    def _tear(self, sent: bytearray, address: int, size: int) -> None:
        assert self._cut is not None
        _, part, rng = self._cut
        flash, done = self.rp2040.flash, int(size * part)
        if sent[0] == 0x02:
            for i in range(size if rng else done):
                noise = rng.randrange(256) if rng and i >= done else 0
                flash[address + i] &= sent[4 + i] | noise
            if rng is None and done < size:
                flash[address + done] &= sent[4 + done] | 0x0F  # half of a byte
        else:
            start = address & ~(size - 1)
            flash[start : start + done] = b"\xff" * done
            for i in range(start + done, start + size if rng else min(start + done + 16, start + size)):
                flash[i] |= rng.randrange(256) if rng else 0x55  # bits on their way to 1
        self._tx_buffer = bytearray()
        self.is_dead = True
        self.on_cut()

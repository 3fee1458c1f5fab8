"""The Pico's flash chip behind rp2040py's SSI: busy times, an identity, and torn operations."""

import random
from collections.abc import Callable

from rp2040py.peripherals.ssi import RPSSI

from onecard.sim.flash import CUT_MODES, torn_erase, torn_program

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
        ssi.on_operation = None
        return ssi

    operations: list[tuple[int, int, int]]
    unique_id: bytes
    on_cut: Callable[[], None]
    is_timed: bool
    busy_us: float
    is_dead: bool
    on_operation: Callable[[int, int, int], None] | None
    _cut: tuple[int, float | str, random.Random] | None

    def cut_at(self, n: int, part: float | str, seed: int = 1) -> None:
        """Power fails in the n-th operation from now on (1 is the next).

        part: a fraction 0..1 of its bytes is done, the next byte (erase: sixteen) half done; or
        a mode of NORFlash.cut_at, with seed for its random bits.
        """
        if isinstance(part, str) and part not in CUT_MODES:
            raise ValueError(part)
        self._cut = len(self.operations) + n, part, random.Random(seed)

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
        is_cut = self._cut is not None and self._cut[0] == len(self.operations)
        if is_cut:
            self._tear(sent, address, size)
        else:
            super()._apply_command()
        if self.on_operation is not None:
            self.on_operation(sent[0], address, size)
        if is_cut:
            self._tx_buffer = bytearray()
            self.is_dead = True
            self.on_cut()
        elif self.is_timed:
            self.busy_us += BUSY_US[sent[0]]
            self.rp2040.clock.tick(BUSY_US[sent[0]] * 1000)

    def _tear(self, sent: bytearray, address: int, size: int) -> None:
        assert self._cut is not None
        _, part, rng = self._cut
        is_program = sent[0] == 0x02
        start = address if is_program else address & ~(size - 1)
        old = bytes(self.rp2040.flash[start : start + size])
        if is_program:
            new = bytes(a & b for a, b in zip(old, sent[4:], strict=False))
        else:
            new = b"\xff" * size
        if isinstance(part, str):
            tear = torn_program(old, new, part, rng) if is_program else torn_erase(old, part, rng)
        else:
            tear = _in_part(old, new, int(size * part), is_program)
        self.rp2040.flash[start : start + size] = tear


def _in_part(old: bytes, new: bytes, done: int, is_program: bool) -> bytes:
    """The first done bytes new, then some bits on their way, the rest old."""
    if is_program:
        half = zip(new[done:], old[done : done + 1], strict=False)
        middle = bytes(n | o & 0x0F for n, o in half)
    else:
        middle = bytes(byte | 0x55 for byte in old[done : done + 16])
    return new[:done] + middle + old[done + len(middle) :]

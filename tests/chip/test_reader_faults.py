"""A fault at every byte between terminal and reader, and at every instant between reader and card.

Each ends in the right answer, CardGone or LinkError, never in a wrong one; and the next tap works
after what the terminal does on a LinkError: start().
"""

import random

import pytest
import virtual

from drivers.reader.base import ReaderError
from tests.chip.readers import ALL, Bench, Echo, purse

SELECT = bytes.fromhex("00A4040008A000000632010105")
BALANCE = bytes.fromhex("805C000204")
RIGHT = (5678).to_bytes(4, "big") + b"\x90\x00"
STREAM_FAULTS = ("drop", "flip", "double", "late", "spurious")
BUS_FAULTS = ("flip", "stuck")
OTHER_FAULTS = ("reset", "card leaves", "another card")


class Injector:
    """Counts the bytes of both ways on the bench's bus; spoils the one numbered `at`."""

    def __init__(self, bench, rng):
        self.bench, self.rng = bench, rng
        self.count, self.at, self.fault = 0, None, None
        bus = bench.bus
        if hasattr(bus, "from_part"):
            bus.from_part = bus.to_part = self._stream
        else:
            bus.tamper = self._byte

    def _hits(self):
        self.count += 1
        is_hit = self.count - 1 == self.at
        if is_hit and self.fault in OTHER_FAULTS:
            self._act()
            return False
        return is_hit

    def _act(self):
        field = self.bench.field
        if self.fault == "reset":
            self.bench.wiring.power_on()
        elif self.fault == "card leaves":
            field.remove()
        else:
            field.place(Echo(uid="04777777"))

    def _byte(self, is_read, byte):
        if not self._hits():
            return byte
        return 0xFF if self.fault == "stuck" else byte ^ 1 << self.rng.randrange(8)

    def _stream(self, data):
        out = bytearray()
        for byte in data:
            if not self._hits():
                out.append(byte)
            elif self.fault == "flip":
                out.append(byte ^ 1 << self.rng.randrange(8))
            elif self.fault == "double":
                out += bytes([byte, byte])
            elif self.fault == "spurious":
                out += bytes([self.rng.randrange(256), byte])
            elif self.fault == "late":
                virtual.clock.advance(0.3)
                out.append(byte)
        return bytes(out)


async def tap(bench, card):
    """The answer to BALANCE, or None when the card was not found. Raises ReaderError."""
    bench.field.place(card)
    target = await bench.reader.poll(200)
    if target is None:
        return None
    await target.exchange(SELECT)
    return bytes(await target.exchange(BALANCE))


async def next_tap_works(bench):
    """As the terminal goes on: a LinkError restarts the reader."""
    for _ in range(4):
        try:
            if await tap(bench, purse(balance=5678)) == RIGHT:
                return True
        except ReaderError:
            try:
                await bench.reader.start()
            except ReaderError:
                pass  # the terminal tries again
    return False


def is_honest(answer, fault):
    """No card, the right answer, or the card's own refusal of a command that reached it changed.

    The PN532's frame check is a sum: a 00 lost on the way to the chip is not seen by it, and the
    command goes to the card with a wrong last byte. CRC_A does not see a 00 put in behind it on
    the MFRC522's UART. The card's own checks (lengths, MACs) answer.
    """
    if answer in (None, RIGHT):
        return True
    if fault == "another card":
        return answer == BALANCE + b"\x90\x00"
    return fault in ("drop", "spurious") and len(answer) == 2 and answer[0] & 0xF0 == 0x60


def run(kind, at, fault, seed=1):
    """One case; the number of bytes that crossed the bus."""

    async def session():
        bench = Bench(kind)
        await bench.reader.start()
        injector = Injector(bench, random.Random(seed * 1000 + at))
        injector.at, injector.fault = at, fault
        try:
            answer = await tap(bench, purse(balance=5678))
            assert is_honest(answer, fault), (at, fault, answer.hex())
        except ReaderError:
            pass
        injector.at = None
        assert await next_tap_works(bench), (kind, at, fault)
        return injector.count

    return virtual.run(session())


def faults_of(kind):
    is_stream = kind.endswith(("hsu", "thru", "uart"))
    return (STREAM_FAULTS if is_stream else BUS_FAULTS) + OTHER_FAULTS


def bytes_of_a_tap(kind):
    async def session():
        bench = Bench(kind)
        await bench.reader.start()
        injector = Injector(bench, random.Random(0))
        assert await tap(bench, purse(balance=5678)) == RIGHT
        return injector.count

    return virtual.run(session())


@pytest.mark.parametrize("kind", ALL)
def test_a_fault_at_some_bytes_costs_at_most_this_tap(kind):
    """The short form: 24 places spread over a tap, each kind of fault at its share of them."""
    size = bytes_of_a_tap(kind)
    faults = faults_of(kind)
    for index in range(24):
        run(kind, index * size // 24 + index % 5, faults[index % len(faults)])


@pytest.mark.slow
@pytest.mark.parametrize("kind", ALL)
def test_a_fault_at_every_byte_costs_at_most_this_tap(kind):
    for fault in faults_of(kind):
        for at in range(bytes_of_a_tap(kind)):
            run(kind, at, fault)

# Runs on the device: the terminal's purse, SAM, engine and journal against a card in the field.
# run(terminal, key, terminal serial, amount, BCD date-time) comes after this text, bytes in hex.
import asyncio
import binascii
import gc

import board
from ocwire import calendar, record
from terminal.engine import Engine
from terminal.journal import Journal
from terminal.rules import Rules
from terminal.sam.soft import PurchaseKey, SoftSam


class RamFlash:
    """Four sectors of NOR flash in RAM."""

    def __init__(self):
        self.data = bytearray(b"\xff" * 4096 * 4)

    def readblocks(self, block, buf, offset):
        start = block * 4096 + offset
        buf[:] = memoryview(self.data)[start : start + len(buf)]

    def writeblocks(self, block, buf, offset):
        start = block * 4096 + offset
        for i, byte in enumerate(buf):
            self.data[start + i] &= byte

    def ioctl(self, op, arg):
        if op == 4:
            return 4
        if op == 6:
            self.data[arg * 4096 : arg * 4096 + 4096] = b"\xff" * 4096
        return 0


class FixedClock:
    """Always the same second."""

    def __init__(self, when):
        self._when = binascii.unhexlify(when)

    def now_s(self):
        return calendar.from_bcd(self._when)

    def is_set(self):
        return True

    def bcd(self):
        return self._when


async def sell(terminal, key, serial, amount, when):
    gc.collect()  # the journal in RAM wants 16 kB in one piece
    reader = board.make().reader
    clock = FixedClock(when)
    journal = Journal(RamFlash(), bytes(16), clock.now_s)
    journal.mount()
    keys = (PurchaseKey(1, binascii.unhexlify(key), False),)
    sam = SoftSam(binascii.unhexlify(terminal), keys)
    engine = Engine(journal, sam, clock, Rules(), serial - journal.next_seq)
    await reader.start()
    target = None
    while target is None:
        target = await reader.poll(150)
    outcome = await engine.purchase(target, amount)
    items = record.split(journal.read(1, 400)[1], 1)
    result = items[-1].fields()
    print("outcome", outcome.kind, outcome.balance)
    print("records", [record.name(item.kind) for item in items])
    print("tac", binascii.hexlify(result["tac"]).decode().upper())
    print("mac2", binascii.hexlify(result["mac2"]).decode().upper())


def run(*case):
    asyncio.run(sell(*case))
    print("end")

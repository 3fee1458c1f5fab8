# Runs on the device: the terminal's purse, SAM, engine and journal against a card in the field.
# run(terminal, key, terminal serial, amount, BCD date-time, TTI) or run_load(terminal, key,
# amount, BCD date-time) comes after this text, bytes in hex.
import asyncio
import binascii
import gc
import struct

import board
import occrypto
from occard import purse
from ocwire import calendar, record
from terminal.engine import CompoundPurchase, Engine, Purchase
from terminal.journal import Journal
from terminal.rules import Rules
from terminal.sam.soft import PurchaseKey, SoftSam


class RamFlash:
    """Four sectors of NOR flash in RAM, each in a piece of its own."""

    def __init__(self):
        self.data = [bytearray(b"\xff" * 4096) for _ in range(4)]

    def readblocks(self, block, buf, offset):
        buf[:] = memoryview(self.data[block])[offset : offset + len(buf)]

    def writeblocks(self, block, buf, offset):
        sector = self.data[block]
        for i, byte in enumerate(buf):
            sector[offset + i] &= byte

    def ioctl(self, op, arg):
        if op == 4:
            return 4
        if op == 6:
            self.data[arg][:] = b"\xff" * 4096
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


async def card_on(reader):
    await reader.start()
    target = None
    while target is None:
        target = await reader.poll(150)
    return target


async def sell(terminal, key, serial, amount, when, tti=6):
    gc.collect()  # the journal in RAM wants pieces of 4 kB
    reader = board.make().reader
    clock = FixedClock(when)
    journal = Journal(RamFlash(), bytes(16), clock.now_s)
    journal.mount()
    keys = (PurchaseKey(1, binascii.unhexlify(key), False),)
    sam = SoftSam(binascii.unhexlify(terminal), keys)
    engine = Engine(journal, sam, clock, Rules(), serial - journal.next_seq)
    target = await card_on(reader)
    order = Purchase(amount) if tti == 6 else CompoundPurchase(amount, ())
    outcome = await engine.run(target, order)
    items = record.split(journal.read(1, 400)[1], 1)
    result = items[-1].fields()
    print("outcome", outcome.kind, outcome.balance)
    print("records", [record.name(item.kind) for item in items])
    say("tac", result["tac"])


async def load(terminal, key, amount, when):
    terminal, when = binascii.unhexlify(terminal), binascii.unhexlify(when)
    held = await purse.select(await card_on(board.make().reader))
    answer = await held.initialize_load(1, amount, terminal)
    block = answer.random + struct.pack(">H", answer.counter) + b"\x80\x00"
    session_key = occrypto.pboc_session_key(binascii.unhexlify(key), block)
    mac2 = occrypto.pboc_mac(session_key, struct.pack(">IB", amount, 2) + terminal + when)
    say("mac1", answer.mac1)
    say("mac2", mac2)
    say("tac", await held.credit(when, mac2))
    print("balance", await held.balance())


def say(name, raw):
    print(name, binascii.hexlify(raw).decode().upper())


def run(*case):
    asyncio.run(sell(*case))
    print("end")


def run_load(*case):
    asyncio.run(load(*case))
    print("end")

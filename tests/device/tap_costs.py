# Runs on the device: what a purchase takes of the heap, and a look-up in a long hotlist of time.
# tap_heap(count, key) wants a card on the reader; look_up(sectors, version, serials) a hotlist.
import asyncio
import binascii
import gc
import struct
import time

import board
import flashmap
import rp2
from terminal.engine import Engine
from terminal.hotlist import Hotlist
from terminal.journal import Journal
from terminal.rules import Rules
from terminal.sam.soft import PurchaseKey, SoftSam


class FixedClock:
    """Always the same second."""

    def now_s(self):
        return 1767225600

    def is_set(self):
        return True

    def bcd(self):
        return b"\x20\x26\x01\x01\x08\x00\x00"


async def sell(count, key):
    reader = board.make().reader
    clock = FixedClock()
    flash = rp2.Flash(start=flashmap.JOURNAL_START, len=16 * 4096)
    journal = Journal(flash, bytes(16), clock.now_s)
    journal.mount()
    journal.prepare()
    sam = SoftSam(bytes(6), (PurchaseKey(1, binascii.unhexlify(key), False),))
    engine = Engine(journal, sam, clock, Rules())
    await reader.start()
    for _ in range(count):
        target = None
        while target is None:
            target = await reader.poll(150)
        engine.field_is_empty()
        gc.collect()
        gc.disable()
        before = gc.mem_alloc()
        outcome = await engine.purchase(target, 1)
        print("heap", outcome.kind, gc.mem_alloc() - before)
        gc.enable()
        await target.release()


def tap_heap(count, key):
    asyncio.run(sell(count, key))


def look_up(sectors, version, serials):
    with open("/long.bin", "wb") as file:
        file.write(struct.pack(">II", version, 0))
    flash = rp2.Flash(start=flashmap.JOURNAL_START, len=sectors * 4096)
    start_us = time.ticks_us()
    hotlist = Hotlist(flash, "/long.bin")
    print("mount", time.ticks_diff(time.ticks_us(), start_us), len(hotlist), hotlist.version)
    gc.collect()
    for serial in serials:
        serial = binascii.unhexlify(serial)
        start_us = time.ticks_us()
        found = serial in hotlist
        print("look-up", time.ticks_diff(time.ticks_us(), start_us), int(found))

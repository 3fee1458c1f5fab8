"""The reader drivers on the virtual Pico's own interpreter: what an exchange allocates."""

import pytest
from onecard.sim.cards.purse import PurseCard
from onecard.sim.terminal_parts import READERS
from onecard.sim.worlds.pico import PicoWorld
from pico_repl import open_repl

pytestmark = pytest.mark.pico

# Coroutines are objects: each await of one costs a frame, and so does each look at the chip while
# a long frame passes. No buffer and no copy comes on top.
MOST_BYTES = {"mfrc522-spi": 2304}
CODE = """
import gc, asyncio, board
one = board.make()
small, large = b'\\x80\\x5c\\x00\\x02\\x04', b'\\x80\\x5c\\x00\\x02\\xf0' + bytes(240)
async def cost(target, command):
    await target.exchange(command)
    gc.collect()
    before = gc.mem_alloc()
    for _ in range(4):
        await target.exchange(command)
    return (gc.mem_alloc() - before) // 4
async def go():
    await one.reader.start()
    target = await one.reader.poll(1000)
    gc.disable()
    return await cost(target, small), await cost(target, large)
print(asyncio.run(go()))
"""


@pytest.mark.parametrize(
    "reader",
    [READERS[0], READERS[-1], *(pytest.param(r, marks=pytest.mark.slow) for r in READERS[1:-1])],
)
def test_an_exchange_allocates_no_buffer(uf2, reader):
    world = open_repl(PicoWorld(uf2, reader=reader))
    world.field.place(PurseCard.make(apdu_us=0.0))
    small, large = eval(world.exec(CODE))
    print(reader, small, large)
    assert 0 < small <= 1536
    assert large <= MOST_BYTES.get(reader, small + 200)
    world.close()

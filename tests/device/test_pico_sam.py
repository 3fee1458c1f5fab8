"""A PSAM in a slot on the virtual Pico's pins: the real UART, PWM and asyncio of the image.

UART1 on GPIO4 and 5, the card's clock on GPIO2, RST on GPIO3, VCC on GPIO6. The emulated UART
carries no parity bit; the simulated wire keeps it, by what the firmware writes into UARTLCR_H.
"""

import pytest
from onecard.sim.cards.psam import Psam
from onecard.sim.chips.iso7816 import ContactCard
from onecard.sim.chips.iso7816_atr import Profile
from onecard.sim.chips.iso7816_wire import IoWire
from onecard.sim.rp2040_contact import HEARD_ETU, SocketOnPico
from onecard.sim.timers import AlarmTimers
from onecard.sim.worlds.pico import PicoWorld
from pico_repl import open_repl

pytestmark = pytest.mark.pico

SETUP = """
import asyncio, gc, time
from machine import UART, PWM, Pin
from drivers.sam.line import CardLine
from drivers.sam.iso7816 import Iso7816Slot
uart = UART(1, 9600, bits=8, parity=0, stop=2, tx=Pin(4), rx=Pin(5), txbuf=256, rxbuf=512)
rst, vcc = Pin(3, Pin.OUT, value=0), Pin(6, Pin.OUT, value=0)
slot = Iso7816Slot(CardLine(uart), PWM(Pin(2)), rst, vcc, reset_etus=(372, 93))
into = bytearray(258)
async def one(text):
    size = await slot.exchange(bytes.fromhex(text), into)
    return into[:size].hex()
def do(*texts):
    async def all():
        for text in texts:
            print(await one(text), end=' ')
        print()
    asyncio.run(all())
"""
# Two exchanges of a loop that is running: what the second costs and leaves on the heap.
MEASURE = """
async def measure():
    command = bytes.fromhex('00B0960006')
    await slot.exchange(command, into)
    for _ in range(3):
        gc.collect()
        gc.disable()
        before, start = gc.mem_alloc(), time.ticks_us()
        await slot.exchange(command, into)
        took, used = time.ticks_diff(time.ticks_us(), start), gc.mem_alloc() - before
        gc.enable()
    gc.collect()
    free = gc.mem_free()
    for _ in range(20):
        await slot.exchange(command, into)
    gc.collect()
    print(took, used, free - gc.mem_free())
asyncio.run(measure())
"""
INIT_SAM = "807000001C A1B2C3D4 0010 000000C8 06 20250131123456 01 00 3109990012345678 08"


@pytest.fixture(scope="module")
def world(uf2):
    """A Pico at its REPL, with the driver loaded and a socket on its pins."""
    one = open_repl(PicoWorld(uf2))
    yield one
    one.close()


def put(world, sam, profile):
    """Another card into the socket, which is without supply then."""
    world.exec("if 'slot' in globals(): slot.power_off()")
    wire = IoWire()
    mcu = world.bench.mcu
    timers = AlarmTimers()
    timers.attach(mcu)
    card = ContactCard(sam, wire, timers, profile, heard_etu=HEARD_ETU)
    SocketOnPico(wire, 1, 2, card.set_clock, {3: card.set_rst, 6: card.set_vcc}).attach(mcu)
    world.exec(SETUP)
    return card


@pytest.mark.parametrize(
    ("profile", "baud"),
    [
        (Profile(), 9601),
        (Profile(ta1=0x18), 115207),
        (Profile(ta1=0x18, is_inverse=True), 115207),
        (Profile(ta1=0x18, tc1=3, ack="mixed", nulls=1), 115207),
        (Profile(reset_etu=93), 38402),
    ],
)
def test_a_purchase_goes_through_a_psam_on_the_picos_pins(world, profile, baud, monkeypatch):
    monkeypatch.setattr("onecard.sim.cards.psam.diversify", lambda key, factor: key)
    card = put(world, Psam(next_serial=0x123, apdu_us=2000.0), profile)
    said = world.exec("print(asyncio.run(slot.power_on()).hex(), slot.baud)")
    assert said == f"{profile.atr().hex()} {baud}\n"
    assert round(card.hz) == 3_571_429
    card.wire.take_errors()  # a first ATR may come at another speed than is listened for
    said = world.exec(f"do('00B0960006', '00A40000028011', '{INIT_SAM}', '80720000040881E007')")
    answers = said.split()
    assert answers[0] == "1122334455669000" and answers[1][-4:] == "9000"
    assert answers[2:] == ["00000123fa18f43a9000", "9000"]
    world.exec("slot.power_off()")
    assert (card.has_vcc, card.hz, card.is_rst_high) == (False, 0.0, False)
    assert card.faults == [] and card.wire.faults == [] and card.wire.parity_errors == 0


def test_an_empty_slot_and_a_pulled_card_are_typed_errors(world):
    card = put(world, Psam(apdu_us=2000.0), Profile(tc2=1))
    card.remove()
    with pytest.raises(RuntimeError, match="CardMute"):
        world.exec("asyncio.run(slot.power_on())")
    card.insert()
    world.exec("asyncio.run(slot.power_on())")
    card.remove()
    with pytest.raises(RuntimeError, match="SamTimeout"):
        world.exec("do('00B0960006')")
    with pytest.raises(RuntimeError, match="NotPowered"):
        world.exec("do('00B0960006')")
    card.insert()
    world.exec("asyncio.run(slot.power_on())")
    assert world.exec("do('00B0960006')") == "1122334455669000 \n"


def test_an_exchange_leaves_nothing_on_the_heap(world):
    card = put(world, Psam(apdu_us=2000.0), Profile(ta1=0x18))
    world.exec("asyncio.run(slot.power_on())")
    took_us, used, lost = map(int, world.exec(MEASURE).split())
    floor_us = 2000 + (5 + 1 + 6 + 2) * 12 * 1e6 / 115207
    assert floor_us < took_us < floor_us + 2_000
    # a block (16 bytes) an exchange would be 320; what the collector takes for a pointer varies
    assert lost < 320 and used < 2500, (used, lost)  # 2,032: the coroutines of its awaits
    assert card.faults == []

"""The largest settings that there are fit a Pico's heap, in one piece enough to sell with them."""

import pytest
from largest import largest
from onecard.lent import with_glyphs
from onecard.link import LinkClient
from onecard.sim.worlds.pico_port import PicoPort
from pico_rig import NOW_S, TERMINAL, K, PurseCard, Rig


@pytest.mark.pico
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_canteen_with_as_much_of_everything_as_it_takes_sells(flash):
    rig = Rig(flash=flash)
    rig.serve()
    client = LinkClient(PicoPort(rig.world), 120.0)
    client.hello()
    client.authenticate(rig.keystore.link_key(TERMINAL))
    client.set_time(NOW_S)
    client.configure(with_glyphs(largest()))
    rig.wait_screen("请刷卡", 20_000)
    rig.world.run(2000)
    serial = bytes.fromhex("03109990000000000001")
    rig.tap(PurseCard.make(serial=serial, balance=9000, dpk=K, apdu_us=10_000.0))
    status = client.status()
    assert status.fault == "" and status.ram_free_bytes > 50_000
    rig.world.close()

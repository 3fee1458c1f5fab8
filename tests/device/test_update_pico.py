"""An update on the virtual Pico: the UF2, slots executed in place, its own watchdog and reset."""

import pytest
from ocwire import message
from onecard.link import LinkClient
from onecard.sim.worlds.base import FILES_SIZE
from onecard.sim.worlds.pico_port import PicoPort
from pico_rig import NOW_S, TERMINAL, Rig
from updates import KEY, signed

pytestmark = [pytest.mark.pico, pytest.mark.timeout(1200)]

HANGS = {
    "clock": ("def _ask(rtc):\n", "def _ask(rtc):\n    time.sleep_ms(3600000)\n\n\ndef _b():\n")
}


def connect(rig):
    """An authenticated client that waits as long as an emulated SM2 signature takes."""
    client = LinkClient(PicoPort(rig.world), timeout_s=120)
    client.hello()
    client.authenticate(rig.keystore.link_key(TERMINAL))
    return client


def download(rig, made):
    """Give the bundle to the terminal; a client that may activate it."""
    client = connect(rig)
    offset = client.update_begin(made.header.pack())
    while offset < len(made.image):
        offset = client.update_data(offset, made.image[offset : offset + 2048])
    return client


def restarted(rig, resets):
    """Wait for so many resets and the terminal's idle screen."""
    assert rig.world.run(60_000, lambda: rig.world.bench.resets >= resets, every_ms=50)
    rig.world.run(1500)
    rig.wait_screen("请刷卡", 6000)


@pytest.fixture
def rig(flash):
    one = Rig(flash=flash)
    one.serve()
    client = connect(one)
    client.set_time(NOW_S)
    client.configure(client.read_config() | {"update_roots": KEY.root})
    one.wait_screen("请刷卡")
    yield one
    one.world.close()


@pytest.mark.slow
def test_an_update_is_taken_confirmed_stays_and_costs_no_ram(rig, tmp_path):
    free_before = connect(rig).status().ram_free_bytes
    made = signed(tmp_path, board="rp2_pico")
    before_us = rig.world.us
    client = download(rig, made)
    print(f"{len(made.image)} bytes in {(rig.world.us - before_us) / 1000:.0f} ms")
    client.update_activate()
    restarted(rig, 1)
    client = connect(rig)
    assert client.hello().description == "rp2_pico 0.1.1"
    client = connect(rig)
    assert client.update_status().state == message.TRIAL
    assert rig.world.bench.mcu.watchdog.timer.enable
    client.update_confirm()
    status = client.update_status()
    assert (status.version, status.slot, status.state) == ("0.1.1", 1, message.SETTLED)
    free = client.status().ram_free_bytes
    print("free RAM", free_before, "->", free)
    assert free > free_before - 4096
    assert not rig.world.bench.mcu.watchdog.timer.enable
    rig.world.reboot()
    rig.serve()
    assert connect(rig).update_status().version == "0.1.1"


@pytest.mark.slow
def test_an_update_that_hangs_is_rolled_back_by_the_watchdog(rig, tmp_path):
    download(rig, signed(tmp_path, board="rp2_pico", **HANGS)).update_activate()
    restarted(rig, 4)
    status = connect(rig).update_status()
    assert (status.version, status.slot, status.state) == ("0.1.0", 0, message.SETTLED)
    assert status.fault == "hung, or lost its power"


@pytest.mark.slow
def test_a_slot_that_rots_is_not_run(rig, tmp_path):
    client = download(rig, signed(tmp_path, board="rp2_pico"))
    client.update_activate()
    restarted(rig, 1)
    connect(rig).update_confirm()
    image = bytearray(rig.world.flash_image())
    slot = len(image) - 1472 * 1024 + FILES_SIZE
    image[slot + 300] ^= 0x10
    rig.world.reboot(bytes(image))
    rig.serve()
    status = connect(rig).update_status()
    assert (status.version, status.slot) == ("0.1.0", 0)
    assert status.fault == "slot 1 is damaged"

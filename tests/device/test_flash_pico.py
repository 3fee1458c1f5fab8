"""A virtual Pico is flashed as a technician does it: a terminal with an older image becomes its
drive through service mode and the boot ROM, takes the UF2 and comes back as the same terminal."""

import pytest
from onecard.build import uf2
from onecard.devices import Search, repl, scan
from onecard.flash import Job, find_wanted, run_all
from onecard.flash.terminal import Options
from onecard.sim.worlds.pico_terminal import PicoTerminal
from terminal_rig import TERMINAL, TerminalRig

pytestmark = [pytest.mark.pico, pytest.mark.slow, pytest.mark.timeout(1200)]


@pytest.fixture
def older(uf2_path, tmp_path):
    """The image with another digest frozen into it, so that it counts as an older one."""
    wanted = find_wanted([uf2_path])
    binary = wanted.uf2.binary
    assert binary.count(wanted.base) == 1
    path = tmp_path / "older.uf2"
    path.write_bytes(uf2.encode(binary.replace(wanted.base, bytes(range(8)))))
    return path


@pytest.fixture
def uf2_path(uf2):
    return uf2


def test_a_terminal_with_an_older_image_takes_the_new_one_and_keeps_keys_and_records(
    older, uf2_path, tmp_path
):
    hub = tmp_path / "hub"
    hub.mkdir()
    world = PicoTerminal(older, tmp_path / "world", is_paced=False, plug=hub / "till")
    rig = TerminalRig(world, tmp_path, timeout_s=60)
    try:
        rig.provision()
        (hub / "till").symlink_to(world.link_path)
        rig.tap("a", "支付成功")
        search = Search((), hub, (hub,), is_usb=False)

        def flash(**options):
            found = scan(search, rig.keystore, timeout_s=20)
            chosen = Options(search, rig.keystore, timeout_s=60, wait_s=300, **options)
            (done,) = run_all([Job(one) for one in found], find_wanted([uf2_path]), chosen)
            return done

        done = flash()
        assert done.result == "refused" and "12.00 yuan debited" in done.text, done
        done = flash(store=rig.store)
        assert (done.result, done.terminal) == ("done", TERMINAL), done
        done = flash()
        assert (done.result, done.written) == ("unchanged", 0), done
        rig.tap("d", "支付成功")

        with rig.connected() as client:
            client.service()
        (one,) = scan(search, timeout_s=20)
        assert (one.kind, one.state) == ("micropython", "service mode"), one
        mark = rig.session.mark()
        repl.restart(str(hub / "till"))
        rig.session.wait_screen("请刷卡", mark, 120)
        rig.assert_balanced(2400)
    finally:
        rig.close()

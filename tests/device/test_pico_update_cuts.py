"""Power cuts in an update on the virtual Pico: download, activation, confirmation; P5.

The operations are spread over each of the three, the ways of tearing take turns; after each cut
the old or the new firmware runs, and the update can be gone through with.
"""

import pytest
from forks import in_a_fork
from ocwire import message
from onecard.sim.flash import CUT_MODES, PowerCut
from pico_rig import NOW_S, Rig
from test_update_pico import connect, download, restarted
from updates import KEY, signed

pytestmark = [pytest.mark.pico, pytest.mark.slow, pytest.mark.timeout(4 * 3600)]

CASES = 5  # of each part
MOST_STARTS = 5
OLD, NEW = "0.1.0", "0.1.1"


class Update:
    """A Pico in service and a bundle for it, going on from one part to the next."""

    def __init__(self, flash, folder):
        self.rig = Rig(flash=flash)
        self.rig.serve()
        client = connect(self.rig)
        client.set_time(NOW_S)
        client.configure(client.read_config() | {"update_roots": KEY.root})
        self.rig.wait_screen("请刷卡")
        self.made = signed(folder, board="rp2_pico")

    def downloading(self):
        download(self.rig, self.made)

    def activating(self):
        """What was downloaded is put on trial and started."""
        resets = self.rig.world.bench.resets
        download(self.rig, self.made).update_activate()  # its last page once more
        restarted(self.rig, resets + 1)

    def confirming(self):
        connect(self.rig).update_confirm()

    def operations(self, part):
        """How many programs and erases it takes."""

        def work():
            before = len(self.rig.world.flash_operations)
            part()
            return str(len(self.rig.world.flash_operations) - before)

        return int(in_a_fork(work))

    def cut(self, part, n, mode):
        """One case."""

        def work():
            world = self.rig.world
            world.cut_power_at(n, mode, seed=n)
            with pytest.raises(PowerCut):
                part()
                world.run(5000)
            world.reboot()
            self.rig.serve()
            assert connect(self.rig).update_status().version in (OLD, NEW)
            self.go_through()
            return ""

        in_a_fork(work)

    def go_through(self):
        """Whatever state it is in, until the new firmware is settled."""
        for _ in range(MOST_STARTS):
            client = connect(self.rig)
            status = client.update_status()
            if status.version == NEW:
                if status.state == message.TRIAL:
                    client.update_confirm()
                status = client.update_status()
                assert (status.version, status.state) == (NEW, message.SETTLED)
                return
            resets = self.rig.world.bench.resets
            download(self.rig, self.made).update_activate()
            restarted(self.rig, resets + 1)
        raise AssertionError("the update does not come to its end")

    def sweep(self, part):
        """Cuts spread over the part; how many."""
        total, cases = self.operations(part), 0
        assert total >= 2, total
        for number in range(min(CASES, total)):
            n = 1 + number * (total - 1) // (min(CASES, total) - 1)
            try:
                self.cut(part, n, CUT_MODES[number])
            except AssertionError as error:
                raise AssertionError(f"operation {n}, {CUT_MODES[number]}: {error}") from None
            cases += 1
        return cases


def test_p5_the_old_or_the_new_runs_after_a_cut_in_an_update(flash, tmp_path, counted):
    update, cases = Update(flash, tmp_path), 0
    for part in (update.downloading, update.activating, update.confirming):
        cases += update.sweep(part)
        part()
    counted("virtual Pico", "an update", cases)
    assert cases >= 10

"""What the device level needs: the images, which the build makes and CI must have."""

import fcntl
import os

import needs
import pytest


@pytest.fixture(scope="session")
def unix_binary():
    """The terminal on the MicroPython unix port."""
    return needs.image("unix")


@pytest.fixture(scope="session")
def uf2():
    """The terminal for the Raspberry Pi Pico."""
    pytest.importorskip("rp2040py", reason="rp2040py is not installed: make setup")
    return needs.image("rp2_pico")


@pytest.fixture(scope="session")
def flash(uf2, tmp_path_factory):
    """A provisioned Pico's flash: the price is 2.00, the keys are used as they are.

    Made once a run, for all workers: it takes a minute of emulation.
    """
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    image = folder / "provisioned.bin"
    with (folder / "provisioned.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not image.exists():
            image.write_bytes(provisioned(uf2))
        return image.read_bytes()


def provisioned(uf2):
    """Boot, provision, settle."""
    from pico_rig import Rig

    rig = Rig(uf2)
    rig.provision()
    rig.world.run(500)
    rig.world.close()
    return rig.world.flash_image()


@pytest.fixture
def tell(unix_binary, tmp_path):
    """Begin a story on the unix port: tell(what it then shows, **settings) -> story.Story."""
    from onecard.sim.worlds.unix import UnixWorld
    from story import Story

    stories = []

    def begin(says, **config):
        world = UnixWorld(unix_binary, tmp_path / "world", time_scale=0.0)
        stories.append(Story(world, tmp_path, config))
        stories[0].begin(says)
        return stories[0]

    yield begin
    for story in stories:
        story.close()

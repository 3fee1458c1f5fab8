"""The shared tests on the unix port: crypto vectors on every backend, and ocwire (P8)."""

import os
import shutil
import subprocess

import pytest
from onecard.build.sources import project_root

BOTH = project_root() / "tests" / "both"
VECTORS = project_root() / "tests" / "vectors" / "crypto"


def micropython(binary, *words, path=()):
    """Run the terminal's interpreter in tests/both; returns what it printed."""
    environment = {"MICROPYPATH": ":".join((".frozen", str(BOTH), *map(str, path)))}
    done = subprocess.run(
        [binary, *words], env=environment, cwd=BOTH, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def natmod(tmp_path):
    """A folder with the x64 native module, under a name that no built-in module takes."""
    source = project_root() / "build" / "natmod-x64" / "_occrypto.mpy"
    if not source.exists():
        text = "no x64 native module: onecard build natmod --arch x64"
        if os.environ.get("CI") == "true":
            pytest.fail(text)
        pytest.skip(text)
    shutil.copy(source, tmp_path / "oc_natmod.mpy")
    return tmp_path


@pytest.mark.parametrize(
    ("module", "backend"), [("occrypto", "usermod"), ("occrypto._reference", "reference")]
)
def test_p8_vectors_hold_on_what_is_in_the_image(unix_binary, module, backend):
    said = micropython(unix_binary, "run_vectors.py", str(VECTORS), module)
    assert said.startswith(f"{backend}: ") and said.endswith(" vectors passed, 0 failed\n")
    assert int(said.split()[1]) >= 349


def test_p8_vectors_hold_on_the_native_module(unix_binary, natmod):
    said = micropython(unix_binary, "run_vectors.py", str(VECTORS), "oc_natmod", path=[natmod])
    assert said.startswith("natmod: ") and said.endswith(" vectors passed, 0 failed\n")


def test_shared_formats_hold(unix_binary):
    said = micropython(unix_binary, "test_ocwire.py")
    assert said.endswith(" tests passed\n") and int(said.split()[0]) >= 10

"""The shared tests on the virtual Pico: the C core on a Cortex-M0+, built in and .mpy (P8)."""

import os

import pytest
from onecard.build.sources import project_root
from onecard.sim.worlds.pico import PicoWorld
from pico_repl import open_repl

TESTS = project_root() / "tests"
NATMOD = project_root() / "build" / "natmod-armv6m" / "_occrypto.mpy"

pytestmark = pytest.mark.pico


@pytest.fixture(scope="module")
def world(uf2):
    """A Pico at its REPL that knows the runner of the vectors."""
    one = open_repl(PicoWorld(uf2, is_timed=False))
    one.exec((TESTS / "both" / "test_crypto_vectors.py").read_text())
    yield one
    one.close()


def run_vectors(world, module, pattern="*.json"):
    """Run vector files on `module` (an expression); returns the count, fails on a failure."""
    world.exec("import gc, occrypto")
    total = 0
    for path in sorted((TESTS / "vectors" / "crypto").glob(pattern)):
        text = path.read_text()
        world.exec("text = bytearray()")
        for start in range(0, len(text), 4000):
            world.exec(f"text += {text[start : start + 4000].encode()!r}")
        said = world.exec(f"gc.collect(); print(run({module}, bytes(text)))", ms=60_000)
        count, failures = eval(said)  # a tuple that our own image printed
        assert not failures, (path.name, failures)
        total += count
    return total


def test_p8_vectors_hold_on_the_image(world):
    assert world.exec("import occrypto; print(occrypto.backend)") == "usermod\n"
    assert run_vectors(world, "occrypto", "[!e]*.json") > 100


@pytest.mark.slow
def test_p8_wrong_arguments_are_told_alike_on_the_image(world):
    assert run_vectors(world, "occrypto", "errors*.json") > 150


@pytest.mark.slow
def test_p8_vectors_hold_on_the_native_module_in_the_files(world):
    if not NATMOD.exists():
        text = "no armv6m native module: onecard build natmod --arch armv6m"
        if os.environ.get("CI") == "true":
            pytest.fail(text)
        pytest.skip(text)
    raw = NATMOD.read_bytes()
    world.exec("f = open('/oc_natmod.mpy', 'wb')")
    for start in range(0, len(raw), 1024):
        world.exec(f"f.write({raw[start : start + 1024]!r})")
    world.exec("f.close(); import oc_natmod")
    assert world.exec("print(oc_natmod.binding)") == "natmod\n"
    assert run_vectors(world, "oc_natmod") > 300

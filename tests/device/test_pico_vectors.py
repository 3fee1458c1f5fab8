"""The shared tests on the virtual Pico: the C core on a Cortex-M0+, built in and .mpy (P8)."""

import memory_files
import needs
import pytest
from onecard.sim.worlds.pico import PicoWorld
from pico_repl import mount_files, open_repl

pytestmark = pytest.mark.pico


@pytest.fixture(scope="module")
def world(uf2):
    """A Pico at its REPL that has the vectors, their runner and the native module; one boot."""
    module = needs.native_module("armv6m").read_bytes()
    one = open_repl(PicoWorld(uf2, is_timed=False))
    mount_files(one, memory_files.vector_files() | {"oc_natmod.mpy": module})
    yield one
    one.close()


def is_quick(name):
    """Files for every run. QEMU's Cortex-M3 runs the others in every run, on the same .mpy."""
    return not name.startswith(("errors", "overlap", "sm2_"))


def run_vectors(world, module, wanted):
    """The count of vectors that hold on `module`."""
    return memory_files.run_vectors(
        lambda code: world.exec(code, ms=120_000), module, wanted=wanted
    )


@pytest.mark.parametrize(
    ("module", "attribute", "binding"),
    [
        ("occrypto", "backend", "usermod"),
        # the same .mpy runs on QEMU's Cortex-M3 in every run
        pytest.param("oc_natmod", "binding", "natmod", marks=pytest.mark.slow),
    ],
)
def test_p8_vectors_hold_on_the_pico(world, module, attribute, binding):
    assert world.exec(f"import {module}; print({module}.{attribute})") == f"{binding}\n"
    assert run_vectors(world, module, is_quick) > 100


@pytest.mark.slow
@pytest.mark.parametrize("module", ["occrypto", "oc_natmod"])
def test_p8_the_other_vectors_hold_on_the_pico(world, module):
    assert run_vectors(world, module, lambda name: not is_quick(name)) > 100

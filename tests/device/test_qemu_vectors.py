"""The crypto vectors under QEMU: built in, native modules and the twin on 32-bit cores (P8)."""

import memory_files
import needs
import pytest
from onecard.build.sources import project_root
from qemu_repl import QemuWorld

TWIN = project_root() / "native" / "occrypto"

# board -> the native modules that its interpreter takes
ARCHES = {
    "qemu_m3": ("armv6m", "armv7m"),
    "qemu_m7": ("armv7emsp", "armv7emdp"),
    "qemu_rv32": ("rv32imc",),
}
NATIVE = [(board, arch) for board, arches in ARCHES.items() for arch in arches]


@pytest.fixture(scope="module")
def world(request):
    """The board `request.param` at its REPL, with the vectors and its native modules."""
    files = memory_files.vector_files()
    for arch in ARCHES[request.param]:
        files[f"oc_{arch}.mpy"] = needs.native_module(arch).read_bytes()
    with QemuWorld(request.param, files) as one:
        yield one


@pytest.mark.parametrize("world", ARCHES, indirect=True)
def test_p8_vectors_hold_on_the_image(world):
    assert world.exec("import occrypto; print(occrypto.backend)") == "usermod\n"
    assert memory_files.run_vectors(world.exec, "occrypto") > 100


@pytest.mark.parametrize(("world", "arch"), NATIVE, indirect=["world"])
def test_p8_vectors_hold_on_the_native_module(world, arch):
    assert world.exec(f"import oc_{arch}; print(oc_{arch}.binding)") == "natmod\n"
    assert memory_files.run_vectors(world.exec, f"oc_{arch}") > 100


@pytest.mark.slow
@pytest.mark.parametrize("world", ARCHES, indirect=True)
def test_p8_slow_vectors_hold_on_the_image(world):
    assert memory_files.run_vectors(world.exec, "occrypto", slow=True) > 100


@pytest.mark.parametrize("world", ["qemu_m3"], indirect=True)  # Python: one core tells for all
def test_p8_vectors_hold_on_the_twin(world):
    assert memory_files.run_vectors(world.exec, "occrypto._reference") > 100


@pytest.mark.parametrize("world", ARCHES, indirect=True)
def test_p8_vectors_hold_on_the_twin_in_viper(world):
    needs.file(TWIN / "_viper.py", "no native/occrypto/_viper.py")
    assert memory_files.run_vectors(world.exec, "occrypto._viper") > 100


def test_a_native_module_for_another_core_is_refused():
    files = {"oc_other.mpy": needs.native_module("armv7emsp").read_bytes()}
    with QemuWorld("qemu_m3", files) as one, pytest.raises(RuntimeError, match="incompatible"):
        one.exec("import oc_other")

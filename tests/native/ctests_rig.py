"""Running native/ctests: its makefile, with what it needs named where it is missing."""

import subprocess
import sys
from pathlib import Path

from tests.device import needs

ROOT = Path(__file__).parents[2]
CTESTS = ROOT / "native" / "ctests"
OUT = ROOT / "build" / "ctests"

sys.path.insert(0, str(CTESTS))  # its scripts are modules of the tests here


def need_compiler():
    for name in ("gcc", "make"):
        needs.tool(name, name)


def need_fuzzer():
    """clang with libFuzzer, or what is missing of it."""
    clang = needs.tool("clang", "clang")
    folder = run([clang, "-print-resource-dir"]).stdout.strip()
    if not list(Path(folder).rglob("libclang_rt.fuzzer-*.a")):
        needs.missing("no libFuzzer: apt-get install libclang-rt-14-dev")


def need_valgrind():
    for name in ("valgrind", "gcc", "clang"):  # also the packages' names
        needs.tool(name, name)


def need_arm_compiler():
    needs.tool("arm-none-eabi-gcc", "gcc-arm-none-eabi")


def run(command, text=None):
    """A finished program; stdout and stderr are joined."""
    return subprocess.run(
        list(map(str, command)),
        input=text,
        cwd=CTESTS,
        text=True,
        errors="replace",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def make(*targets):
    """The makefile's run for these targets (and VARIABLE=value). Two compilers at a time."""
    return run(["make", "-s", "-j2", *targets, f"OUT={OUT}", f"PYTHON={sys.executable}"])

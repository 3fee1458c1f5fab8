"""Instructions a byte of the C core from Python: built in, as native module, and of the twins.

python tests/bench/instructions.py [BOARD ...]: QEMU's Cortex-M3 and RV32 count instructions, the
virtual Pico cycles. Needs the images and the native modules (make test builds them). A figure is
the difference of two lengths, so that the interpreter's part of a call drops out, or that of one
whole call (SM2). A cipher's has the making of its result in it: the heap clears what it hands
out. Counts do not depend on the host; the interpreter's state moves them a little.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "device"))

import needs
from onecard.sim.worlds.pico import PicoWorld
from pico_repl import mount_files, open_repl
from qemu_repl import MACHINES, QemuWorld
from rich.console import Console
from rich.table import Table

# function -> its arguments in the guest; those with `data` are counted by the byte
CALLS = {
    "sm3": "data",
    "sha256": "data",
    "hmac_sm3": "key, data",
    "sm4_ecb_encrypt": "key, data",
    "sm4_ctr": "key, key, data",
    "aes_ecb_encrypt": "key, data",
    "des_ecb_encrypt": "key, data",
    "crc32": "data",
    "crc_a": "data",
    "sm2_public_key": "private",
    "sm2_sign": "private, digest",
    "sm2_verify": "public, digest, signature",
}
# In this order: the viper twin puts its loops into the pure one when it is imported.
MODULES = {
    "usermod": "_occrypto",
    "natmod": "oc_natmod",
    "twin": "occrypto._reference",
    "viper": "occrypto._viper",
}
TWINS = ("twin", "viper")
# One of these with a twin would keep the virtual Pico busy for minutes.
TOO_LONG = {
    ("rp2_pico", backend, name)
    for backend in TWINS
    for name in CALLS
    if name.startswith(("sm2_", "des_", "aes_"))
}

ARCHES = {"qemu_m3": "armv7m", "qemu_rv32": "rv32imc", "rp2_pico": "armv6m"}
UNITS = {"qemu_m3": "instructions", "qemu_rv32": "instructions", "rp2_pico": "cycles"}

GUEST = """
import gc
key = bytes(range(16))
private = digest = bytes(range(1, 33))
public = signature = None

def count(function, size):
    gc.collect()  # every call begins with the same heap
    start = clock()
    function(size)
    return (clock() - start) & 0xFFFFFFFF

def bind(module):
    global tested, public, signature
    try:
        tested = __import__(module)
    except ImportError:  # an image without the twins, or without an emitter for viper
        return False
    for part in module.split(".")[1:]:
        tested = getattr(tested, part)
    import _occrypto
    if hasattr(_occrypto, "sm2_sign"):
        public = _occrypto.sm2_public_key(private)
        signature = _occrypto.sm2_sign(private, digest)
    return True
"""


@dataclass(frozen=True)
class Guest:
    """A booted machine. run: executes code, returns what it printed. per: clock counts a unit."""

    run: Callable[[str], str]
    per: float
    lengths: tuple[int, int]
    twin_lengths: tuple[int, int]


def _measure(board: str, guest: Guest) -> dict[str, dict[str, float]]:
    """function -> backend -> count, of the functions that a backend has."""
    found: dict[str, dict[str, float]] = {}
    guest.run(GUEST)
    for backend, module in MODULES.items():
        if guest.run(f"print(bind({module!r}))").strip() != "True":
            continue
        for name, arguments in CALLS.items():
            is_there = guest.run(f"print(hasattr(tested, {name!r}))").strip() == "True"
            if is_there and (board, backend, name) not in TOO_LONG:
                lengths = guest.twin_lengths if backend in TWINS else guest.lengths
                count = _one(guest, f"tested.{name}({arguments})", lengths)
                found.setdefault(name, {})[backend] = round(count, 2)
    return found


def _one(guest: Guest, call: str, lengths: tuple[int, int]) -> float:
    """Units of one call, or of one of its bytes."""
    guest.run(f"def called(data):\n    {call}")
    if "data" not in call:
        return int(guest.run("print(count(called, None))")) / guest.per
    # views of one buffer: the heap is the same for each length
    guest.run(f"data = bytes(range(256)) * {-(-lengths[1] // 256)}")
    guest.run(f"views = [memoryview(data)[:size] for size in (0, {lengths[0]}, {lengths[1]})]")
    counts = eval(guest.run("print([count(called, view) for view in views])"))[1:]
    return (counts[1] - counts[0]) / (lengths[1] - lengths[0]) / guest.per


def _qemu(board: str, files: dict[str, bytes]) -> dict[str, dict[str, float]]:
    machine = MACHINES[board]
    with QemuWorld(board, files, is_counting=True) as world:
        clock = f"import machine\ndef clock():\n    return machine.mem32[{machine.timer}]"
        world.exec(clock)
        run = lambda code: world.exec(code, 600)  # noqa: E731
        return _measure(board, Guest(run, machine.per_instruction, (1024, 2048), (256, 768)))


def _pico(board: str, files: dict[str, bytes]) -> dict[str, dict[str, float]]:
    world = open_repl(PicoWorld(needs.image(board), is_timed=False))
    try:
        mount_files(world, files)
        world.exec("import machine, time; clock = time.ticks_us")
        per = 1e6 / int(world.exec("print(machine.freq())"))
        run = lambda code: world.exec(code, 120_000)  # noqa: E731
        return _measure(board, Guest(run, per, (2048, 10240), (64, 192)))
    finally:
        world.close()


def measure(boards: tuple[str, ...] = tuple(ARCHES)) -> dict[str, dict[str, dict[str, float]]]:
    """board -> function -> a key of MODULES -> UNITS[board] a byte (SM2: a call)."""
    found = {}
    for board in boards:
        files = {"oc_natmod.mpy": needs.native_module(ARCHES[board]).read_bytes()}
        found[board] = (_pico if board == "rp2_pico" else _qemu)(board, files)
    return found


def _shown(count: float) -> str:
    return f"{count:,.0f}" if count >= 1000 else f"{count:.2f}"


def main(boards: list[str]) -> None:
    """Measure and print."""
    for board, functions in measure(tuple(boards) or tuple(ARCHES)).items():
        table = Table("function", *MODULES, "twin / usermod", title=f"{UNITS[board]}: {board}")
        for name, counts in functions.items():
            cells = [_shown(counts[b]) if b in counts else "" for b in MODULES]
            both = "twin" in counts and "usermod" in counts
            ratio = f"{counts['twin'] / counts['usermod']:,.0f}" if both else ""
            table.add_row(
                name + (" a byte" if "data" in CALLS[name] else " a call"), *cells, ratio
            )
        Console(width=110).print(table)


if __name__ == "__main__":
    main(sys.argv[1:])

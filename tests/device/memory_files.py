"""Files for a virtual machine: laid into its memory from outside, read in place inside.

A REPL takes and compiles a text a line at a time; memory takes it at once. The guest mounts what
GUEST defines: mount_memory("/m", {name: (address, size)}), and memory_file(name) is a buffer.
"""

from collections.abc import Callable

from onecard.build.sources import project_root

BOTH = project_root() / "tests" / "both"
VECTORS = project_root() / "tests" / "vectors" / "crypto"

GUEST = """
import gc, io, sys, uctypes, vfs

class MemoryFile(io.IOBase):
    def __init__(self, data):
        self.data = data
        self.at = 0
    def readinto(self, buf):
        part = self.data[self.at : self.at + len(buf)]
        buf[: len(part)] = part
        self.at += len(part)
        return len(part)
    def ioctl(self, op, arg):
        return 0

def memory_file(name):
    return memoryview(uctypes.bytearray_at(*memory_table[name]))

class MemoryFiles:
    def mount(self, readonly, mkfs):
        pass
    def stat(self, path):
        if path[1:] not in memory_table:
            raise OSError(2)
        return (0x8000, 0, 0, 0, 0, 0, memory_table[path[1:]][1], 0, 0, 0)
    def open(self, path, mode):
        return MemoryFile(memory_file(path[1:]))

def mount_memory(path, table):
    global memory_table
    memory_table = table
    vfs.mount(MemoryFiles(), path)
    sys.path.append(path)
"""


def pack(files: dict[str, bytes], address: int) -> tuple[bytes, dict[str, tuple[int, int]]]:
    """What to lay at `address`, and name -> (address, size) of each file in it."""
    blob, table = bytearray(), {}
    for name, data in files.items():
        table[name] = (address + len(blob), len(data))
        blob += data + bytes(-len(data) % 4)
    return bytes(blob), table


def vector_files() -> dict[str, bytes]:
    """The crypto vectors and their runner, by file name."""
    paths = [BOTH / "test_crypto_vectors.py", *sorted(VECTORS.glob("*.json"))]
    return {path.name: path.read_bytes() for path in paths}


def run_vectors(
    run: Callable[[str], str],
    module: str,
    slow: bool = False,
    wanted: Callable[[str], bool] = lambda name: True,
) -> int:
    """Run the vector files on `module`, an import name; the count. Asserts that all hold.

    run: executes code in a guest that has vector_files() mounted, and returns what it printed.
    slow: with the cases that are marked so. wanted: which files, by name.
    """
    run(f"import {module}; from test_crypto_vectors import run; tested = sys.modules[{module!r}]")
    total = 0
    for path in sorted(VECTORS.glob("*.json")):
        if not wanted(path.name):
            continue
        said = run(f"gc.collect(); print(run(tested, memory_file({path.name!r}), {slow}))")
        count, failures = eval(said)  # a tuple that our own code printed in the guest
        assert not failures, (path.name, failures)
        total += count
    return total

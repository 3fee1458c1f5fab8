"""A Cortex-M3, an M7 or a RISC-V under QEMU: its raw REPL on QEMU's standard input and output.

Nothing here sleeps: every wait is for bytes, ends by a deadline, and QEMU is killed in any case.
"""

import os
import select
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import memory_files
import needs


@dataclass(frozen=True)
class Machine:
    """A QEMU machine. memory: an address from where 1 MiB of RAM is the firmware's no more.

    timer: the register of its clock. per_instruction: by how much it counts an instruction up in
    a world with is_counting.
    """

    program: str
    package: str
    options: tuple[str, ...]
    memory: int
    timer: int
    per_instruction: float


_ICOUNT_SHIFT = 4  # 16 ns an instruction: 1e10 of them before the Arm timer's 32 bits are over
_NS = 1 << _ICOUNT_SHIFT
MACHINES = {
    # PSRAM of the MPS2 board; FPGAIO COUNTER at 25 MHz
    "qemu_m3": Machine(
        "qemu-system-arm", "qemu-system-arm", ("-machine", "mps2-an385"),
        0x21000000, 0x40028018, 25e6 * _NS / 1e9,
    ),
    "qemu_m7": Machine(
        "qemu-system-arm", "qemu-system-arm", ("-machine", "mps2-an500"),
        0x60000000, 0x40028018, 25e6 * _NS / 1e9,
    ),
    # RAM above what the firmware's linker script takes; the CLINT's mtime at 10 MHz
    "qemu_rv32": Machine(
        "qemu-system-riscv32", "qemu-system-misc", ("-machine", "virt", "-bios", "none"),
        0x84000000, 0x0200BFF8, 10e6 * _NS / 1e9,
    ),
}  # fmt: skip


class QemuWorld:
    """A booted guest with `files` mounted at /m (see memory_files). Use as a context manager.

    is_counting: the guest's clock counts instructions (-icount), and nothing else moves it.
    """

    def __init__(self, board: str, files: dict[str, bytes], is_counting: bool = False) -> None:
        self.machine = MACHINES[board]
        program = needs.tool(self.machine.program, self.machine.package)
        image = needs.image(board)
        blob, table = memory_files.pack(files, self.machine.memory)
        self._folder = tempfile.TemporaryDirectory()
        laid = Path(self._folder.name) / "files"
        laid.write_bytes(blob)
        counting = ("-icount", f"shift={_ICOUNT_SHIFT},align=off,sleep=off")
        command = [
            program, *self.machine.options, "-semihosting", "-display", "none", "-monitor", "none",
            "-chardev", "stdio,id=repl,signal=off", "-serial", "chardev:repl",
            "-device", f"loader,file={laid},addr={self.machine.memory:#x},force-raw=on",
            "-kernel", str(image), *(counting if is_counting else ()),
        ]  # fmt: skip
        self._qemu = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        try:
            self._enter()
            self.exec(memory_files.GUEST)
            self.exec(f"mount_memory('/m', {table!r})")
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Kill QEMU."""
        self._qemu.kill()
        self._qemu.communicate()
        self._folder.cleanup()

    def _read_until(self, end: bytes, s: float) -> bytes:
        """What comes up to and with `end`. Raises TimeoutError with what came instead."""
        assert self._qemu.stdout is not None
        fd, deadline, got = self._qemu.stdout.fileno(), time.monotonic() + s, b""
        while not got.endswith(end):
            ready = select.select([fd], [], [], max(0.0, deadline - time.monotonic()))[0]
            # the machine sends nothing of its own, so nothing can follow `end`
            part = os.read(fd, 65536) if ready else b""
            if not part:
                why = "timeout" if not ready else "QEMU has ended"
                raise TimeoutError(f"{why}; no {end!r}, but {got[-500:]!r}")
            got += part
        return got

    def _write(self, data: bytes) -> None:
        assert self._qemu.stdin is not None
        self._qemu.stdin.write(data)
        self._qemu.stdin.flush()

    def _enter(self) -> None:
        self._write(b"\r\x03\x01")
        self._read_until(b"raw REPL; CTRL-B to exit\r\n>", 20)

    def exec(self, code: str, s: float = 120) -> str:
        """Run code in the raw REPL; returns what it printed.

        Raises RuntimeError with the traceback, TimeoutError after s seconds.
        """
        self._write(code.encode() + b"\x04")
        said = self._read_until(b"\x04>", s)
        printed, error, _ = said.rsplit(b"\x04", 2)
        if error:
            raise RuntimeError(error.decode())
        return printed.removeprefix(b"OK").decode().replace("\r\n", "\n")

"""Instructions of the bare C core on Cortex-M0+ and M3, beside mbedTLS built the same way.

python tests/bench/unicorn_counts.py [NAME=VALUE ...]: options of the core, as OC_SM4_TABLES=1.

Both are compiled by arm-none-eabi-gcc and run in the Unicorn emulator, which tells each block of
code that it enters. A figure is the difference of two lengths, or one whole call (SM2). Exact:
the same compiler gives the same counts on every machine. An instruction that an IT block skips
counts, as it takes its cycle. Each call starts with the image's memory as loaded, so that nothing
which an earlier one left is used.
"""

from __future__ import annotations

import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import unicorn
from onecard.build.sources import find_sources, project_root
from rich.console import Console
from rich.table import Table
from unicorn import arm_const as arm

CPUS = {"cortex-m0plus": arm.UC_CPU_ARM_CORTEX_M0, "cortex-m3": arm.UC_CPU_ARM_CORTEX_M3}
LEVELS = ("-O2", "-Os")
SIZES = (1024, 2048)

# what -> function and its arguments: & a symbol's address, a name of _ARGUMENTS, or a number.
# Those with "size" are counted by the byte. A function that the core has not is left out.
CALLS = {
    "SM3": "oc_hash_digest &oc_sm3 data size out",
    "SHA-256": "oc_hash_digest &oc_sha256 data size out",
    "HMAC-SM3": "oc_hmac &oc_sm3 key 16 data size out",
    "SM4-ECB": "oc_ecb_encrypt &oc_sm4 key data out size",
    "SM4-CTR": "oc_ctr &oc_sm4 key key data out size",
    "AES-128-ECB": "oc_ecb_encrypt &oc_aes key data out size",
    "3DES-ECB": "oc_des_ecb_encrypt key 16 data out size",
    "CRC-32": "oc_crc32 0 data size",
    "CRC_A": "oc_crc_a 0x6363 data size",
    "SM2 public key": "oc_sm2_public_key private public",
    "SM2 sign": "oc_sm2_sign private digest signature",
    "SM2 verify": "oc_sm2_verify public digest signature",
}
MBEDTLS = {
    "SHA-256": "mbedtls_sha256 data size out 0",
    "AES-128-ECB": "peer_aes_ecb key data out size",
    "3DES-ECB": "peer_des3_ecb key data out size",
}
# GmSSL 24ae4827 (2026-06-30), counted in the same way with the same gcc 12.2. SM2: k*G alone, and
# u*P + v*G alone, without nonce and hash.
GMSSL = {
    "cortex-m3 -O2": {
        "SM3": 37.2, "SM4-ECB": 35.2, "SHA-256": 50.0, "AES-128-ECB": 251.0,
        "SM2 public key": 1.79e6, "SM2 verify": 14.3e6,
    },
    "cortex-m0plus -O2": {
        "SM3": 77.7, "SM4-ECB": 82.1, "SHA-256": 98.5, "AES-128-ECB": 340.0,
        "SM2 public key": 5.36e6, "SM2 verify": 42.8e6,
    },
    "cortex-m0plus -Os": {"SM3": 75.7, "SM4-ECB": 67.2},
}  # fmt: skip

_IMAGE, _IMAGE_SIZE = 0x0001_0000, 0x0010_0000
_MEMORY, _MEMORY_SIZE = 0x2000_0000, 0x0004_0000
_RETURN = 0x3000_0000
_ARGUMENTS = {
    name: _MEMORY + 0x100 * index
    for index, name in enumerate(("key", "private", "digest", "public", "signature"))
} | {"data": _MEMORY + 0x1000, "out": _MEMORY + 0x4000}
_SCRIPT = f"""
SECTIONS {{
    . = {_IMAGE:#x};
    .text : {{ *(.text*) *(.rodata*) }}
    .data : {{ *(.data*) }}
    .bss : {{ *(.bss*) *(COMMON) }}
    /DISCARD/ : {{ *(.ARM.exidx*) *(.ARM.extab*) }}
}}
"""
MBEDTLS_OPTIONS = ("MBEDTLS_SHA256_C", "MBEDTLS_AES_C", "MBEDTLS_DES_C")
MBEDTLS_FILES = ("sha256", "aes", "des", "platform_util", "constant_time")


@dataclass
class Image:
    """Linked code. symbols: name -> address."""

    code: bytes
    symbols: dict[str, int]
    cpu: int
    # instructions of a block of code, by (address, size): counted once
    blocks: dict[tuple[int, int], int] = field(default_factory=dict)


def build(cpu: str, level: str, options: Iterable[str] = (), core: Path | None = None) -> Image:
    """Compile and link the core and mbedTLS. options: NAME=VALUE for the core alone."""
    base = project_root() / "build" / "unicorn"
    base.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=base) as folder:  # several may run at a time
        core = core or project_root() / "native"
        return _build(Path(folder), CPUS[cpu], [f"-mcpu={cpu}", level], options, core)


def _build(out: Path, cpu: int, target: list[str], options: Iterable[str], core: Path) -> Image:
    mbedtls = find_sources().micropython / "lib" / "mbedtls"
    (out / "flat.ld").write_text(_SCRIPT)
    (out / "peer_config.h").write_text("".join(f"#define {o}\n" for o in MBEDTLS_OPTIONS))
    gcc = ["arm-none-eabi-gcc", *target, "-mthumb", "-std=c99"]
    peers = [mbedtls / "library" / f"{name}.c" for name in MBEDTLS_FILES]
    peers.append(Path(__file__).with_name("mbedtls_peer.c"))
    ours = sorted((core / "src").glob("oc_*.c"))
    _tell([*gcc, "-c", f"-I{core / 'include'}", *(f"-D{o}" for o in options), *ours], out)
    config = '-DMBEDTLS_CONFIG_FILE="peer_config.h"'
    _tell([*gcc, "-c", f"-I{out}", f"-I{mbedtls / 'include'}", config, *peers], out)
    elf = out / "counts.elf"
    # newlib has parts that allocate; nothing that is called here does
    no_heap = "-Wl,-e,0,--defsym=_sbrk=0"
    link = [*gcc, "-nostartfiles", no_heap, f"-Wl,-T,{out / 'flat.ld'}", "-o", elf]
    _tell([*link, *sorted(out.glob("*.o"))], out)
    _tell(["arm-none-eabi-objcopy", "-O", "binary", elf, out / "counts.bin"], out)
    names = _tell(["arm-none-eabi-nm", elf], out)
    rows = (line.split() for line in names.splitlines())
    symbols = {row[2]: int(row[0], 16) for row in rows if len(row) == 3}
    return Image((out / "counts.bin").read_bytes(), symbols, cpu)


def _tell(command: list[object], folder: Path) -> str:
    done = subprocess.run(
        [str(word) for word in command], cwd=folder, capture_output=True, text=True
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    return done.stdout


def _instructions(code: bytes) -> int:
    """How many Thumb instructions: those from 0xE800 on are of two halfwords."""
    count = at = 0
    while at < len(code):
        at += 4 if code[at + 1] >= 0xE8 else 2
        count += 1
    return count


def call(image: Image, line: str, memory: bytearray, size: int = 0) -> tuple[int, int]:
    """Run one line of a table on `memory`, which it may change: (instructions, result)."""
    machine = unicorn.Uc(unicorn.UC_ARCH_ARM, unicorn.UC_MODE_THUMB | unicorn.UC_MODE_MCLASS)
    machine.ctl_set_cpu_model(image.cpu)
    machine.mem_map(_IMAGE, _IMAGE_SIZE)
    machine.mem_write(_IMAGE, image.code)
    machine.mem_map(_MEMORY, _MEMORY_SIZE)
    machine.mem_write(_MEMORY, bytes(memory))
    machine.mem_map(_RETURN, 0x1000)
    name, *words = line.split()
    values = [_value(image, word, size) for word in words]
    registers = (arm.UC_ARM_REG_R0, arm.UC_ARM_REG_R1, arm.UC_ARM_REG_R2, arm.UC_ARM_REG_R3)
    for register, value in zip(registers, values, strict=False):
        machine.reg_write(register, value)
    stack = _MEMORY + _MEMORY_SIZE - 64  # what does not fit the registers lies at its top
    machine.mem_write(stack, b"".join(struct.pack("<I", value) for value in values[4:]))
    machine.reg_write(arm.UC_ARM_REG_SP, stack)
    machine.reg_write(arm.UC_ARM_REG_LR, _RETURN | 1)
    total = 0

    def entered(_machine: unicorn.Uc, address: int, length: int, _data: object) -> None:
        nonlocal total
        block = address, length
        if block not in image.blocks:
            start = address - _IMAGE
            image.blocks[block] = _instructions(image.code[start : start + length])
        total += image.blocks[block]

    machine.hook_add(unicorn.UC_HOOK_BLOCK, entered)
    machine.emu_start(image.symbols[name] | 1, _RETURN)
    memory[:] = machine.mem_read(_MEMORY, _MEMORY_SIZE)
    return total, machine.reg_read(arm.UC_ARM_REG_R0)


def _value(image: Image, word: str, size: int) -> int:
    if word.startswith("&"):
        return image.symbols[word[1:]]
    if word == "size":
        return size
    return _ARGUMENTS[word] if word in _ARGUMENTS else int(word, 0)


def _memory() -> bytearray:
    """Arguments with something in them."""
    memory = bytearray(_MEMORY_SIZE)
    for name in ("key", "private", "digest", "data"):
        at = _ARGUMENTS[name] - _MEMORY
        count = max(SIZES) if name == "data" else 32
        memory[at : at + count] = bytes((3 * index + 1) % 256 for index in range(count))
    return memory


def _has(image: Image, line: str) -> bool:
    name, *words = line.split()
    return all(
        symbol in image.symbols for symbol in (name, *(w[1:] for w in words if w[0] == "&"))
    )


def count(image: Image, table: dict[str, str]) -> tuple[dict[str, float], dict[str, bytes]]:
    """what -> instructions a byte or a call, and what -> bytes left at `out`, of a table."""
    counts: dict[str, float] = {}
    left: dict[str, bytes] = {}
    kept = _memory()  # SM2's calls hand public key and signature on
    for what, line in table.items():
        if not _has(image, line):
            continue
        if "size" not in line:
            counts[what], result = call(image, line, kept)
            # 0: done; 1: the signature is right
            assert result == (1 if what == "SM2 verify" else 0), (what, result)
            continue
        memories = _memory(), _memory()
        some, more = (
            call(image, line, memory, size)[0]
            for memory, size in zip(memories, SIZES, strict=True)
        )
        counts[what] = (more - some) / (SIZES[1] - SIZES[0])
        at = _ARGUMENTS["out"] - _MEMORY
        left[what] = bytes(memories[1][at : at + SIZES[1]])
    return counts, left


def measure(
    options: Iterable[str] = (), core: Path | None = None
) -> dict[str, dict[str, dict[str, float]]]:
    """ "CPU LEVEL" -> what -> "ours", "mbedtls", "gmssl" -> instructions a byte (SM2: a call).

    options: NAME=VALUE of the core. core: its folder, native/ of this checkout if not given.
    """
    found: dict[str, dict[str, dict[str, float]]] = {}
    for cpu in CPUS:
        for level in LEVELS:
            image, title = build(cpu, level, options, core), f"{cpu} {level}"
            ours, our_bytes = count(image, CALLS)
            theirs, their_bytes = count(image, MBEDTLS)
            for what in our_bytes.keys() & their_bytes.keys():
                assert our_bytes[what] == their_bytes[what], f"{what} differs from mbedTLS's"
            columns = {"ours": ours, "mbedtls": theirs, "gmssl": GMSSL.get(title, {})}
            found[title] = {
                what: {name: column[what] for name, column in columns.items() if what in column}
                for what in CALLS
                if what in ours
            }
    return found


def main(options: list[str]) -> None:
    """Measure and print."""
    for title, rows in measure(options).items():
        heading = f"instructions: {title} {' '.join(options)}"
        table = Table("", "ours", "mbedTLS 3.6", "GmSSL", title=heading)
        for what, counts in rows.items():
            shown = "{:,.0f}" if "size" not in CALLS[what] else "{:.1f}"
            cells = [
                shown.format(counts[name]) if name in counts else ""
                for name in ("ours", "mbedtls", "gmssl")
            ]
            table.add_row(what + (" a byte" if "size" in CALLS[what] else " a call"), *cells)
        Console(width=100).print(table)


if __name__ == "__main__":
    main(sys.argv[1:])

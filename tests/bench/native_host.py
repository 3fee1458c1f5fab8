"""Speed of the C core on a PC beside the libraries that people use there, in one session.

Each contender is a process that times one call when it is asked. For a primitive and a size all of
them are asked in turn, ROUNDS times, and the best round counts: what else the machine does meets
all of them alike. Times are processor time, as `openssl speed` takes it.
"""

from __future__ import annotations

import json
import os
import re
import runpy
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from onecard.build.sources import find_sources, project_root
from unicorn_counts import MBEDTLS_FILES, MBEDTLS_OPTIONS

HERE = Path(__file__).resolve().parent
KIB, MIB = 1024, 1 << 20
SIZES = (16, 64, KIB, MIB)
MESSAGES = (
    "SM3", "SHA-256", "HMAC-SM3", "SM4-ECB", "SM4-CTR", "SM4-CBC", "SM4-CMAC", "AES-128-ECB",
    "AES-128-CTR", "AES-CMAC", "3DES-ECB", "CRC-32", "CRC_A", "CRC_B", "CRC-16/CCITT",
)  # fmt: skip
SM2 = ("SM2 public key", "SM2 sign", "SM2 verify")
RECORDS = ("records check", "records verify")
OURS, OURS_C, MBEDTLS = "ours, occrypto", "ours, C", "mbedTLS"
OPENSSL, OPENSSL_PLAIN, P256 = "openssl speed", "openssl speed, masked", "openssl speed, P-256"
GMSSL_FAST, FASTCRC = "gmssl-fast", "fastcrc"
OWN_VENV = (GMSSL_FAST, FASTCRC)
MAIN_VENV = (OURS, "hashlib", "cryptography", "zlib", "binascii", "gmssl", "Python loop")

ROUNDS, BUDGET_S = 4, 0.06
OPENSSL_ROUNDS = (0, 2)  # of one second each: it knows no shorter ones
SLOW_S = 0.2  # a call that takes longer is timed once

# Bits of OPENSSL_ia32cap: SSSE3, XOP and AVX; AVX2 and the SHA extension.
_MASK = f"~{1 << 41 | 1 << 43 | 1 << 60:#x}:~{1 << 5 | 1 << 29:#x}"
_SPEED = {
    "SM3": "-evp sm3", "SHA-256": "-evp sha256", "HMAC-SM3": "-hmac sm3",
    "SM4-ECB": "-evp sm4-ecb", "SM4-CTR": "-evp sm4-ctr", "SM4-CBC": "-evp sm4-cbc",
    "SM4-CMAC": "-cmac sm4-cbc", "AES-128-ECB": "-evp aes-128-ecb",
    "AES-128-CTR": "-evp aes-128-ctr", "AES-CMAC": "-cmac aes-128-cbc",
    "3DES-ECB": "-evp des-ede3",
}  # fmt: skip


class Contender(Protocol):
    """Who can time calls. rows: contender -> what it can. missing: contender -> why it cannot."""

    rows: dict[str, list[str]]
    missing: dict[str, str]

    def best_s(self, name: str, row: str, size: int, round_: int) -> tuple[float | None, str]:
        """Seconds of one call (None: sits this round out) and the result's first bytes in hex.

        Raises ValueError or OSError if it cannot.
        """

    def close(self) -> None:
        """No more is asked."""


class Process:
    """A worker that answers line by line: native_worker.py, or native_speed.c compiled."""

    def __init__(self, command: list[str]) -> None:
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=project_root()
        )
        offered = self._read()
        self.rows: dict[str, list[str]] = offered["rows"]
        self.missing: dict[str, str] = offered["missing"]

    def _read(self) -> dict:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"a worker has ended: {self._process.args!r}")
        return json.loads(line)

    def best_s(self, name: str, row: str, size: int, round_: int) -> tuple[float | None, str]:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{name}\t{row}\t{size}\t{BUDGET_S}\n")
        self._process.stdin.flush()
        said = self._read()
        if "error" in said:
            raise ValueError(said["error"])
        return said["s"], said.get("result", "")

    def close(self) -> None:
        """End the worker."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)


class OpensslSpeed:
    """The system's `openssl speed`, whole and with the units of its SHA-256 masked."""

    def __init__(self) -> None:
        self.rows = {
            OPENSSL: [*_SPEED, "SM2 sign", "SM2 verify"],
            OPENSSL_PLAIN: ["SHA-256"],
            P256: ["SM2 sign", "SM2 verify"],
        }
        self.missing: dict[str, str] = {}
        # one run times signing and verifying
        self._pairs: dict[tuple[str, int], tuple[float, float]] = {}

    def best_s(self, name: str, row: str, size: int, round_: int) -> tuple[float | None, str]:
        if round_ not in OPENSSL_ROUNDS:
            return None, ""
        if row in SM2:
            if (name, round_) not in self._pairs:
                algorithm = "ecdsap256" if name == P256 else "sm2"
                self._pairs[name, round_] = self._signatures(algorithm)
            return self._pairs[name, round_][row == "SM2 verify"], ""
        is_masked = {"OPENSSL_ia32cap": _MASK} if name == OPENSSL_PLAIN else {}
        said = self._run(["-bytes", str(size), *_SPEED[row].split()], is_masked)
        found = re.search(r"^\+F:\d+:[^:]*:([\d.]+)$", said, re.MULTILINE)
        if not found:
            raise ValueError(f"openssl speed said {said[-80:]!r}")
        return size / float(found[1]), ""

    def _signatures(self, algorithm: str) -> tuple[float, float]:
        said = self._run([algorithm], {})
        found = re.search(r"^\+F\d+:.*:([\d.]+):([\d.]+)$", said, re.MULTILINE)
        if not found:
            raise ValueError(f"openssl speed said {said[-80:]!r}")
        return 1 / float(found[1]), 1 / float(found[2])

    def _run(self, words: list[str], environment: dict[str, str]) -> str:
        command = ["openssl", "speed", "-mr", "-seconds", "1", *words]
        env = os.environ | environment
        return subprocess.run(command, capture_output=True, text=True, env=env).stdout

    def close(self) -> None:
        """Nothing runs on."""


@dataclass
class Found:
    """row -> contender -> size -> seconds a call; and, by (contender, row), why there is none."""

    seconds: dict[str, dict[str, dict[int, float]]] = field(default_factory=dict)
    missing: dict[tuple[str, str], str] = field(default_factory=dict)

    def s(self, row: str, name: str, size: int = 0) -> float | None:
        """Seconds a call, None if it was not measured."""
        return self.seconds.get(row, {}).get(name, {}).get(size)

    def why(self, row: str, name: str) -> str:
        """What kept it from being measured, if something did."""
        return self.missing.get((name, row)) or self.missing.get((name, ""), "")

    def ratio(self, row: str, ours: str, peer: str, size: int = 0) -> float | None:
        """How many times as fast as the peer."""
        our_s, peer_s = self.s(row, ours, size), self.s(row, peer, size)
        return peer_s / our_s if our_s and peer_s else None


def _python_flags() -> list[str]:
    """What an extension is compiled with: -fPIC alone makes gcc inline other functions."""
    return " ".join(str(sysconfig.get_config_var(name)) for name in ("CFLAGS", "CCSHARED")).split()


def compiled(out: Path) -> Path:
    """native_speed.c with the core as CPython's extension has it, and mbedTLS's plain C."""
    root, mbedtls = project_root(), find_sources().micropython / "lib" / "mbedtls"
    out.mkdir(parents=True, exist_ok=True)
    program = out / "native_speed"
    before = Path.cwd()
    os.chdir(root)  # build_core.py looks from there
    try:
        core = runpy.run_path("native/cpython/build_core.py")
    finally:
        os.chdir(before)
    (out / "peer_config.h").write_text("".join(f"#define {name}\n" for name in MBEDTLS_OPTIONS))
    includes = [*core["INCLUDES"], str(out), str(mbedtls / "include")]
    peers = [str(mbedtls / "library" / f"{name}.c") for name in MBEDTLS_FILES]
    command = [
        "gcc", *_python_flags(), *core["FLAGS"],
        *(f"-D{name}={value}" for name, value in core["OPTIONS"].items()),
        '-DMBEDTLS_CONFIG_FILE="peer_config.h"', *(f"-I{folder}" for folder in includes),
        *core["SOURCES"], *peers, str(HERE / "mbedtls_peer.c"), str(HERE / "native_speed.c"),
        "-o", str(program),
    ]  # fmt: skip
    done = subprocess.run(command, cwd=root, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return program


def own_venv(out: Path, packages: list[str]) -> tuple[Path, dict[str, str]]:
    """The Python of an environment with those packages alone, and package -> why it has it not.

    Raises RuntimeError if there is no environment.
    """
    python = out / "bin" / "python"
    if not python.exists():
        trouble = _run([sys.executable, "-m", "venv", str(out)])
        if trouble:
            raise RuntimeError(trouble)
    missing = {}
    for package in packages:
        stamp = out / f"{package}.installed"
        if not stamp.exists():
            pip = [str(python), "-m", "pip", "--disable-pip-version-check"]
            trouble = _run([*pip, "install", "--no-deps", package])
            if trouble:
                missing[package.partition("==")[0]] = trouble
            else:
                stamp.touch()
    return python, missing


def _run(command: list[str]) -> str:
    """Nothing if it succeeds, else why not."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    except subprocess.TimeoutExpired:
        return "took over 120 s"
    return (done.stderr.strip().splitlines() or ["failed"])[-1] if done.returncode else ""


def _start(build: Path, packages: list[str]) -> list[Contender]:
    worker = str(HERE / "native_worker.py")
    contenders: list[Contender] = [
        Process([sys.executable, worker, *MAIN_VENV]),
        Process([str(compiled(build / "bench"))]),
        OpensslSpeed(),
    ]
    try:
        python, missing = own_venv(build / "bench-venv", packages)
        there = [name for name in OWN_VENV if name not in missing]
        contenders.append(Process([str(python), worker, *there]))
    except RuntimeError as error:
        missing = dict.fromkeys(OWN_VENV, str(error))
    contenders[0].missing |= missing
    return contenders


def _one(contenders: list[Contender], row: str, size: int, found: Found) -> None:
    """All who can do a row, in turn, ROUNDS times. Raises ValueError if two results differ."""
    here = [(who, name) for who in contenders for name, rows in who.rows.items() if row in rows]
    best = found.seconds.setdefault(row, {})
    results: dict[str, str] = {}
    for round_ in range(ROUNDS):
        for who, name in here:
            known = best.setdefault(name, {})
            if (name, row) in found.missing or known.get(size, 0) > SLOW_S:
                continue
            try:
                spent, result = who.best_s(name, row, size, round_)
            except (ValueError, OSError) as error:
                found.missing[name, row] = str(error)
                continue
            if spent is not None:
                known[size] = min(spent, known.get(size, spent))
            if result:
                results[name] = result
    if len(set(results.values())) > 1:
        raise ValueError(f"{row} of {size} bytes differs: {results}")


def measure(build: Path, packages: list[str], say: Callable[[str], None]) -> Found:
    """Everything on this machine. packages: what the second environment gets."""
    found = Found()
    contenders = _start(build, packages)
    try:
        for who in contenders:
            found.missing |= {(name, ""): why for name, why in who.missing.items()}
        for row in (*SM2, *RECORDS):
            say(f"host: {row}")
            _one(contenders, row, 0, found)
        for row in MESSAGES:
            say(f"host: {row}")
            for size in SIZES:
                _one(contenders, row, size, found)
    finally:
        for who in contenders:
            who.close()
    return found

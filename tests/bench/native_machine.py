"""What a bench ran on: processor and versions. No names of hosts or people, no paths."""

from __future__ import annotations

import os
import platform
import re
import ssl
import subprocess
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

# What the contenders' code chooses its way by.
_FLAGS = (
    "ssse3", "sse4_1", "avx", "avx2", "avx512f", "bmi2", "adx", "aes", "pclmulqdq", "vaes",
    "vpclmulqdq", "gfni", "sha_ni",
)  # fmt: skip


def _first(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except OSError:
        return "not there"
    return (done.stdout or done.stderr).strip().splitlines()[0]


def _number(*command: str) -> str:
    found = re.search(r"\d+\.\d+(\.\d+)?", re.sub(r"\(.*?\)", "", _first(*command)))
    return found[0] if found else "not there"


def _package(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not there"


def _cryptography_openssl() -> str:
    from cryptography.hazmat.backends.openssl import backend

    return backend.openssl_version_text()


def description(packages: list[str]) -> dict[str, str]:
    """What -> text. packages: those of the second environment, with their versions."""
    info = dict(
        re.findall(r"^(model name|flags)\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.M)
    )
    has = set(info.get("flags", "").split())
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "processor": f"{info.get('model name', platform.machine())}, {os.cpu_count()} cores; "
        + " ".join(flag for flag in _FLAGS if flag in has),
        "system": f"{platform.freedesktop_os_release()['PRETTY_NAME']}, Linux "
        + platform.release().split("-")[0],
        "OpenSSL": f"{_number('openssl', 'version')} (`openssl speed`); {ssl.OPENSSL_VERSION} "
        f"(hashlib); {_cryptography_openssl()} (cryptography {_package('cryptography')})",
        "Python": f"{platform.python_version()}; gmssl {_package('gmssl')}, "
        + ", ".join(package.replace("==", " ") for package in packages)
        + f", cffi {_package('cffi')}",
        "compilers": f"gcc {_number('gcc', '-dumpfullversion')}, "
        f"arm-none-eabi-gcc {_number('arm-none-eabi-gcc', '-dumpfullversion')}, "
        f"riscv64-unknown-elf-gcc {_number('riscv64-unknown-elf-gcc', '-dumpfullversion')}",
        "emulators": f"QEMU {_number('qemu-system-arm', '--version')}, "
        f"Unicorn {_package('unicorn')}, rp2040py {_package('rp2040py')}",
    }

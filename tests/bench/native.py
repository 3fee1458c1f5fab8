"""Everything about the C core's speed and size, into docs/benchmarks.md: make bench-native.

Ours beside the peers in one session; the tables, the goals and whether they are met are all made
of what was measured. Takes minutes; tests never run it.
"""

from __future__ import annotations

import subprocess
import sys
import time
import tomllib
from pathlib import Path

import native_counts
import native_host
import native_report
from native_goals import goals
from native_machine import description
from onecard.build.sources import project_root

_START = time.monotonic()


def say(text: str) -> None:
    """Progress, with the seconds since the start."""
    print(f"[{time.monotonic() - _START:4.0f} s] {text}", flush=True)


def bench_packages(root: Path) -> list[str]:
    """The extra `bench`: peers that need an environment of their own."""
    extras = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    return extras["optional-dependencies"]["bench"]


def _compile_extension(root: Path) -> None:
    command = [sys.executable, "setup.py", "-q", "build_ext", "--inplace"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"the C core does not build:\n{done.stderr[-2000:]}")


def main() -> None:
    """Measure everything and write it down."""
    root = project_root()
    packages = bench_packages(root)
    say("the C core for CPython")
    _compile_extension(root)
    counts = native_counts.measure(root / "build" / "bench", say)
    found = native_host.measure(root / "build", packages, say)
    rows = goals(found, counts)
    path = root / "docs" / "benchmarks.md"
    part = native_report.text(description(packages), rows, found, counts)
    native_report.write(path, part)
    print(native_report.summary(rows))
    say(f"written to {path.relative_to(root)}")


if __name__ == "__main__":
    main()

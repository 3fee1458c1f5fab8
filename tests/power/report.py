"""What make test-power went through, into docs/reliability.md.

Read from the JUnit files of its runs in build/power: each sweep's target, what was cut, and cases
(the fixture `counted`). Nothing is written if a test failed, or was not run.
"""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "bench")]

from tests.bench.native_report import table, write  # noqa: E402

RESULTS = ROOT / "build" / "power"
MARKS = "power: begin, written by make test-power", "power: end"
WANTED = 1_000_000  # cases of power cuts
HEAD = """## Power cuts and rot

Written by `make test-power`. A case is a power cut in one program or erase of the flash, torn in
one of these ways: nothing of it done, the first bytes, a random subset of its bits, of an erase a
part and then anything, all of it; where it says twice, then (or not) a second cut in the recovery.
After each the terminal is left in peace, serves, and P1 to P5 are held against what the host and
the cards know. Seeds are fixed. Each bit of rot is one in a whole journal that went round once.

- Taps and receipts: purchases, open debits carried into a new sector, receipts, erases ahead, the
  first mount, full journals; programs of whole pages and of single bytes.
- What a host asks: configuration, time, hotlist (delta, whole), keys (first, another number),
  receipts, with littlefs, hotlist and journal on one flash.
- The journal alone: 42 states and actions, a worn sector among them, beside a plain list of what
  must be there; the same code on CPython and MicroPython.
- An update: download, activation, trial, confirmation, roll-back.
- Virtual Pico: the UF2 itself, its rp2.Flash and littlefs, one cut a case.
"""


class RunError(Exception):
    """A run that proves nothing."""


@dataclass
class Row:
    """Cases of one kind, the tests they were in, and the seconds these took, added up."""

    cases: int = 0
    tests: int = 0
    seconds: float = 0.0


@dataclass
class Found:
    """rows: (target, what) -> Row."""

    rows: dict[tuple[str, str], Row] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        """What all tests took, added up."""
        return sum(row.seconds for row in self.rows.values())

    def cases(self, is_rot: bool) -> int:
        """The sum over the rows of rot, or of power cuts."""
        return sum(row.cases for key, row in self.rows.items() if _is_rot(key) == is_rot)


def _is_rot(key: tuple[str, str]) -> bool:
    return key[1].startswith("rot")


def read(files: list[Path]) -> Found:
    """The figures of JUnit files, in order: a test that was run again counts as it ended then.

    Raises RunError where a test did not pass.
    """
    found, cases = Found(), {}
    for file in files:
        for case in ET.parse(file).iter("testcase"):
            cases[case.attrib["classname"], case.attrib["name"]] = case
    for case in cases.values():
        _take(found, case)
    if not found.rows:
        raise RunError("no sweep was run")
    return found


def _take(found: Found, case: ET.Element) -> None:
    name = case.attrib["name"]
    for bad in ("failure", "error", "skipped"):
        if case.find(bad) is not None:
            raise RunError(f"{name}: {bad}")
    told = {p.attrib["name"]: p.attrib["value"] for p in case.iter("property")}
    if "cases" not in told:
        raise RunError(f"{name} does not say its cases")
    row = found.rows.setdefault((told["target"], told["what"]), Row())
    row.cases += int(told["cases"])
    row.tests += 1
    row.seconds += float(case.attrib["time"])


def report(found: Found) -> str:
    """The part of docs/reliability.md."""
    rows = [
        (target, what, f"{row.cases:,}", "0", f"{row.seconds:,.0f}")
        for (target, what), row in sorted(found.rows.items(), key=lambda item: _order(item[0]))
    ]
    cuts, rot = found.cases(is_rot=False), found.cases(is_rot=True)
    rows.append(("all", "power cuts", f"{cuts:,}", "0", ""))
    rows.append(("all", "rot", f"{rot:,}", "0", ""))
    head = ("target", "what is cut", "cases", "broke a promise", "s, added up")
    total = f"Power cuts: {cuts:,} cases, wanted {WANTED:,}. "
    total += f"All tests took {found.seconds / 60:.0f} minutes, added up; two workers share them."
    return f"{HEAD}\n{table(head, rows, left=2)}\n{total}\n"


def _order(key: tuple[str, str]) -> tuple[bool, str, str]:
    return _is_rot(key), *key


def main() -> int:
    """Write the part; 1 if the runs do not prove enough."""
    try:
        found = read(sorted(RESULTS.glob("*.xml"), key=lambda file: file.stat().st_mtime))
    except RunError as error:
        print(f"nothing is written: {error}")
        return 1
    write(ROOT / "docs" / "reliability.md", report(found), MARKS)
    for (target, what), row in found.rows.items():
        print(f"{target}, {what}: cases: {row.cases:,} in {row.seconds:,.0f} s")
    cuts = found.cases(is_rot=False)
    print(f"power cuts: {cuts:,} cases, rot: {found.cases(is_rot=True):,}")
    return 0 if cuts >= WANTED else 1


if __name__ == "__main__":
    sys.exit(main())

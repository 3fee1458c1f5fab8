"""Power cuts in the journal on the unix port: shim/ring_cuts.py as it runs on CPython, too."""

import subprocess

import pytest
import ring_cuts
from onecard.build.sources import project_root

SHIM = project_root() / "tests" / "shim"
STEP = 8  # tests that share the scenes


def cases_on(binary, *words):
    """What ring_cuts.py, run there, says it went through."""
    done = subprocess.run(
        [binary, "ring_cuts.py", *map(str, words)],
        env={"MICROPYPATH": f".frozen:{SHIM}"},
        cwd=SHIM,
        capture_output=True,
        text=True,
        timeout=3600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    title, _, number = done.stdout.rpartition(" ")
    assert title == "cases:", done.stdout
    return int(number)


def test_p1_p2_p3_p4_p5_hold_on_micropython_as_on_cpython(unix_binary):
    """Every eighth scene; the operations are the same ones, so the cases are as many."""
    words = 1, 1, 29, STEP, 2
    here = sum(
        ring_cuts.sweep(number, size, *words[:3]).run()
        for number in range(words[4], len(ring_cuts.ALL), STEP)
        for size in ring_cuts.PAGE_SIZES
    )
    assert cases_on(unix_binary, *words) == here > 100


@pytest.mark.slow
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("start", range(STEP))
def test_p1_p2_p3_p4_p5_hold_on_micropython_after_two_cuts(unix_binary, start, counted):
    cases = cases_on(unix_binary, 2, 1, 2, STEP, start)
    counted("MicroPython, unix port", "the journal alone, twice", cases)
    assert cases > 1000

"""What make bench-native writes: verdicts come from figures, and only its own part is replaced."""

import sys
from pathlib import Path

import pytest

BENCH = str(Path(__file__).parents[1] / "bench")
sys.path.insert(0, BENCH)
try:
    import native_report
    from native_counts import Counts
    from native_goals import Goal, goals
    from native_host import FASTCRC, MIB, OPENSSL, OURS, OURS_C, Found
finally:
    sys.path.remove(BENCH)


@pytest.mark.parametrize(
    ("measured", "limit", "at_least", "verdict"),
    [
        (1.0, 1.0, True, "met"),
        (0.999, 1.0, True, "**not met**"),
        (33.0, 33.0, False, "met"),
        (33.001, 33.0, False, "**not met**"),
        (None, 1.0, True, "not measured: no network"),
        (0.4, None, True, "mark, no goal"),
    ],
)
def test_a_verdict_is_computed_from_the_figure_as_measured(measured, limit, at_least, verdict):
    assert Goal("x", measured, limit, at_least, why="no network").verdict() == verdict


def test_a_ratio_says_how_many_times_as_fast_ours_is():
    found = Found({"SM3": {OURS_C: {MIB: 0.002}, OPENSSL: {MIB: 0.003}}})
    assert found.ratio("SM3", OURS_C, OPENSSL, MIB) == pytest.approx(1.5)
    assert found.ratio("SM3", OURS, OPENSSL, MIB) is None
    by_name = {goal.what: goal for goal in goals(found, Counts())}
    assert by_name["SM3, 1 MiB, C, beside `openssl speed`"].verdict() == "met"


def test_what_was_not_measured_is_told_with_its_reason():
    found = Found({"CRC_A": {OURS: {64: 1e-7}}}, {(FASTCRC, ""): "no matching distribution"})
    counts = Counts(missing={"qemu_m3": "no compiler"})
    text = native_report.text({"date": "today"}, goals(found, counts), found, counts)
    assert "not measured: no matching distribution" in text
    assert "- fastcrc: no matching distribution\n- qemu_m3: no compiler" in text
    assert " met |" not in text  # nothing is met that has no figure


def test_other_parts_of_the_file_stay(tmp_path):
    path = tmp_path / "docs" / "benchmarks.md"
    native_report.write(path, "first")
    path.write_text(path.read_text() + "\n## Another part\n")
    native_report.write(path, "second")
    text = path.read_text()
    assert "second" in text and "first" not in text
    assert text.startswith("# Benchmarks") and text.endswith("## Another part\n")

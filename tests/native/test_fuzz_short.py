"""The fuzz harnesses over their seeds and some thousand inputs more, the same ones each time.

`make fuzz` runs them for longer. A finding is kept by adding it to KEPT in ctests/corpus.py.
"""

import re

import ctests_rig
import pytest

import corpus  # isort: skip (native/ctests, which the rig puts on the path)

HARNESSES = {path.stem.removeprefix("fuzz_") for path in ctests_rig.CTESTS.glob("fuzz_*.c")}


@pytest.fixture(autouse=True)
def fuzzer():
    ctests_rig.need_fuzzer()


@pytest.mark.parametrize("name", ("small-32", "host"))
def test_no_decoder_breaks_on_its_seeds_and_what_grows_of_them(name):
    result = ctests_rig.make("fuzz-short", f"SET={name}")
    assert result.returncode == 0, result.stdout
    runs = dict(re.findall(r"fuzz_(\w+) \(.*\): (\d+) runs", result.stdout))
    assert runs.keys() == HARNESSES
    assert all(int(count) >= 150 for count in runs.values())


def test_every_harness_has_seeds_from_the_vectors(tmp_path):
    counts = corpus.write(tmp_path, ctests_rig.ROOT / "tests" / "vectors" / "crypto")
    assert counts.keys() == HARNESSES
    for name, count in counts.items():
        assert count > len(corpus.KEPT[name]), name


@pytest.mark.parametrize(
    "bug, said", ((1, "heap-buffer-overflow"), (2, "not so: oc_sm2_to_der(signature, again)"))
)
def test_a_planted_bug_is_found_and_its_input_kept(tmp_path, bug, said):
    result = ctests_rig.make("short-der", f"PLANTED={bug}", f"FUZZ={tmp_path}")
    assert result.returncode != 0 and said in result.stdout, result.stdout
    assert len(list((tmp_path / "findings").glob("der-crash-*"))) == 1

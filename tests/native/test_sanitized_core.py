"""The shared vectors through the C core under AddressSanitizer and UBSan, in every option set."""

import re

import ctests_rig
import pytest

import options  # isort: skip (native/ctests, which the rig puts on the path)


@pytest.fixture(scope="module")
def checked():
    """The output of make check."""
    ctests_rig.need_compiler()
    result = ctests_rig.make("check")
    assert result.returncode == 0, result.stdout
    return result.stdout


def test_the_vectors_hold_under_the_sanitizers_in_every_option_set(checked):
    for name in options.sets():
        line = re.search(rf"^{name} +(\d+) calls .* (\d+) failed$", checked, re.MULTILINE)
        assert line and int(line[1]) > 1000 and line[2] == "0", checked


def test_the_sets_are_the_small_the_fast_and_the_hosts_each_with_both_limbs():
    names = set(options.sets())
    assert {
        f"{name}{limbs}" for name in ("small", "fast", "host", "portable") for limbs in ("", "-32")
    } <= names
    assert options.sets()["host"] and not options.sets()["small"]


@pytest.mark.parametrize(
    "line, said",
    (
        ("sm3 0 - 00 -", "1 failed"),  # a wrong digest
        ("sm3 1 - ? -", "1 failed"),  # a wrong outcome
        ("no_such_function 0 - ? -", "1 failed"),
        ("sm4_cmac 0 - ? 0011 00", "AddressSanitizer: heap-buffer-overflow"),  # a key too short
    ),
)
def test_a_failure_would_be_noticed(checked, line, said):
    result = ctests_rig.run([ctests_rig.OUT / "vectors-small"], line + "\n")
    assert result.returncode != 0 and said in result.stdout

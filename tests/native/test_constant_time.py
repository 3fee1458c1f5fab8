"""No branch and no address depends on a secret: valgrind watches the C core (ctests/ctcheck.c)."""

import re

import ctests_rig
import pytest

_ONE = "ct_gcc_O2_small-32"


@pytest.fixture(scope="module")
def checked():
    """The output of make ctcheck: a line a build."""
    ctests_rig.need_valgrind()
    result = ctests_rig.make("ctcheck")
    assert result.returncode == 0, result.stdout
    return result.stdout


def _one(name):
    """valgrind's exit code for one function of ctcheck: 9 if it complained."""
    program = ctests_rig.OUT / _ONE
    return ctests_rig.run(["valgrind", "-q", "--error-exitcode=9", program, name]).returncode


def test_nothing_that_claims_constant_time_leaks_in_any_build(checked):
    lines = re.findall(
        r"^(\w+) +-O(\d) +(\S+) +(\d+) functions of secrets, (\d+) leak;", checked, re.M
    )
    sets = {"small-32", "host"}
    assert {line[:3] for line in lines} == {
        (compiler, level, name) for compiler in ("gcc", "clang") for level in "23" for name in sets
    }
    for *build, count, leaking in lines:
        assert int(count) >= 13 and leaking == "0", build


def test_planted_leaks_and_the_tables_of_des_sm4_and_aes_are_noticed_in_each_build(checked):
    lines = re.findall(r"; (\d+) known leaks, (\d+) noticed$", checked, re.MULTILINE)
    assert lines and all(known == noticed and int(known) >= 5 for known, noticed in lines)


def test_a_leak_fails_the_tool_and_a_clean_function_does_not(checked):
    assert _one("sm2_sign") == 0
    leaks = ("planted_branch", "planted_lookup", "sm4_ecb_encrypt", "aes_ecb_decrypt", "des_data")
    assert [_one(name) for name in leaks] == [9] * len(leaks)
    assert _one("no_such_function") == 2


def test_without_valgrind_it_claims_nothing(checked):
    assert ctests_rig.run([ctests_rig.OUT / _ONE, "claims"]).returncode == 2

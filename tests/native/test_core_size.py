"""Flash, RAM and stack of the C core on a Cortex-M0+: counts, against the goals."""

import ctests_rig
import pytest

import size  # isort: skip (native/ctests, which the rig puts on the path)


@pytest.fixture(scope="module")
def measured():
    ctests_rig.need_arm_compiler()
    return size.measure(ctests_rig.OUT / "size")


def test_the_core_has_no_variables(measured):
    for profile, rows in measured.items():
        for row, numbers in rows.items():
            assert numbers["ram"] == 0, (profile, row)


def test_the_goals_hold(measured):
    missed = {what for what, value, goal in size.against_goals(measured) if value > goal}
    assert not missed


def test_stack_counts_what_is_called_and_what_is_called_through_a_table(measured):
    for rows in measured.values():
        assert rows["hash"]["stack"] > rows["sm3"]["stack"]  # compress, by a pointer
        assert rows["hmac"]["stack"] > rows["hash"]["stack"]
        assert rows["sm2"]["stack"] > rows["hmac"]["stack"]  # the nonce
        assert rows["modes"]["stack"] > max(rows["sm4"]["stack"], rows["aes"]["stack"])


def test_recursion_and_a_function_of_unknown_need_are_refused(tmp_path):
    edge = 'edge: {{ sourcename: "oc_a" targetname: "{}" label: "-" }}\n'
    node = 'node: { title: "oc_a" label: "oc_a\\n-\\n8 bytes (static)" }\n'
    (tmp_path / "oc_a.ci").write_text(node + edge.format("memcpy"))
    assert size.CallGraph(tmp_path).depth("oc_a") == 8 + size.LIBRARY["memcpy"]
    for called, error in (("oc_a", ValueError), ("oc_unknown", KeyError)):
        (tmp_path / "oc_a.ci").write_text(node + edge.format(called))
        with pytest.raises(error):
            size.CallGraph(tmp_path).depth("oc_a")

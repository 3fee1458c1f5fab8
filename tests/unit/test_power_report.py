"""The report of make test-power: it adds up, and keeps quiet about a run that failed."""

import pytest

from tests.power import report

CASE = (
    '<testcase classname="c" name="{name}" time="{time}"><properties>'
    '<property name="target" value="CPython"/><property name="what" value="{what}"/>'
    '<property name="cases" value="{cases}"/></properties>{more}</testcase>'
)


def suite(folder, *cases):
    """A JUnit file of these test cases."""
    file = folder / "run.xml"
    file.write_text(f"<testsuites><testsuite>{''.join(cases)}</testsuite></testsuites>")
    return file


def case(name="a", time=2, what="an update, twice", cases=5, more=""):
    return CASE.format(name=name, time=time, what=what, cases=cases, more=more)


def test_cases_of_one_kind_are_added_up_and_rot_is_no_cut(tmp_path):
    rot = case("c", 3, "rot: bits", 7)
    found = report.read([suite(tmp_path, case(), case("b", 4, cases=6), rot)])
    row = found.rows["CPython", "an update, twice"]
    assert (row.cases, row.tests, row.seconds) == (11, 2, 6.0)
    assert (found.cases(is_rot=False), found.cases(is_rot=True), found.seconds) == (11, 7, 9.0)
    text = report.report(found)
    assert "| CPython | an update, twice | 11 | 0 | 6 |" in text
    assert "Power cuts: 11 cases, wanted 1,000,000. All tests took 0 minutes" in text


@pytest.mark.parametrize("bad", ["failure", "error", "skipped"])
def test_a_run_with_a_test_that_did_not_pass_is_refused(tmp_path, bad):
    with pytest.raises(report.RunError, match=f"b: {bad}"):
        report.read([suite(tmp_path, case(), case("b", more=f"<{bad}/>"))])


def test_a_test_that_was_run_again_counts_as_it_ended_then(tmp_path):
    (tmp_path / "again").mkdir()
    first = suite(tmp_path, case(cases=5), case("b", more="<failure/>"))
    found = report.read([first, suite(tmp_path / "again", case("b", cases=6))])
    assert (found.cases(is_rot=False), found.seconds) == (11, 4.0)


def test_a_sweep_that_does_not_count_is_refused(tmp_path):
    silent = '<testcase classname="c" name="silent" time="1"/>'
    with pytest.raises(report.RunError, match="silent does not say its cases"):
        report.read([suite(tmp_path, case(), silent)])


def test_no_run_is_refused():
    with pytest.raises(report.RunError, match="no sweep"):
        report.read([])

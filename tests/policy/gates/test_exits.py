"""The class that output gives a gate's failure, where no report says more."""

import pytest

from policy.gates.exits import charged, excused, explained, unexplained
from policy.gates.finding import Finding, broken, failed
from policy.gates.verdict import Broken, Failed, Passed
from policy.rules.failures import FailureClass
from policy.signs.signature import Sign

LINT = Sign(failure=FailureClass.LINT_ERROR, tool="ruff", line="Found 2 errors.")
FULL = Sign(failure=FailureClass.ENVIRONMENT_ERROR, tool="host", line="no room")
EXITED = failed(FailureClass.REGRESSION, "exited 1 and left no report", new=["m::a"])


@pytest.mark.parametrize(
    ("found", "code", "tests", "reads"),
    [
        (EXITED, 1, None, True),
        (failed(FailureClass.TEST_FAILURE, "exited 1"), 1, "a.", True),
        (failed(FailureClass.TEST_FAILURE, "exited 1"), 1, "a. bF", False),
        (failed(FailureClass.TEST_FAILURE, "printed too much"), 0, None, False),
        (failed(FailureClass.REPORT_MISSING, "exited 0"), 0, None, False),
        (failed(FailureClass.TEST_TAMPERING, "gone"), 1, None, False),
        (broken(FailureClass.TEST_TIMEOUT, "late"), 1, None, False),
        (Finding(verdict=Passed()), 1, None, False),
    ],
)
def test_output_is_read_where_only_the_exit_bars(run, found, code, tests, reads):
    assert unexplained(found, run(code, tests)) is reads


def test_a_class_of_the_items_own_takes_the_place_of_the_general_one():
    found = explained(EXITED, LINT)
    assert found.verdict == Failed(
        failure=FailureClass.LINT_ERROR,
        why="exited 1 and left no report: ruff: Found 2 errors.",
    )
    assert found.new == ("m::a",)


def test_an_excuse_that_is_not_shown_is_told_and_changes_nothing():
    verdict = charged(EXITED, FULL).verdict
    assert isinstance(verdict, Failed)
    assert verdict.failure == FailureClass.REGRESSION
    assert "host: no room: looks like environment_error" in verdict.why


def test_an_excuse_that_is_shown_leaves_a_gate_that_could_not_say():
    found = excused(EXITED, FULL)
    assert isinstance(found.verdict, Broken)
    assert found.verdict.failure == FailureClass.ENVIRONMENT_ERROR
    assert found.new == ()

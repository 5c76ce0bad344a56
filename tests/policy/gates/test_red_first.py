import pytest

from policy.backlog.verification import Verification
from policy.gates.red_first import Tried, colour, judge_base, judge_overlay
from policy.gates.run import Interrupted
from policy.gates.verdict import Broken, Failed, Passed
from policy.rules.failures import FailureClass

PLAIN = Verification(run=("t",))
JUNIT = Verification(run=("t", "{report}"), report="junit")
TIMEOUT = Broken(failure=FailureClass.TEST_TIMEOUT, why="too long")
NO_TOOL = Broken(failure=FailureClass.TOOL_MISSING, why="not found")
CRASH = Failed(failure=FailureClass.TEST_FAILURE, why="signal 11")


def said(found):
    match found.verdict:
        case Passed():
            return "passed"
        case Failed(failure=failure) | Broken(failure=failure):
            return failure.value


def tried(heard, verification=JUNIT):
    return Tried(verification=verification, heard=heard)


def test_the_colour_of_a_run(run) -> None:
    assert colour(tried(run(1), PLAIN)) == "red"
    assert colour(tried(run(0), PLAIN)) == "green"
    assert colour(tried(run(1, "aF"))) == "red"
    assert colour(tried(run(4, unread="no file"))) == "red"
    assert colour(tried(run(0, "aF"))) == "red"
    assert colour(tried(run(0, ""))) == "red"
    assert colour(tried(run(0, "a."))) == "green"
    assert colour(tried(run(0, unread="cut"))) == "green"
    for silent in (TIMEOUT, CRASH, Interrupted()):
        assert colour(tried(silent)) == "silent"


def test_a_program_of_the_tree_that_is_not_there_yet_is_red_one_of_the_host_is_silent() -> None:
    assert colour(tried(NO_TOOL, Verification(run=("./tool",)))) == "red"
    assert colour(tried(NO_TOOL, Verification(run=("bin/tool",)))) == "red"
    assert colour(tried(NO_TOOL, Verification(run=("tool",)))) == "silent"
    assert colour(tried(NO_TOOL, Verification(run=("/opt/tool",)))) == "silent"


def test_one_red_verification_of_several_is_enough(run) -> None:
    assert said(judge_base([tried(run(0), PLAIN), tried(run(1), PLAIN)])) == "passed"
    assert said(judge_base([tried(TIMEOUT), tried(run(1), PLAIN)])) == "passed"


def test_none_red_is_already_green_or_cannot_be_said(run) -> None:
    assert said(judge_base([tried(run(0), PLAIN)])) == "already_green"
    silent = judge_base([tried(run(0), PLAIN), tried(TIMEOUT)])
    assert isinstance(silent.verdict, Broken)
    assert silent.verdict.failure is FailureClass.ENVIRONMENT_ERROR


def test_a_base_that_exits_0_without_its_report_is_told_as_that(run) -> None:
    found = judge_base([tried(run(0), PLAIN), tried(run(0, unread="cut at the end"))])
    assert said(found) == "report_missing"
    assert "cut at the end" in found.verdict.why
    assert said(judge_base([tried(run(1), PLAIN), tried(run(0, unread="cut"))])) == "passed"


@pytest.mark.parametrize(
    ("base", "overlay", "says"),
    [
        pytest.param((4, ""), (1, "aF"), "passed", id="the new test fails"),
        pytest.param((4, ""), (0, "a."), "test_not_red", id="the new test passes"),
        pytest.param((4, ""), (1, "aF b."), "test_not_red b", id="one of two passes"),
        pytest.param((4, ""), (1, "aF bs"), "passed", id="one is skipped"),
        pytest.param((0, "o."), (1, "o. aF"), "passed", id="an old one passes, the new one fails"),
        pytest.param((1, "oF"), (1, "oF a."), "test_not_red a", id="an old one red, the new green"),
        pytest.param((1, "oF"), (0, "o."), "test_not_red", id="a red one weakened until green"),
        pytest.param((4, ""), (2, "xE"), "passed", id="the new file does not import yet"),
    ],
)
def test_added_tests_must_fail_on_the_code_of_the_base(run, base, overlay, says) -> None:
    found = judge_overlay([tried(run(*base))], [tried(run(*overlay))], frozenset({"m.py"}))
    words = says.split()
    assert (said(found), found.new) == (words[0], tuple(f"m::{name}" for name in words[1:]))


def test_old_tests_are_not_taken_for_added_where_the_base_left_no_list(run) -> None:
    base, overlay = tried(run(4, "")), tried(run(1, "old. newF"))
    assert said(judge_overlay([base], [overlay], frozenset({"other/test_new.py"}))) == (
        "test_not_red"
    )
    both = tried(run(1, "a."))
    both.heard.reading.cases.update({"tests.test_new::b": "failed"})
    assert said(judge_overlay([base], [both], frozenset({"tests/test_new.py"}))) == "passed"


def test_a_base_whose_collection_fails_left_no_list(run) -> None:
    broken_collection = run(2, "")
    broken_collection.reading.cases["::tests.test_new"] = "error"
    over = run(1, "old.")
    over.reading.cases["tests.test_new::b"] = "failed"
    found = judge_overlay(
        [tried(broken_collection)], [tried(over)], frozenset({"tests/test_new.py"})
    )
    assert said(found) == "passed"

import pytest

from policy.backlog.verification import Contains, NotContains, Verification
from policy.gates.verdict import Broken, Failed, Passed
from policy.gates.verification import NEVER_SEEN, weigh, weigh_beside


def verification(expect="exit_0", *, report="none", **more):
    run = ("t", "{report}") if report == "junit" else ("t",)
    return Verification(run=run, expect=expect, report=report, **more)


def said(found):
    match found.verdict:
        case Passed():
            return "passed"
        case Failed(failure=failure):
            return failure.value
        case Broken(failure=failure):
            return f"broken {failure.value}"


@pytest.mark.parametrize(
    ("expect", "code", "text", "says"),
    [
        ("exit_0", 0, "", "passed"),
        ("exit_0", 1, "", "test_failure"),
        ("exit_nonzero", 1, "", "passed"),
        ("exit_nonzero", 0, "", "test_failure"),
        (Contains(contains="ok"), 0, "all ok", "passed"),
        (Contains(contains="ok"), 2, "all ok", "passed"),
        (Contains(contains="ok"), 0, "none", "test_failure"),
        (NotContains(not_contains="bad"), 0, "fine", "passed"),
        (NotContains(not_contains="bad"), 0, "bad", "test_failure"),
        (NotContains(not_contains="bad"), 127, "", "test_failure"),
    ],
)
def test_an_expectation_without_a_report(run, expect, code, text, says) -> None:
    assert said(weigh(verification(expect), run(code, text=text), before=NEVER_SEEN)) == says


def test_output_that_was_cut_cannot_prove_that_a_text_is_not_in_it(run) -> None:
    cut = run(0, text="fine", size=99_999)
    bad = NotContains(not_contains="bad")
    assert said(weigh(verification(bad), cut, before=NEVER_SEEN)) == "broken resource_exhausted"
    assert said(weigh(verification(Contains(contains="fine")), cut, before=NEVER_SEEN)) == "passed"


@pytest.mark.parametrize(
    ("code", "tests", "says"),
    [
        pytest.param(0, "a. b.", "passed", id="green"),
        pytest.param(1, "a. bF", "test_failure", id="red"),
        pytest.param(0, "a. bF", "test_failure", id="red with exit 0"),
        pytest.param(1, "a. b.", "test_failure", id="green with exit 1"),
        pytest.param(0, "", "report_missing", id="no test ran"),
        pytest.param(0, "as bs", "report_missing", id="all were skipped"),
        pytest.param(0, None, "report_missing", id="exit 0 and no report"),
        pytest.param(1, None, "test_failure", id="exit 1 and no report"),
    ],
)
def test_a_report_must_be_there_and_bear_the_exit_out(run, code, tests, says) -> None:
    one = run(code, tests) if tests is not None else run(code, unread="cut")
    assert said(weigh(verification(report="junit"), one, before=NEVER_SEEN)) == says


@pytest.mark.parametrize("expect", ["exit_nonzero", Contains(contains="ok")])
def test_no_expectation_is_met_without_the_report_it_owes(run, expect) -> None:
    one = run(1, unread="cut", text="ok")
    assert said(weigh(verification(expect, report="junit"), one, before=NEVER_SEEN)) == (
        "report_missing"
    )


def test_fewer_tests_than_asked_for_is_no_complete_report(run) -> None:
    three = verification(report="junit", min_tests=3)
    assert said(weigh(three, run(0, "a. b. c."), before=NEVER_SEEN)) == "passed"
    assert said(weigh(three, run(0, "a. b. cs"), before=NEVER_SEEN)) == "report_missing"


@pytest.mark.parametrize(
    ("tests", "before", "says"),
    [
        pytest.param("a. b.", "", "passed", id="reported"),
        pytest.param("a.", "", "test_failure", id="never written"),
        pytest.param("a.", "m::b", "test_tampering", id="taken away"),
        pytest.param("a. bs", "m::b", "test_tampering", id="skipped"),
        pytest.param("a. bs", "", "test_failure", id="skipped, and never passed"),
    ],
)
def test_a_test_that_must_be_reported(run, tests, before, says) -> None:
    asked = verification(report="junit", must_report=("m.py::b",))
    found = weigh(asked, run(0, tests), before=frozenset(before.split()))
    assert said(found) == says
    assert found.new == (() if says == "passed" else ("m::b",))


def test_a_gate_beside_its_base_asks_for_its_tests_too(run) -> None:
    asked = verification(report="junit", must_report=("m.py::c",), min_tests=2)

    def beside(now, base, known=frozenset()):
        return said(weigh_beside(asked, now, base, known_failures=known))

    assert beside(run(0, "a. c."), run(0, "a.")) == "passed"
    assert beside(run(0, "a."), run(0, "a.")) == "test_failure"
    assert beside(run(0, "c."), run(0, "")) == "report_missing"
    assert beside(run(1, "a. c. bF"), None, frozenset({"m.py::b"})) == "passed"
    assert beside(run(1, "a. cF"), run(1, "a. cF")) == "test_failure"


def test_a_gate_whose_tests_never_run_says_nothing_however_well_its_errors_are_known(run) -> None:
    asked = verification(report="junit", min_tests=2)

    def beside(now, base):
        return said(weigh_beside(asked, now, base, known_failures=frozenset()))

    nothing = run(2, "a_moduleE another_moduleE")
    assert beside(nothing, nothing) == "broken environment_error"
    assert beside(run(2, "a_moduleE"), run(1, "a_moduleE b. c.")) == "test_tampering"
    assert beside(run(1, "a_moduleE b. c."), nothing) == "passed"
    assert beside(run(1, "aE b. cF"), run(1, "aE b. cF")) == "passed"
    assert beside(run(1, "aE b."), run(1, "aE b. c.")) == "test_tampering"
    assert beside(run(1, "aE b."), run(1, "aE b. cs d.")) == "test_tampering"

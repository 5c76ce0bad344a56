import pytest

from policy.gates.baseline import compare
from policy.gates.verdict import Broken, Failed, Passed

NO_REPORT = object()


@pytest.mark.parametrize(
    ("base", "now", "says"),
    [
        pytest.param((0, "a. b."), (0, "a. b."), "passed", id="all as before"),
        pytest.param((0, "a."), (0, "a. c."), "passed", id="a test more"),
        pytest.param((0, "a. b."), (1, "a. bF"), "regression b", id="one fails now"),
        pytest.param((0, "a. b."), (1, "a. bE"), "regression b", id="one errors now"),
        pytest.param((0, "a. b."), (0, "a. bF"), "regression b", id="one fails, and exit 0"),
        pytest.param((0, "a. b."), (0, "a. bs"), "test_tampering b", id="one is skipped now"),
        pytest.param((0, "a. b."), (0, "a."), "test_tampering b", id="one is gone"),
        pytest.param((0, "a. b."), (0, ""), "test_tampering a b", id="all are gone"),
        pytest.param((0, "a. b."), (2, "a. xE"), "regression b x", id="a module fails to import"),
        pytest.param((0, "a."), (1, "a. cF"), "test_failure c", id="a new test fails"),
        pytest.param((1, "a. bF"), (1, "a. bF"), "passed b", id="a known failure explains it"),
        pytest.param((1, "a. bF"), (1, "a. bE"), "passed b", id="known, and otherwise wrong now"),
        pytest.param((1, "a. bF"), (0, "a. b."), "passed", id="a known failure was mended"),
        pytest.param((1, "a. bF"), (0, "a."), "passed", id="a known failure was removed"),
        pytest.param((1, "a. bF"), (1, "a. b."), "test_failure", id="mended, and still not 0"),
        pytest.param((1, "a. bF"), (1, "aF bF"), "regression a", id="one known, one new"),
        pytest.param((0, "as"), (0, "as"), "passed", id="skipped before and now"),
        pytest.param((0, "as"), (1, "aF"), "test_failure a", id="skipped before, fails now"),
        pytest.param((0, "a."), (3, "a."), "test_failure", id="an exit no test explains"),
        pytest.param((5, ""), (5, ""), "broken", id="an exit no test explains, as before"),
        pytest.param((5, ""), (0, "a."), "passed", id="the first test of all"),
        pytest.param((0, "a."), (0, None), "report_missing", id="exit 0 and no report"),
        pytest.param((0, "a."), (1, None), "regression a", id="a failure and no report"),
        pytest.param((1, None), (1, None), "broken", id="no report, as before"),
        pytest.param((1, None), (0, "a."), "passed", id="the base did not even run"),
        pytest.param((1, None), (1, "aF"), "test_failure a", id="it runs now, and fails"),
        pytest.param((0, None), (0, "a."), "broken", id="the gate leaves no report by itself"),
        pytest.param(NO_REPORT, (0, "a."), "passed", id="no baseline"),
        pytest.param(NO_REPORT, (1, "aF"), "test_failure a", id="no baseline, one fails"),
    ],
)
def test_a_run_beside_its_base(run, base, now, says) -> None:
    def made(pair):
        code, tests = pair
        return run(code, tests) if tests is not None else run(code, unread="cut")

    found = compare(made(now), None if base is NO_REPORT else made(base), frozenset())
    words = says.split()
    names = tuple(f"m::{name}" for name in words[1:])
    match found.verdict:
        case Passed():
            assert (words[0], found.known, found.new) == ("passed", names, ())
        case Failed(failure=failure):
            assert (words[0], found.new) == (failure.value, names)
        case Broken():
            assert words == ["broken"]


def test_failures_that_policy_lists_are_known(run) -> None:
    listed = frozenset({"m::b"})
    assert compare(run(1, "a. bF"), run(0, "a. b."), listed).verdict == Passed()
    assert compare(run(1, "a. bF"), None, listed).known == ("m::b",)
    assert isinstance(compare(run(1, "aF bF"), run(0, "a. b."), listed).verdict, Failed)
    assert isinstance(compare(run(0, "a."), run(0, "a. b."), listed).verdict, Failed)


def test_counts_are_those_of_the_report(run) -> None:
    counts = compare(run(1, "a. bF cs"), run(1, "a. bF cs"), frozenset()).counts
    assert (counts.ran, counts.passed, counts.failed, counts.skipped) == (2, 1, 1, 1)

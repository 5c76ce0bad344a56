"""Was one verification of an item, or one gate command, satisfied by a run.

    expected        satisfied by                                              else
    exit_0          exit 0, and no failed test in the report if there is one  test_failure
    exit_nonzero    any other exit                                            test_failure
    contains        the text in what was printed, whatever the exit           test_failure
    not_contains    exit 0, all output kept, and the text nowhere in it       test_failure, broken

    report: junit   a fresh, complete report                                  report_missing;
                                                             test_failure if the exit is wrong too
    min_tests       as many tests that ran; skipped and errors do not count   report_missing;
                                     errors leave too few on the base too: broken
    must_report     each id reported as passed                                test_failure;
                                              gone or skipped, and passed before: test_tampering

`not_contains` asks for exit 0 because a command that died early prints nothing either.
"""

from policy.backlog.verification import Contains, NotContains, Verification
from policy.bus.result import Output
from policy.gates.baseline import compare, why_unread
from policy.gates.cases import case_id
from policy.gates.finding import Finding, broken, failed, listed
from policy.gates.reports import Report
from policy.gates.run import Run
from policy.gates.verdict import Passed
from policy.rules.failures import FailureClass

NEVER_SEEN: frozenset[str] = frozenset()


def weigh(verification: Verification, run: Run, *, before: frozenset[str]) -> Finding:
    """Judge *run* by what *verification* expects.

    *before* are the tests known to have passed without the change: it tells a test that was taken
    away from one that was never written.
    """
    found = _expected(verification, run)
    if not isinstance(found.verdict, Passed) or run.reading is None:
        return found
    return demand(verification, run, found, before=before)


def weigh_beside(
    verification: Verification, run: Run, base: Run | None, *, known_failures: frozenset[str]
) -> Finding:
    """Judge *run*, which has a report, by its tests one by one and beside the base's run."""
    found = compare(run, base, frozenset(map(case_id, known_failures)))
    if not isinstance(found.verdict, Passed):
        return found
    if base is None or base.report is None:
        return demand(verification, run, found, before=NEVER_SEEN)
    if run.report is not None and _never_ran(verification, run.report, base.report):
        return _broken_before(verification, run.report, found)
    return demand(verification, run, found, before=base.report.ids("passed"))


def _least(verification: Verification) -> int:
    return max(1, verification.min_tests)


def _never_ran(verification: Verification, now: Report, base: Report) -> bool:
    """Whether errors that were known before leave too few tests to say anything of a change."""
    too_few = max(len(now.ran()), len(base.ran())) < _least(verification)
    return too_few and bool(now.ids("error") & base.ids("error"))


def _broken_before(verification: Verification, now: Report, found: Finding) -> Finding:
    why = (
        f"{len(now.ran())} tests ran, at least {_least(verification)} must, and on the base no "
        f"more do; could not be run: {listed(sorted(now.ids('error')))}"
    )
    return found.model_copy(update={"verdict": broken(FailureClass.ENVIRONMENT_ERROR, why).verdict})


def demand(
    verification: Verification, run: Run, found: Finding, *, before: frozenset[str]
) -> Finding:
    """Return *found*, or why the report, whatever it says of its tests, holds too few of them."""
    report = run.report
    if report is None:
        why = f"left no complete report: {why_unread(run)}"
        return failed(FailureClass.REPORT_MISSING, f"exited {run.code} and {why}")
    counts = report.counts()
    asked = sorted(map(case_id, verification.must_report))
    missing = [name for name in asked if report.cases.get(name) != "passed"]
    if missing:
        refused = _missing(report, missing, before)
    elif len(report.ran()) < _least(verification):
        refused = failed(
            FailureClass.REPORT_MISSING,
            f"{len(report.ran())} tests ran, at least {_least(verification)} must",
        )
    else:
        return found.model_copy(update={"counts": counts})
    return refused.model_copy(update={"counts": counts, "known": found.known})


def _missing(report: Report, missing: list[str], before: frozenset[str]) -> Finding:
    taken = [name for name in missing if name in before and name not in report.bad()]
    if taken:
        return failed(
            FailureClass.TEST_TAMPERING,
            f"must be reported, passed before, and do not any more: {listed(taken)}",
            new=missing,
        )
    return failed(
        FailureClass.TEST_FAILURE, f"must be reported as passed: {listed(missing)}", new=missing
    )


def _expected(verification: Verification, run: Run) -> Finding:
    expect = verification.expect
    if expect == "exit_0":
        return _exit_zero(run)
    if expect == "exit_nonzero":
        return _met(run.code != 0, "exited 0, expected any other exit")
    if isinstance(expect, Contains):
        found = expect.contains in run.output.head or expect.contains in run.output.tail
        return _met(found, f"did not print {expect.contains!r}")
    return _not_contains(expect, run)


def _exit_zero(run: Run) -> Finding:
    bad = run.report.bad() if run.report is not None else frozenset()
    if run.code == 0 and not bad:
        return Finding(verdict=Passed())
    said = f"; failed: {listed(sorted(bad))}" if bad else ""
    counts = run.report.counts() if run.report is not None else None
    found = failed(FailureClass.TEST_FAILURE, f"exited {run.code}{said}", new=bad)
    return found if counts is None else found.model_copy(update={"counts": counts})


def _not_contains(expect: NotContains, run: Run) -> Finding:
    text = expect.not_contains
    if run.code != 0:
        return failed(FailureClass.TEST_FAILURE, f"exited {run.code}, so its output proves nothing")
    if text in run.output.head or text in run.output.tail:
        return failed(FailureClass.TEST_FAILURE, f"printed {text!r}")
    if _was_cut(run.output):
        return broken(
            FailureClass.RESOURCE_EXHAUSTED,
            f"printed {run.output.size} bytes, too many to say that {text!r} is not among them",
        )
    return Finding(verdict=Passed())


def _met(met: bool, why: str) -> Finding:  # noqa: FBT001 - the one thing it is about
    return Finding(verdict=Passed()) if met else failed(FailureClass.TEST_FAILURE, why)


def _was_cut(output: Output) -> bool:
    # Bytes that are not UTF-8 are replaced by more bytes, never by fewer: only a cut makes it less.
    return bool(output.tail) or len(output.head.encode()) < output.size

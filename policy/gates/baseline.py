"""What a change did to tests that are reported by name, seen beside a run without the change.

    on the base          now                  is
    passed               failed, error        new: regression
    passed               skipped, gone        new: test_tampering, if nothing fails anew
    not there            failed, error        new: test_failure; what hides other tests: regression
    failed, error        failed, error        known
    listed as known      failed, error        known
    failed, skipped      passed, gone, ...    nothing

A test module that no longer imports is an error of its own and takes its tests with it: that is
a regression, not tampering, so what is gone counts as tampering only where nothing fails.
"""

from policy.gates.finding import Finding, broken, failed, listed
from policy.gates.reports import Report
from policy.gates.run import Run
from policy.gates.verdict import Passed
from policy.rules.failures import FailureClass

_NOTHING = Report(cases={})


def compare(run: Run, base: Run | None, known_failures: frozenset[str]) -> Finding:
    """Judge a run with a report beside that of the base (None: the gate has no baseline).

    *known_failures* are test ids policy lists. A non-zero exit passes only where known failures
    explain all of it. On a base that is itself broken, exit not 0 and no report, nothing passed
    and nothing can be lost.
    """
    if base is not None and base.code == 0 and base.report is None:
        return broken(
            FailureClass.ENVIRONMENT_ERROR,
            "on the base the gate exits 0 and leaves no report: its command is wrong",
        )
    before = _NOTHING if base is None or base.report is None else base.report
    now = run.report
    if now is None:
        return _without_report(run, base, before)
    known = now.bad() & (before.bad() | known_failures)
    lost = before.ids("passed") - now.ids("passed") - known
    fresh = now.bad() - known - lost
    if lost | fresh:
        found = _new(now, lost, fresh)
    elif run.code != 0 and not known:
        found = _unexplained(run, base)
    else:
        found = Finding(verdict=Passed())
    return found.model_copy(update={"counts": now.counts(), "known": tuple(sorted(known))})


def _without_report(run: Run, base: Run | None, before: Report) -> Finding:
    if run.code == 0:
        return failed(
            FailureClass.REPORT_MISSING, f"exited 0 and left no complete report: {why_unread(run)}"
        )
    if base is not None and base.code != 0 and base.report is None:
        return broken(
            FailureClass.ENVIRONMENT_ERROR,
            f"exited {run.code} and left no report, as it does on the base ({base.code})",
        )
    lost = before.ids("passed")
    failure = FailureClass.REGRESSION if lost else FailureClass.TEST_FAILURE
    return failed(failure, f"exited {run.code} and left no report: {why_unread(run)}", new=lost)


def _new(now: Report, lost: frozenset[str], fresh: frozenset[str]) -> Finding:
    if lost and not fresh | (lost & now.bad()):
        skipped = sorted(lost & now.ids("skipped"))
        gone = sorted(lost - now.ids())
        said = [f"skipped: {listed(skipped)}"] if skipped else []
        said += [f"gone: {listed(gone)}"] if gone else []
        return failed(
            FailureClass.TEST_TAMPERING, f"passed on the base, now {'; '.join(said)}", new=lost
        )
    if lost:
        names = sorted(lost & now.bad()) or sorted(fresh)
        return failed(
            FailureClass.REGRESSION, f"broken by the change: {listed(names)}", new=lost | fresh
        )
    return failed(FailureClass.TEST_FAILURE, f"failed: {listed(sorted(fresh))}", new=fresh)


def _unexplained(run: Run, base: Run | None) -> Finding:
    why = f"exited {run.code} although no test in its report failed"
    if base is not None and base.code != 0 and not (base.report or _NOTHING).bad():
        return broken(FailureClass.ENVIRONMENT_ERROR, f"{why}, as it does on the base")
    return failed(FailureClass.TEST_FAILURE, why)


def why_unread(run: Run) -> str:
    """Return why the report of *run* is none; empty where it is one or none was asked for."""
    match run.reading:
        case Report() | None:
            return ""
        case unreadable:
            return unreadable.why

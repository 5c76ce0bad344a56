import pytest

from policy.bus.result import (
    Denied,
    Ending,
    Exited,
    Killed,
    NotStarted,
    Output,
    Provenance,
    Ran,
    Stopped,
    TimedOut,
    Usage,
)
from policy.canonical import sha256
from policy.gates.reports import Report, Unreadable
from policy.gates.run import Interrupted, Run, hear
from policy.gates.verdict import Broken, Failed
from policy.rules.failures import FailureClass

GREEN = b'<testsuite><testcase classname="m" name="a"/></testsuite>'


def ran(ending: Ending, report: bytes | None = GREEN) -> Ran:
    return Ran(
        ending=ending,
        output=Output(head="12 passed", tail="", size=9, sha256=sha256(b"12 passed")),
        report=report,
        usage=Usage(wall_s=1.0, cpu_s=1.0, max_rss_bytes=1),
        snapshot=None,
        provenance=Provenance(engine="e", argv=("t",), tree="7" * 40, environment="d" * 64),
    )


@pytest.mark.parametrize(
    ("ending", "kind", "failure"),
    [
        (Killed(signal=9), Broken, FailureClass.RESOURCE_EXHAUSTED),
        (Killed(signal=25), Broken, FailureClass.RESOURCE_EXHAUSTED),
        (Killed(signal=11), Failed, FailureClass.TEST_FAILURE),
        (TimedOut(limit="wall", seconds=9), Broken, FailureClass.TEST_TIMEOUT),
        (TimedOut(limit="idle", seconds=9), Broken, FailureClass.TEST_TIMEOUT),
        (NotStarted(cause="tool_missing", why="x"), Broken, FailureClass.TOOL_MISSING),
        (NotStarted(cause="sandbox", why="x"), Broken, FailureClass.SANDBOX_UNAVAILABLE),
    ],
)
def test_what_did_not_end_by_itself_is_no_run_however_green_its_report(
    ending, kind, failure
) -> None:
    heard = hear(ran(ending), report="junit")
    assert isinstance(heard, kind)
    assert heard.failure is failure


def test_what_we_stopped_says_nothing_at_all() -> None:
    assert hear(ran(Stopped()), report="junit") == Interrupted()


@pytest.mark.parametrize(
    "check",
    ["G-SCHEMA", "G-CAP", "G-INTEGRITY", "G-BUDGET", "G-PROVENANCE", "G-DET", "G-ISOLATION"],
)
def test_every_denial_is_broken(check) -> None:
    assert isinstance(hear(Denied(check=check, why="no"), report="none"), Broken)


def test_a_run_has_its_report_read_where_one_was_asked_for() -> None:
    heard = hear(ran(Exited(code=1)), report="junit")
    assert isinstance(heard, Run)
    assert heard.report == Report(cases={"m::a": "passed"})
    unread = hear(ran(Exited(code=0), None), report="junit")
    assert isinstance(unread, Run)
    assert isinstance(unread.reading, Unreadable)
    unasked = hear(ran(Exited(code=0)), report="none")
    assert isinstance(unasked, Run)
    assert unasked.reading is None

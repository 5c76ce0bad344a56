"""Gate `red_first`: the item's tests must fail without the change (DESIGN 7).

Twice asked: of the base as it is, and, where the change brings tests, of the base's code with the
candidate's test files laid over it. A file that is not there yet fails any test of it; only the
second question says whether the tests look at the change at all.

    a run                                      is
    exited, expectation not met                red: exit not 0, with a report or without
    a program of the tree not there yet        red: 127 by another name
    expectation met                            green
    exit 0 without the report it owes          green: nothing was seen to fail
    crash by a signal, timeout, not started    silent

    no red run, one silent                     broken: environment_error
    no red run, one on the base without report report_missing: its command is wrong there
    no red run                                 already_green on the base, test_not_red laid over
    an added test that passes on base code     test_not_red
"""

from collections.abc import Sequence
from typing import Literal, assert_never

from policy.backlog.verification import Verification
from policy.gates.baseline import why_unread
from policy.gates.finding import Finding, broken, failed, listed
from policy.gates.reports import Report
from policy.gates.run import Heard, Interrupted, Run
from policy.gates.verdict import Broken, Counts, Failed, Passed
from policy.gates.verification import NEVER_SEEN, weigh
from policy.rules.failures import FailureClass
from policy.value import Value

Colour = Literal["red", "green", "silent"]


class Tried(Value):
    """A blocking verification, and what was heard of it on one tree."""

    verification: Verification
    heard: Heard


def judge_base(tried: Sequence[Tried]) -> Finding:
    """Judge the runs on the base: at least one must be red."""
    unread = [one for one in tried if colour(one) == "green" and _owes_report(one)]
    if unread:
        return _some_red(tried, FailureClass.REPORT_MISSING, _without_report(unread[0]))
    return _some_red(
        tried,
        FailureClass.ALREADY_GREEN,
        "the item's tests hold without any change: commit a test that fails first, or name a new "
        "one in `must_report` (`expect_base: pass` is for a refactoring)",
    )


def judge_overlay(
    base: Sequence[Tried], overlay: Sequence[Tried], added_files: frozenset[str]
) -> Finding:
    """Judge the runs of the base's code under the candidate's tests.

    *base* and *overlay* are the same verifications in the same order; *added_files* are the paths
    of the test files the change adds.
    """
    found = _some_red(
        overlay, FailureClass.TEST_NOT_RED, "with the new tests but without the change, all hold"
    )
    if not isinstance(found.verdict, Passed):
        return found
    green = sorted(
        name
        for without, over in zip(base, overlay, strict=True)
        for name in _added_and_green(without, over, added_files)
    )
    if green:
        return failed(
            FailureClass.TEST_NOT_RED,
            f"added tests that pass without the change: {listed(green)}",
            new=set(green),
        )
    return found


def colour(tried: Tried) -> Colour:
    match tried.heard:
        case Run() as run:
            return _colour_of_run(tried.verification, run)
        case Broken(failure=FailureClass.TOOL_MISSING):
            program = tried.verification.run[0]
            return "red" if "/" in program and not program.startswith("/") else "silent"
        case Failed() | Broken() | Interrupted():
            return "silent"
        case _ as never:
            assert_never(never)


def _colour_of_run(verification: Verification, run: Run) -> Colour:
    match weigh(verification, run, before=NEVER_SEEN).verdict:
        case Passed():
            return "green"
        case Broken():
            return "silent"
        case Failed():
            return "green" if _is_unread(verification, run) and run.code == 0 else "red"


def _is_unread(verification: Verification, run: Run) -> bool:
    return verification.report == "junit" and run.report is None


def _owes_report(tried: Tried) -> bool:
    return isinstance(tried.heard, Run) and _is_unread(tried.verification, tried.heard)


def _without_report(tried: Tried) -> str:
    said = listed(tried.verification.run, separator=" ")
    why = why_unread(tried.heard) if isinstance(tried.heard, Run) else ""
    return f"without the change {said} exits 0 and leaves no complete report: {why}"


def _some_red(tried: Sequence[Tried], failure: FailureClass, why: str) -> Finding:
    colours = [colour(one) for one in tried]
    counts = Counts(
        ran=len(colours),
        passed=colours.count("red"),
        failed=colours.count("green"),
        skipped=colours.count("silent"),
    )
    if "red" in colours:
        found = Finding(verdict=Passed())
    elif "silent" in colours:
        silent = tried[colours.index("silent")]
        found = broken(
            FailureClass.ENVIRONMENT_ERROR,
            f"{listed(silent.verification.run, separator=' ')}: {_why(silent.heard)}; "
            "so nothing was seen to fail without the change",
        )
    else:
        found = failed(failure, why)
    return found.model_copy(update={"counts": counts})


def _why(heard: Heard) -> str:
    match heard:
        case Broken(why=why) | Failed(why=why):
            return why
        case Run(code=code):
            return f"exited {code}"
        case Interrupted():
            return "stopped"


def _added_and_green(base: Tried, overlay: Tried, added_files: frozenset[str]) -> frozenset[str]:
    over, without = _report(overlay), _report(base)
    added = over.ids("passed") - without.ids()
    if without.cases and not any(name.startswith("::") for name in without.bad()):
        return added
    # The base left no list of its tests, or one cut short where collecting them failed, perhaps
    # because one file of several is not there yet: then only tests of added files are known to be
    # added, if names can be told by file at all.
    of_added = {name for name in over.ids() if _is_of(name, added_files)}
    return added & of_added if of_added else added


def _report(tried: Tried) -> Report:
    match tried.heard:
        case Run(report=Report() as report):
            return report
        case Run() | Failed() | Broken() | Interrupted():
            return Report(cases={})


def _is_of(name: str, files: frozenset[str]) -> bool:
    """Whether pytest would give test *name* to one of *files*, seen from any folder above it."""
    classname = f".{name.partition('::')[0]}."
    modules = (path.removesuffix(".py").replace("/", ".") for path in files)
    return any(
        f".{module}.".endswith(classname) or f".{module}." in classname for module in modules
    )

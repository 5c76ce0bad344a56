"""The gates that run an item's own verifications: red_first, tests, done."""

from collections.abc import Sequence

from daemon.gates.bench import Bench, Command
from daemon.gates.overlays import lay_over
from daemon.gates.recognised import classified
from policy.backlog.verification import Verification
from policy.furnishing import of_item
from policy.gates.cases import case_id
from policy.gates.finding import Finding, broken, failed
from policy.gates.red_first import Tried, judge_base, judge_overlay
from policy.gates.run import Interrupted, Run
from policy.gates.test_files import added_tests, changed_tests
from policy.gates.verdict import Broken, Counts, Failed, Passed
from policy.gates.verification import NEVER_SEEN, weigh
from policy.ids import GateName, TreeId
from policy.rules.gates import GateLimits


def tests(bench: Bench) -> Finding | Interrupted:
    return _all_hold(bench, GateName("tests"), bench.case.item.tests)


def done(bench: Bench) -> Finding | Interrupted:
    return _all_hold(bench, GateName("done"), bench.case.item.done_when)


def red_first(bench: Bench) -> Finding | Interrupted:
    """Ask the base, then the base's code under the candidate's tests, if the change has any."""
    case = bench.case
    gate = [one for one in _commands(bench, GateName("red_first"), case.item.tests) if _blocks(one)]
    base = _try(bench, gate, case.base, at="base")
    if isinstance(base, Interrupted):
        return base
    found = judge_base(base)
    paths = changed_tests(case.entries, case.policy.test_paths)
    if not isinstance(found.verdict, Passed) or not paths:
        return found
    tree = lay_over(bench.batch, case.base, case.candidate.product, paths)
    bench.batch.save()
    overlay = _try(bench, gate, tree, at="new-tests")
    if isinstance(overlay, Interrupted):
        return overlay
    return judge_overlay(base, overlay, added_tests(case.entries, case.policy.test_paths))


def _try(
    bench: Bench, gate: Sequence[Command], tree: TreeId, *, at: str
) -> tuple[Tried, ...] | Interrupted:
    tried = []
    for command in gate:
        on_base = tree == bench.case.base
        heard = bench.hear_base(command, tree) if on_base else bench.hear(command, tree, at=at)
        if isinstance(heard, Interrupted):
            return heard
        tried.append(Tried(verification=command.verification, heard=heard))
    return tuple(tried)


def _all_hold(
    bench: Bench, gate: GateName, verifications: Sequence[Verification]
) -> Finding | Interrupted:
    """Ask *verifications* in order, up to the first blocking one that does not hold.

    At least one is blocking: `BacklogItem` sees to it.
    """
    counts = Counts()
    for command in _commands(bench, gate, verifications):
        found = _holds(bench, command)
        if isinstance(found, Interrupted):
            return found
        if _blocks(command):
            counts = _sum(counts, _counted(found))
            if not isinstance(found.verdict, Passed):
                return _of(command, found).model_copy(update={"counts": counts})
    return Finding(verdict=Passed(), counts=counts)


def _holds(bench: Bench, command: Command) -> Finding | Interrupted:
    heard = bench.hear(command, bench.case.candidate.product)
    match heard:
        case Interrupted():
            return heard
        case Failed() | Broken():
            return Finding(verdict=heard)
        case Run():
            found = weigh(command.verification, heard, before=NEVER_SEEN)
            if _lacks_a_test(command.verification, heard, found):
                return _beside_base(bench, command, heard)
            return classified(bench, command, heard, found, red_before=True)


def _lacks_a_test(verification: Verification, run: Run, found: Finding) -> bool:
    """Whether a test that must be reported is not there or skipped: the base says if it was."""
    asked = set(map(case_id, verification.must_report)) & set(found.new)
    return run.report is not None and bool(asked - run.report.bad())


def _beside_base(bench: Bench, command: Command, run: Run) -> Finding | Interrupted:
    base = bench.hear_base(command, bench.case.base)
    match base:
        case Interrupted():
            return base
        case Run() if base.report is not None:
            return weigh(command.verification, run, before=base.report.ids("passed"))
        case Run() | Failed() | Broken():
            return weigh(command.verification, run, before=NEVER_SEEN)


def _commands(bench: Bench, gate: GateName, verifications: Sequence[Verification]) -> list[Command]:
    return [
        Command(
            gate=gate,
            verification=one,
            role="verification",
            limits=GateLimits(),
            environment=of_item(bench.case.item, bench.case.policy),
            place=str(number),
        )
        for number, one in enumerate(verifications, start=1)
    ]


def _blocks(command: Command) -> bool:
    return command.verification.blocking


def _counted(found: Finding) -> Counts:
    """Return what the report counted, or one verification where there was none."""
    if found.counts != Counts():
        return found.counts
    held = isinstance(found.verdict, Passed)
    return Counts(ran=1, passed=int(held), failed=int(not held))


def _sum(one: Counts, other: Counts) -> Counts:
    return Counts(
        ran=one.ran + other.ran,
        passed=one.passed + other.passed,
        failed=one.failed + other.failed,
        skipped=one.skipped + other.skipped,
    )


def _of(command: Command, found: Finding) -> Finding:
    """Return *found* with the command in its sentence: a gate may have several."""
    said = " ".join(command.verification.run)
    match found.verdict:
        case Passed():
            return found
        case Failed(failure=failure, why=why):
            verdict = failed(failure, f"{said}: {why}").verdict
        case Broken(failure=failure, why=why):
            verdict = broken(failure, f"{said}: {why}").verdict
    return found.model_copy(update={"verdict": verdict})

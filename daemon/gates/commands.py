"""The gates that policy adds: a command each, perhaps beside the base, perhaps with its tests."""

from daemon.gates.bench import Bench, Command
from daemon.gates.overlays import lay_over
from daemon.gates.recognised import classified
from policy.backlog.verification import Verification
from policy.furnishing import of_gate
from policy.gates.baseline import compare
from policy.gates.cases import case_id
from policy.gates.finding import Finding, broken, failed, listed
from policy.gates.run import Heard, Interrupted, Run
from policy.gates.test_files import changed_tests
from policy.gates.verdict import Broken, Failed, Passed
from policy.gates.verification import NEVER_SEEN, weigh, weigh_beside
from policy.ids import TreeId
from policy.rules.failures import FailureClass
from policy.rules.gates import GateCommand
from policy.rules.model import Policy


def command_gate(bench: Bench, gate: GateCommand) -> Finding | Interrupted:
    """Judge by *gate*: with the candidate's tests, with the base's, or with each in turn."""
    product, older = bench.case.candidate.product, _with_base_tests(bench, gate)
    heard = bench.hear(
        _command(gate, bench.case.policy), older if gate.tests_from == "base" else product
    )
    found = _judge(bench, gate, heard)
    if isinstance(found, Interrupted) or not isinstance(found.verdict, Passed):
        return found
    if gate.tests_from != "both" or older == product or not isinstance(heard, Run):
        return found
    held = _base_tests_hold(bench, gate, older, heard)
    if isinstance(held, Interrupted) or not isinstance(held.verdict, Passed):
        return held
    return found


def _command(gate: GateCommand, policy: Policy) -> Command:
    verification = Verification(
        run=gate.run,
        timeout_s=gate.timeout_s,
        report=gate.report,
        must_report=gate.must_report,
        min_tests=gate.min_tests,
    )
    return Command(
        gate=gate.name,
        verification=verification,
        role="gate",
        limits=gate.limits,
        environment=of_gate(gate, policy),
    )


def _judge(bench: Bench, gate: GateCommand, heard: Heard) -> Finding | Interrupted:
    command = _command(gate, bench.case.policy)
    match heard:
        case Interrupted():
            return heard
        case Failed() | Broken():
            return Finding(verdict=heard)
        case Run() as run if gate.report == "none":
            found = weigh(command.verification, run, before=NEVER_SEEN)
            return classified(bench, command, run, found, red_before=False)
        case Run() as run:
            base = _base(bench, command) if gate.baseline else None
            if isinstance(base, Interrupted | Finding):
                return base
            known = frozenset(gate.known)
            found = weigh_beside(command.verification, run, base, known_failures=known)
            return classified(bench, command, run, found, red_before=False)


def _base(bench: Bench, command: Command) -> Run | Finding | Interrupted:
    """Return the base's run; a base that says nothing leaves nothing to compare with."""
    heard = bench.hear_base(command, bench.case.base)
    match heard:
        case Run() | Interrupted():
            return heard
        case Failed(why=why) | Broken(why=why):
            return broken(FailureClass.ENVIRONMENT_ERROR, f"on the base: {why}")


def _with_base_tests(bench: Bench, gate: GateCommand) -> TreeId:
    """Return the candidate with its changed test files as the base has them, or has not."""
    case = bench.case
    paths = changed_tests(case.entries, case.policy.test_paths)
    if gate.tests_from == "candidate" or not paths:
        return case.candidate.product
    tree = lay_over(bench.batch, case.candidate.product, case.base, paths)
    bench.batch.save()
    return tree


def _base_tests_hold(
    bench: Bench, gate: GateCommand, tree: TreeId, own: Run
) -> Finding | Interrupted:
    """Judge whether the base's own tests hold on the candidate; *own* is the run with its own."""
    command = _command(gate, bench.case.policy)
    heard = bench.hear(command, tree, at="base-tests")
    match heard:
        case Interrupted():
            return heard
        case Failed() | Broken():
            return Finding(verdict=heard)
        case Run() as run:
            base = _base(bench, command)
            if isinstance(base, Interrupted | Finding):
                return base
            found = _silenced(gate, own, run)
            return found or _weakened(gate, command.verification, run, base)


def _silenced(gate: GateCommand, own: Run, run: Run) -> Finding | None:
    """Bar a test that fails as the base has it, and that the change's own version lets pass.

    Whether it failed before as well does not matter: then the change was to make it hold, and
    made it say something else instead.
    """
    if own.report is None or run.report is None:
        return None
    known = frozenset(map(case_id, gate.known))
    silenced = run.report.bad() - own.report.bad() - known
    if not silenced:
        return None
    why = f"fails as the base has it, and was changed or removed: {listed(sorted(silenced))}"
    return failed(FailureClass.TEST_TAMPERING, why, new=silenced)


def _weakened(gate: GateCommand, verification: Verification, run: Run, base: Run) -> Finding:
    if gate.report == "none":
        found = weigh(verification, run, before=NEVER_SEEN)
        held_before = isinstance(weigh(verification, base, before=NEVER_SEEN).verdict, Passed)
    else:
        found = compare(run, base, frozenset(map(case_id, gate.known)))
        held_before = base.code == 0 or not isinstance(found.verdict, Broken)
    match found.verdict:
        case Failed(why=why) if held_before:
            why = f"holds with the change's own tests, not with those of the base: {why}"
            return failed(FailureClass.TEST_TAMPERING, why, new=found.new)
        case Broken() if held_before:
            return found
        case Passed() | Failed() | Broken():
            return Finding(verdict=Passed())

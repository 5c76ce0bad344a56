"""What each deed of `decide` may find, as facts: one of each route that an outcome of it may take.

Only what leads elsewhere is told apart: a gate fails in three ways here, not in every way there is.
"""

from policy.bus.result import Exited, NotStarted, Refused, Taken, TimedOut, Usage
from policy.change import EMPTY_STAT, NO_CHANGE
from policy.gates.verdict import Broken, Failed, Passed, Record
from policy.mission import actions as a
from policy.mission import facts as f
from policy.mission.attempts import Printed
from policy.rules.failures import FailureClass

CHANGE, LAND, BACK = "9" * 64, "f" * 40, "0" * 40
AFTER = [(("scope", "0" * 64), ("tests", "0" * 64)), (("suite", "1" * 64),)]


def found(action, state):
    """Return the facts each possible outcome of *action* is; none where it waits or is the end."""
    match action:
        case a.RunBuilder(started=started):
            return [(started, fact) for fact in ended(started)] + [(started,)]
        case a.BuildCandidate(attempt=attempt, base=base):
            n = attempt.started.n
            built = f.Candidate(
                commit="c" * 40, base=base, tree="7" * 40, product="7" * 40, change=CHANGE
            )
            conflict = f.CandidateConflicted(n=n, base=base, paths=("p",))
            return [(f.CandidateBuilt(n=n, candidate=built),), (conflict,)]
        case a.JudgeCandidate(attempt=attempt, required=required):
            return [(judged(attempt.started.n, rows),) for rows in verdicts(required)]
        case a.BuildLanding(attempt=attempt, candidate=built):
            landing = f.LandingStarted(
                n=attempt.started.n, landed=LAND, base=built.base, tree=built.tree, permissions=()
            )
            return [(landing,)]
        case a.MoveTarget(landing=landing) | a.RecordLanding(landing=landing):
            return [(f.Landed(commit=landing.landed, tree=landing.tree),)]
        case a.AskTarget(judging=fact) | a.JudgeTarget(judged=fact) | a.EndRepair(ended=fact):
            return [(fact,)]
        case a.RunTarget(judging=judging):
            passes, fails, _, breaks = verdicts(judging.gates)
            return [(ran(judging, rows),) for rows in (passes, fails, breaks)]
        case a.BuildRevert(grounds=grounds):
            landed = grounds.landed.commit
            return [(f.RevertStarted(commit=BACK, base=landed, tree="7" * 40, reverts=landed),)]
        case a.MoveBack(revert=revert) | a.RecordRevert(revert=revert):
            return [(f.Reverted(commit=revert.commit, tree=revert.tree),)]
        case a.MissRevert(missed=fact):
            return [(fact,)]
        case a.Classify(failure=fact) | a.Interrupt(interrupted=fact) | a.Miss(missed=fact):
            return [(fact,)]
        case a.Ask(asked=fact) | a.Close(closed=fact):
            return [(fact,)]
        case a.Notice(seen=fact) | a.Answer(answered=fact) | a.Withdraw(withdrawn=fact):
            return [(fact,)]
        case a.Archive() | a.Rest():
            return []


TAKEN = Taken(tree="7" * 40, ignored=0)
REFUSED = Refused(reason="unreadable", path="p", why="?")


def ended(started):
    """Yield how an attempt may end: one of each route a failure of it may take."""
    rows = [
        (Exited(code=0), TAKEN, CHANGE),
        (Exited(code=0), REFUSED, NO_CHANGE),
        (TimedOut(limit="wall", seconds=1.0), TAKEN, CHANGE),
        (NotStarted(cause="sandbox", why="?"), REFUSED, NO_CHANGE),
        (NotStarted(cause="tool_missing", why="?"), REFUSED, NO_CHANGE),
    ]
    yield f.AttemptInterrupted(n=started.n, cause="builder_killed")
    for ending, snapshot, change in rows:
        taken = isinstance(snapshot, Taken)
        yield f.AttemptEnded(
            n=started.n,
            ending=ending,
            snapshot=snapshot,
            checkpoint="1" * 40 if taken else None,
            tree="7" * 40 if taken else None,
            change=change,
            stat=EMPTY_STAT,
            output=Printed(path="o", size=0, sha256="0" * 64),
            usage=Usage(wall_s=1.0, cpu_s=1.0, max_rss_bytes=1),
        )


def verdicts(required):
    """Return what gates may say: up to the first that bars, one of each route."""
    passed = [Record(gate=gate, definition="0" * 64, verdict=Passed()) for gate in required]
    bars = [
        Failed(failure=FailureClass.TEST_FAILURE, why="?"),
        Failed(failure=FailureClass.SCOPE_VIOLATION, why="?"),
        Broken(failure=FailureClass.ENVIRONMENT_ERROR, why="?"),
    ]
    yield passed
    for verdict in bars:
        yield [*passed[:1], Record(gate=required[-1], definition="0" * 64, verdict=verdict)]


def ran(judging, rows):
    definitions = dict(sum(AFTER, ()))
    rows = [one.model_copy(update={"definition": definitions[one.gate]}) for one in rows]
    return f.TargetRan(
        commit=judging.commit, run=judging.run, product="7" * 40, environment="e" * 64,
        records=tuple(rows),
    )  # fmt: skip


def judged(n, rows):
    return f.GatesJudged(n=n, product="7" * 40, environment="e" * 64, records=tuple(rows))

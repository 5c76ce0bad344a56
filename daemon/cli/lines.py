"""A fact as one line of a log."""

from policy.mission.attempts import AttemptEnded, AttemptInterrupted, AttemptStarted
from policy.mission.facts import (
    CandidateBuilt,
    CandidateConflicted,
    Fact,
    FailureClassified,
    GatesJudged,
    Landed,
    LandingMissed,
    LandingStarted,
    MissionClosed,
    MissionOpened,
    MissionTaken,
    RepairEnded,
    Reverted,
    RevertMissed,
    RevertStarted,
    TargetJudged,
    TargetJudging,
    TargetRan,
)
from policy.mission.persons import (
    PermissionsSeen,
    PersonAnswered,
    PersonAsked,
    RequestWithdrawn,
)
from policy.mission.record import Recorded

_SHORT = 12
_CAUSE = {
    "daemon_died": "the daemon died",
    "daemon_stopped": "the daemon stopped it",
    "builder_killed": "the builder was killed",
    "resource": "the host was short of something",
}


def line_of(record: Recorded) -> str:
    """Return when, which mission, what."""
    kind = record.fact.kind.replace("-", " ")
    return f"{record.at}  {record.mission:<10}  {kind}: {_said(record.fact)}"


def _said(fact: Fact) -> str:
    match fact:
        case MissionOpened(title=title, base=base):
            return f"{title} (on {base[:_SHORT]})"
        case MissionTaken(was=was, why=why):
            return f"from {was}: {why}"
        case AttemptStarted(n=n, builder=builder, start=start, named=level):
            at = f" at level {level.name}" if level is not None else ""
            return f"{n}, {builder}{at} on {start[:_SHORT]}"
        case AttemptInterrupted(n=n, cause=cause):
            return f"{n}, {_CAUSE[cause]}"
        case AttemptEnded(n=n, ending=ending, stat=stat):
            return f"{n}, {ending.kind}, {stat.files} files and {stat.lines} lines changed"
        case FailureClassified(failure=failure, origin=origin, why=why):
            return f"{failure} (origin {origin}): {why}"
        case CandidateBuilt(candidate=candidate):
            return f"{candidate.commit[:_SHORT]} on {candidate.base[:_SHORT]}"
        case CandidateConflicted(base=base, paths=paths):
            return f"with {base[:_SHORT]} in {', '.join(paths)}"
        case GatesJudged(records=records):
            return ", ".join(f"{one.gate} {one.verdict.kind}" for one in records)
        case LandingStarted(landed=landed, base=base):
            return f"{landed[:_SHORT]} on {base[:_SHORT]}"
        case LandingMissed(was=was, found=found):
            return f"the target was {was[:_SHORT]} and is {found[:_SHORT]}"
        case Landed(commit=commit):
            return commit
        case TargetJudging(commit=commit, run=run, gates=gates):
            return f"{commit[:_SHORT]}, run {run} of {', '.join(gates)}"
        case TargetRan(records=records, run=run):
            return f"run {run}, " + ", ".join(f"{one.gate} {one.verdict.kind}" for one in records)
        case RepairEnded(why=why):
            return why
        case RevertStarted(commit=commit, reverts=reverts):
            return f"{commit[:_SHORT]} of {reverts[:_SHORT]}"
        case RevertMissed(was=was, found=found):
            return f"the target was {was[:_SHORT]} and is {found[:_SHORT]}"
        case Reverted(commit=commit):
            return commit
        case TargetJudged(verdict=verdict, commit=commit):
            return f"{verdict} at {commit[:_SHORT]}"
        case PersonAsked(outcome=outcome, why=why):
            return f"{outcome}: {why}"
        case PermissionsSeen(seen=seen):
            return ", ".join(f"{one.path} in {one.commit[:_SHORT]}" for one in seen)
        case PersonAnswered(answer=answer, principal=principal, commit=commit):
            return f"{answer} of {principal or 'somebody'} in {commit[:_SHORT]}"
        case RequestWithdrawn(request=request, why=why):
            return f"{request}: {why}"
        case MissionClosed(outcome=outcome, reason=reason, why=why):
            return f"{outcome}, {reason}{f': {why}' if why else ''}"

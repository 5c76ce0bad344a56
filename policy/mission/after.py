"""How facts move a mission on once it has landed: judged, mended, reverted, judged again.

What is red stays red until a judgement of the target says otherwise, whoever mended it.
"""

from policy.canonical import digest
from policy.gates.verdict import Failed, Passed, Record
from policy.mission import states
from policy.mission.facts import (
    AttemptStarted,
    FailureClassified,
    Landed,
    Reverted,
    RevertStarted,
    TargetJudged,
    TargetJudging,
    TargetRan,
)
from policy.mission.states import (
    Building,
    Built,
    Grounds,
    History,
    Judged,
    Judgement,
    Landing,
    OnTarget,
    Opened,
    Proposed,
    Repairing,
    Reverting,
    Setback,
    Settled,
)


def barring(run: TargetRan) -> Record | None:
    """Return what bars in *run*; a run that heard nothing bars with nothing to show."""
    return next((one for one in run.records if not isinstance(one.verdict, Passed)), None)


def passed(run: TargetRan) -> bool:
    return bool(run.records) and barring(run) is None


def landed(state: Landing, fact: Landed) -> OnTarget:
    mended = state.history.repairing
    grounds = Grounds(
        attempt=state.attempt,
        candidate=state.candidate,
        judged=state.judged,
        landed=fact,
        good=mended.grounds.good if mended else state.candidate.base,
    )
    history = _but(state.history, repairing=None)
    return OnTarget(history=history, grounds=grounds, commit=fact.commit, tree=fact.tree)


def may_judge(state: OnTarget | Settled, fact: TargetJudging) -> bool:
    """Return whether this is the next run on the same commit, or the first on any."""
    if isinstance(state, Settled):
        return state.red and fact.run == 1
    return fact.commit == state.commit and fact.run == len(state.runs) + 1


def judging(state: OnTarget | Settled, fact: TargetJudging) -> OnTarget:
    return OnTarget(
        history=state.history,
        grounds=state.grounds,
        commit=fact.commit,
        tree=fact.tree,
        judging=fact,
        runs=state.runs if isinstance(state, OnTarget) else (),
    )


def was_asked(state: OnTarget, fact: TargetRan) -> bool:
    asked = state.judging
    next_run = fact.run == len(state.runs) + 1
    return asked is not None and next_run and (asked.commit, asked.run) == (fact.commit, fact.run)


def settled(state: OnTarget, fact: TargetJudged, at: str) -> Settled:
    history, judgement = state.history, Judgement(target=fact, runs=state.runs, at=at)
    grounds = state.grounds
    if fact.verdict == "failed":
        setback = _setback(state)
        history = _but(history, setback=setback, failures=(*history.failures, setback.failure))
        grounds = grounds.model_copy(update={"red": setback.failure.failure})
    return Settled(history=history, grounds=grounds, judgement=judgement)


def _setback(state: OnTarget) -> Setback:
    heard = [barring(run) for run in reversed(state.runs)]
    first = next((one for one in heard if one and isinstance(one.verdict, Failed)), None)
    if first is None or not isinstance(first.verdict, Failed):
        raise ValueError(f"{state.history.mission}: judged failed, and no gate failed")
    found = FailureClassified(
        n=state.grounds.attempt.started.n,
        failure=first.verdict.failure,
        origin="item",
        stage="gate",
        why=f"after landing, gate {first.gate}: {first.verdict.why}",
        digest=digest([first.verdict.failure, *sorted(first.new)]),
    )
    return Setback(failure=found, gate=first.gate, tests=first.new)


def may_repair(state: Settled, fact: AttemptStarted) -> bool:
    on_landing = state.judgement.target.commit == state.grounds.landed.commit
    return state.red and on_landing and fact.n == state.history.next_attempt


def repairing(state: Settled, fact: AttemptStarted) -> Building:
    repair = Repairing(grounds=state.grounds, judgement=state.judgement)
    history = _but(state.history, repairing=repair, repairs=state.history.repairs + 1)
    return Building(history=history, started=fact)


def red_again(state: Opened | Built | Proposed | Judged | states.Failed, was: Repairing) -> Settled:
    history = _but(state.history, repairing=None)
    return Settled(history=history, grounds=was.grounds, judgement=was.judgement)


def is_undone(state: Settled) -> bool:
    """Return whether the target is green without the landing: reverted, or by somebody's commit."""
    elsewhere = state.judgement.target.commit != state.grounds.landed.commit
    return not state.red and (elsewhere or state.grounds.reverted is not None)


def may_revert(state: Settled, fact: RevertStarted) -> bool:
    return (
        state.red
        and state.grounds.reverted is None
        and fact.reverts == fact.base == state.grounds.landed.commit
    )


def reverting(state: Settled, fact: RevertStarted) -> Reverting:
    return Reverting(
        history=state.history, grounds=state.grounds, judgement=state.judgement, revert=fact
    )


def missed(state: Reverting) -> Settled:
    return Settled(history=state.history, grounds=state.grounds, judgement=state.judgement)


def reverted(state: Reverting, fact: Reverted) -> OnTarget:
    grounds = state.grounds.model_copy(update={"reverted": fact})
    return OnTarget(history=state.history, grounds=grounds, commit=fact.commit, tree=fact.tree)


def _but(history: History, **changes: object) -> History:
    return history.model_copy(update=changes)

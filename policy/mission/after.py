"""How facts move a mission on once it has landed: judged, mended, reverted, judged again.

What is red stays red until a judgement of the target says otherwise, whoever mended it.
"""

from typing import Literal

from policy.canonical import digest
from policy.gates.verdict import Failed, Passed, Record
from policy.ids import CommitId, Digest, GateName
from policy.mission import states
from policy.mission.attempts import AttemptStarted
from policy.mission.facts import (
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
    Parent,
    Proposed,
    Repairing,
    Reverting,
    Setback,
    Settled,
)
from policy.rules.gates import BUILT_IN_GATES


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
        good=_good(state.candidate.base, mended),
        waived=_waived(state),
    )
    history = _but(state.history, repairing=None)
    return OnTarget(history=history, grounds=grounds, commit=fact.commit, tree=fact.tree)


def _good(base: CommitId, mended: Repairing | None) -> CommitId:
    """Return what is before this landing; before those in a row where it mends one of its own."""
    on_its_own = mended is not None and base == mended.grounds.landed.commit
    return mended.grounds.good if mended is not None and on_its_own else base


def doubtful(runs: tuple[TargetRan, ...]) -> tuple[tuple[GateName, Digest], ...]:
    """Return the policy's gates that failed in *runs*: they may have failed before the landing.

    Built-in gates speak of the mission's own change and tests, of which its parent has nothing.
    """
    failed = (
        (one.gate, one.definition)
        for run in runs
        for one in run.records
        if isinstance(one.verdict, Failed) and one.gate not in BUILT_IN_GATES
    )
    return tuple(dict.fromkeys(failed))


def may_judge(state: OnTarget | Settled, fact: TargetJudging) -> bool:
    """Return whether this is the next run on the same commit, or the first on any."""
    if isinstance(state, Settled):
        return state.red and fact.run == 1
    if _is_of_parent(state, fact):
        return state.parent is None and fact.run == 1 and bool(doubtful(state.runs))
    return fact.commit == state.commit and fact.run == len(state.runs) + 1


def _is_of_parent(state: OnTarget, fact: TargetJudging | TargetRan) -> bool:
    return fact.commit == state.grounds.good and state.commit == state.grounds.landed.commit


def judging(state: OnTarget | Settled, fact: TargetJudging) -> OnTarget:
    if isinstance(state, OnTarget):
        return state.model_copy(update={"judging": fact})
    return OnTarget(
        history=state.history,
        grounds=state.grounds,
        commit=fact.commit,
        tree=fact.tree,
        judging=fact,
    )


def was_asked(state: OnTarget, fact: TargetRan) -> bool:
    asked = state.judging
    if asked is None or (asked.commit, asked.run) != (fact.commit, fact.run):
        return False
    if _is_of_parent(state, fact):
        return state.parent is None
    return fact.run == len(state.runs) + 1


def ran(state: OnTarget, fact: TargetRan) -> OnTarget:
    if _is_of_parent(state, fact):
        return state.model_copy(update={"parent": fact})
    return state.model_copy(update={"runs": (*state.runs, fact)})


def settled(state: OnTarget, fact: TargetJudged, at: str) -> Settled:
    item = state.judging.item if state.judging is not None else None
    history = state.history
    judgement = Judgement(target=fact, runs=state.runs, at=at, item=item)
    grounds = state.grounds
    if state.commit == grounds.landed.commit:
        grounds = grounds.model_copy(update={"parent": _parent(state, at)})
    if fact.verdict == "failed" and not is_red_without(grounds):
        setback = _setback(state)
        history = _but(history, setback=setback, failures=(*history.failures, setback.failure))
        grounds = grounds.model_copy(update={"red": setback.failure.failure})
    return Settled(history=history, grounds=grounds, judgement=judgement)


def is_red_without(grounds: Grounds) -> bool:
    """Return whether nobody can say that the target was green before the landing."""
    return grounds.parent is not None and grounds.parent.verdict != "passed"


def _parent(state: OnTarget, at: str) -> Parent | None:
    """Return what is known of the parent: green only where each gate that failed held there."""
    ran = state.parent
    if ran is None:
        return None
    held = {(one.gate, one.definition) for one in ran.records if isinstance(one.verdict, Passed)}
    bars = barring(ran)
    verdict: Literal["passed", "failed", "broken"] = "broken"
    why = "the gates or the host are not what they were"
    if bars is not None and not isinstance(bars.verdict, Passed):
        why = f"gate {bars.gate}: {bars.verdict.why}"
        verdict = "failed" if isinstance(bars.verdict, Failed) else "broken"
    elif held.issuperset(doubtful(state.runs)) and ran.environment == state.runs[-1].environment:
        verdict, why = "passed", ""
    return Parent(commit=ran.commit, verdict=verdict, why=why, at=at)


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


def _waived(state: Landing) -> tuple[GateName, ...]:
    used = (
        one.answered
        for one in state.history.decisions
        if one.answered.permission in state.landing.permissions
    )
    return tuple(dict.fromkeys(gate for one in used for gate in one.gates))


def _but(history: History, **changes: object) -> History:
    return history.model_copy(update=changes)

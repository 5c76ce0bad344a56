"""What to do once a mission has landed: judge the target, and what a red one leads to (DESIGN 8.7).

    not judged   adopt, or run; what bars is run again: a pass among them is flaky
    red          ask the commit before the landing as well: red there, it is not this landing's
    red since    mend it once, put the last good tree back, or freeze; as policy allows
    somebody built on it   nothing is undone: what they made is judged, and ends the freeze if green

The order matters: a target somebody has built on is never reverted, and a broken gate, which says
nothing of the tree, leads to neither repair nor revert. Nothing is laid to a landing before it is
known that the gates which fail it held without it.
"""

from typing import Literal

from policy import backoff
from policy.change import NO_CHANGE
from policy.gates.verdict import Broken, Passed
from policy.ids import Digest, GateName
from policy.mission.actions import (
    Action,
    AskTarget,
    BuildRevert,
    Close,
    EndRepair,
    JudgeTarget,
    MissRevert,
    MoveBack,
    RecordRevert,
    RunTarget,
)
from policy.mission.after import barring, doubtful, is_red_without, passed
from policy.mission.begin import next_attempt
from policy.mission.budget import over_budget
from policy.mission.facts import (
    MissionClosed,
    RepairEnded,
    RevertMissed,
    TargetJudged,
    TargetJudging,
    TargetRan,
)
from policy.mission.hold import frozen, held_back, may_land, resting
from policy.mission.red import red, said_of
from policy.mission.states import OnTarget, Reverting, Settled
from policy.mission.totals import totals
from policy.mission.world import Cancelled, NotLanded, OnTip, Unreadable, World
from policy.rules.failures import FailureClass
from policy.rules.outcomes import Reason, reason_for

Conclusion = Literal["passed", "failed", "broken", "flaky"]


def on_target(mission: OnTarget, world: World) -> Action:
    """Return how the target is judged next, or what it is judged to be."""
    if not mission.runs and _adopted(mission, world):
        return _judge(mission, "passed", "adopted")
    verdict = conclusion(mission.runs, world.policy.after_landing.reruns)
    if verdict == "failed" and mission.commit == mission.grounds.landed.commit:
        return _laid(mission, world)
    if verdict is not None:
        return _judge(mission, verdict, "ran")
    judging = TargetJudging(
        commit=mission.commit,
        tree=mission.tree,
        run=len(mission.runs) + 1,
        gates=tuple(gate for gate, _ in _wanted(mission, world)),
        item=mission.judging.item if mission.judging is not None else None,
    )
    return _asked(mission, judging, world)


def _asked(mission: OnTarget, judging: TargetJudging, world: World) -> Action:
    if mission.judging != judging:
        return held_back(AskTarget(judging=judging), world)
    return held_back(RunTarget(grounds=mission.grounds, judging=judging), world)


def _laid(mission: OnTarget, world: World) -> Action:
    """Return the judgement of a landing that fails, once its parent was asked by the same gates."""
    gates = doubtful(mission.runs)
    if mission.parent is not None or not gates:
        return _judge(mission, "failed", "ran")
    here = mission.runs[-1].environment == world.call.environment
    if not here or not world.after or not set(gates) <= set(world.after):
        return _judge(mission, "broken", "ran")  # it is asked anew, by the gates there are now
    judging = TargetJudging(
        commit=mission.grounds.good,
        tree=world.good_tree,
        run=1,
        gates=tuple(dict.fromkeys(gate for gate, _ in gates)),
    )
    return _asked(mission, judging, world)


def conclusion(runs: tuple[TargetRan, ...], reruns: int) -> Conclusion | None:
    """Return what *runs* come to, None while it takes another."""
    if not runs:
        return None
    if passed(runs[-1]):
        return "passed" if all(map(passed, runs)) else "flaky"
    if len(runs) <= reruns:
        return None
    bars = [record for run in runs if (record := barring(run)) is not None]
    failed = any(not isinstance(record.verdict, Broken) for record in bars)
    return "failed" if failed else "broken"


def _judge(
    mission: OnTarget, verdict: Conclusion, source: Literal["ran", "adopted"]
) -> JudgeTarget:
    judged = TargetJudged(commit=mission.commit, tree=mission.tree, verdict=verdict, source=source)
    return JudgeTarget(judged=judged)


def _adopted(mission: OnTarget, world: World) -> bool:
    """Return whether every gate has passed exactly this: product, definition, environment.

    On a commit that is not the landing only what no gate has anything to say of is adopted.
    """
    grounds = mission.grounds
    if mission.commit != grounds.landed.commit:
        return not world.after
    wanted = _wanted(mission, world)
    if not wanted:
        return bool(world.after)
    here = grounds.judged.environment == world.call.environment
    heard = {
        (one.gate, one.definition)
        for one in grounds.judged.records
        if isinstance(one.verdict, Passed)
    }
    return here and set(wanted) <= heard


def _wanted(mission: OnTarget, world: World) -> tuple[tuple[GateName, Digest], ...]:
    """Return what judges the target at the mission's commit: of its landing no waived gate."""
    if mission.commit != mission.grounds.landed.commit:
        return world.after
    return tuple(row for row in world.after if row[0] not in mission.grounds.waived)


def settled(mission: Settled, world: World) -> Action:
    """Return the mission's end, or what is done about a red target."""
    if not mission.red:
        return Close(closed=_closed(mission, world))
    doubt = frozen(world)
    if doubt is not None:
        return doubt
    return _anew(mission, world) or _mend(mission, world) or red(mission)


def _anew(mission: Settled, world: World) -> Action | None:
    """Return another judgement where the target, the gates or the host are different now."""
    target, runs = mission.judgement.target, mission.judgement.runs
    moved = world.target != target.commit
    last = runs[-1] if runs else None
    asked = last is not None and {(one.gate, one.definition) for one in last.records}
    elsewhere = last is None or last.environment != world.call.environment
    otherwise = not asked or not asked <= set(world.after) or _unasked(mission)
    if not moved and not elsewhere and not otherwise:
        parent = mission.grounds.parent
        if target.verdict != "broken" and (parent is None or parent.verdict != "broken"):
            return None
        wait_s = world.policy.selection.environment_backoff_s
        until = backoff.until(mission.judgement.at, wait_s, doubled=0)
        if world.now < until:
            return resting(world) or red(mission).model_copy(update={"until": until})
    judging = TargetJudging(
        commit=world.target,
        tree=world.target_tree,
        run=1,
        gates=tuple(gate for gate, _ in world.after),
        item=_item(mission, world),
    )
    return held_back(AskTarget(judging=judging), world)


def _unasked(mission: Settled) -> bool:
    """Return whether it was laid to the landing unasked, as an earlier release did."""
    target, grounds = mission.judgement.target, mission.grounds
    of_landing = target.verdict == "failed" and target.commit == grounds.landed.commit
    return of_landing and grounds.parent is None and bool(doubtful(mission.judgement.runs))


def _mend(mission: Settled, world: World) -> Action | None:
    """Return a repair or a revert of a landing that is red and that nobody has built on."""
    grounds, rules = mission.grounds, world.policy.after_landing
    of_landing = mission.judgement.target.commit == grounds.landed.commit
    if mission.judgement.target.verdict != "failed" or not of_landing or grounds.reverted:
        return None
    if is_red_without(grounds):
        return None
    can = not world.call.deterministic and over_budget(mission.history, world.policy) is None
    if can and mission.history.repairs < rules.repair:
        return held_back(next_attempt(mission.history, world), world)
    return may_land(BuildRevert(grounds=grounds), world) if rules.revert else None


def reverting(mission: Reverting, world: World) -> Action:
    match world.sighting:
        case OnTip():
            return RecordRevert(revert=mission.revert)
        case NotLanded():
            was = mission.revert.base
            if world.target != was:
                return MissRevert(missed=RevertMissed(was=was, found=world.target))
            return may_land(MoveBack(revert=mission.revert), world)


def given_up(why: str) -> EndRepair:
    return EndRepair(ended=RepairEnded(why=why))


def _closed(mission: Settled, world: World) -> MissionClosed:
    grounds, target = mission.grounds, mission.judgement.target
    if grounds.reverted is not None:
        return _blocked(mission, "its landing was judged red, and was reverted")
    if target.commit != grounds.landed.commit and not _stands(world):
        red_before = is_red_without(grounds)
        red = "the target was red before it landed" if red_before else "its landing was judged red"
        return _blocked(mission, f"{red}, and a person took it back")
    satisfied = grounds.candidate.change == NO_CHANGE and mission.history.repairs == 0
    return MissionClosed(
        outcome="PASS",
        reason=Reason.ALREADY_SATISFIED if satisfied else Reason.LANDED,
        failure=None,
        why=_passed(mission, satisfied=satisfied),
        counts=totals(mission.history),
    )


def _item(mission: Settled, world: World) -> Literal["done", "not_done"] | None:
    if world.target == mission.grounds.landed.commit or isinstance(world.wish, Unreadable):
        return None
    return "done" if _stands(world) else "not_done"


def _stands(world: World) -> bool:
    return isinstance(world.wish, Cancelled) and world.wish.status == "done"


def _passed(mission: Settled, *, satisfied: bool) -> str:
    said = "the target had this change already" if satisfied else _landed(mission)
    if mission.judgement.target.verdict == "flaky":
        bad = sum(not passed(run) for run in mission.judgement.runs)
        return (
            f"{said}; FLAKY: on the same tree {bad} of {len(mission.judgement.runs)} runs after "
            f"landing barred ({said_of(mission)})"
        )
    if mission.judgement.target.commit != mission.grounds.landed.commit:
        return f"{said}; red at first, green again with what was committed since"
    return f"{said}; mended after landing" if mission.history.repairs else said


def _landed(mission: Settled) -> str:
    records = mission.grounds.judged.records
    barring = {one.gate for one in records if one.verdict.kind != "passed"}
    by = {
        gate: one.answered.principal or "nobody who signed"
        for one in mission.history.decisions
        for gate in one.answered.gates
        if gate in barring
    }
    if not by:
        return "every gate passed; landed"
    return f"landed; waived: {', '.join(f'{gate} by {who}' for gate, who in by.items())}"


def _blocked(mission: Settled, why: str) -> MissionClosed:
    failure = mission.grounds.red or FailureClass.ENVIRONMENT_ERROR
    return MissionClosed(
        outcome="BLOCKED",
        reason=reason_for(failure, "gate"),
        failure=failure,
        why=why,
        counts=totals(mission.history),
    )

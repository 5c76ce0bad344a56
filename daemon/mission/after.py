"""After a landing: the gates on the target as a deed, what is concluded, and the revert."""

import threading
from dataclasses import dataclass, replace

from daemon.gates.case import Case
from daemon.log import get_logger
from daemon.mission.draft import Draft, Outcome
from daemon.mission.judge import asked, case_of
from daemon.mission.land import IntegrityError, look_at_landed, move
from daemon.site import Site
from daemon.view import View
from gitops.commits import tree_of
from gitops.landing.candidate import product_of
from gitops.landing.land import Moved, doubt_of
from gitops.landing.landed import LandedCommit
from gitops.landing.move import Missed
from gitops.landing.reverting import Revert, build_revert
from gitops.tree.diff import entries_between
from policy.mission.actions import (
    BuildRevert,
    JudgeCandidate,
    JudgeTarget,
    MoveBack,
    MoveTarget,
    RecordLanding,
    RecordRevert,
    RunTarget,
)
from policy.mission.facts import (
    Landed,
    Reverted,
    RevertMissed,
    RevertStarted,
    TargetJudging,
    TargetRan,
)
from policy.mission.steps import step_id
from policy.mission.world import Held

_log = get_logger()


def target_case(draft: Draft, view: View, action: RunTarget) -> Case:
    """Return what is judged: the target at a commit, beside the last good tree, by named gates.

    The commit before a landing is asked now, whatever was heard before: what is to be known is
    whether it is the landing that makes the difference, or the host has become another.
    """
    grounds, judging, store = action.grounds, action.judging, view.site.store
    of_landing = JudgeCandidate(
        attempt=grounds.attempt, candidate=grounds.candidate, required=judging.gates
    )
    case = case_of(draft, view, of_landing)
    product = product_of(store, judging.tree)
    candidate = grounds.candidate.model_copy(
        update={"commit": judging.commit, "tree": judging.tree, "product": product}
    )
    return replace(
        case,
        candidate=candidate,
        base=product_of(store, tree_of(store, grounds.candidate.base)),
        earlier=() if judging.commit == grounds.good else case.earlier,
        folder=f"after/{1 + sum(isinstance(one.fact, TargetRan) for one in draft.records)}",
    )


def judge_target(site: Site, case: Case, judging: TargetJudging, stop: threading.Event) -> Outcome:
    """Return `target-ran` with its evidence; nothing where the daemon stops meanwhile."""
    found = asked(site, case, stop)
    if found is None:
        return Outcome(())
    said, evidence = found
    ran = TargetRan(
        commit=judging.commit,
        run=judging.run,
        product=case.candidate.product,
        environment=said.environment,
        records=said.records,
    )
    return Outcome((ran,), evidence)


def conclude(draft: Draft, action: JudgeTarget) -> Outcome:
    """Return the judgement; whoever reads the log is told of what is not plainly green."""
    judged = action.judged
    if judged.verdict != "passed":
        _log.warning(
            "the target after landing", mission=draft.mission, verdict=judged.verdict,
            commit=judged.commit,
        )  # fmt: skip
    return Outcome((judged,))


def build_back(draft: Draft, view: View, action: BuildRevert) -> Outcome:
    """Return the intent to put the last good tree back; its commit is in the step's pack."""
    if draft.tip is None:
        raise ValueError(f"{draft.mission} has no ledger commit that holds its judgement")
    store, landed, good = view.site.store, action.grounds.landed.commit, action.grounds.good
    tree = tree_of(store, good)
    step = step_id(
        draft.mission,
        stage="build",
        attempt=action.grounds.attempt.started.n,
        level=0,
        name="revert",
        inputs=(landed, good, draft.tip),
    )
    revert = Revert(
        mission=draft.mission,
        reverts=landed,
        good=good,
        tree=tree,
        step=step,
        gates=draft.tip,
        policy=view.policy().digest,
    )
    title = view.mission(draft).history.opened.title
    at = int(view.site.clock.now().timestamp())
    commit = build_revert(draft.batch, view.site.key, revert, title=title, at=at)
    draft.keep(commit.commit)
    started = RevertStarted(commit=commit.commit, base=landed, tree=tree, reverts=landed)
    return Outcome((started,))


Moving = MoveTarget | RecordLanding | MoveBack | RecordRevert
"""Whatever moves the target: to a landing, or to the revert of one."""


@dataclass(frozen=True)
class Intended:
    """The commit the target is to be moved to, and what is recorded once it has been."""

    commit: LandedCommit
    outcome: Outcome


def look_at(draft: Draft, view: View, action: MoveTarget | MoveBack) -> Intended:
    """Return what is intended; raise `IntegrityError` where it is not what was recorded."""
    match action:
        case MoveTarget(landing=landing):
            look_at_landed(draft, view, landing)
            commit = LandedCommit(landing.landed, landing.base, landing.tree)
            return Intended(commit, Outcome((Landed(commit=landing.landed, tree=landing.tree),)))
        case MoveBack(revert=revert):
            commit = LandedCommit(revert.commit, revert.base, revert.tree)
            doubt = doubt_of(view.site.store, commit, _undone(view, revert))
            if doubt is not None:
                raise IntegrityError(doubt.why)
            return Intended(commit, Outcome((Reverted(commit=revert.commit, tree=revert.tree),)))


def _undone(view: View, revert: RevertStarted) -> frozenset[str]:
    store = view.site.store
    entries = entries_between(store, tree_of(store, revert.base), revert.tree)
    return frozenset(entry.path for entry in entries)


def move_back(draft: Draft, view: View, action: MoveBack | RecordRevert) -> Outcome | Held:
    """Move the target to the revert, or find that it was moved. Raises as a landing does."""
    revert = action.revert
    commit = LandedCommit(revert.commit, revert.base, revert.tree)
    match move(draft, view, commit, _undone(view, revert), "revert"):
        case Moved():
            return Outcome((Reverted(commit=revert.commit, tree=revert.tree),))
        case Missed(found=found):
            return Outcome((RevertMissed(was=revert.base, found=found or revert.base),))
        case Held() as held:
            return held

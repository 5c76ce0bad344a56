"""From where the next attempt goes on: the target, a person's commit, or the mission's own work.

Only looks: what a look makes of objects is in a batch that nobody saves.
"""

from gitops.commits import tree_of
from gitops.landing.carrying import CarriedOver, carry_over, patch_of
from gitops.landing.merge import Conflicted
from gitops.landing.work import Elsewhere, OnTop, OurOwn, person_tip
from gitops.objects import Batch
from gitops.repository import Store
from policy.ids import CommitId, TreeId
from policy.mission.begin import continues
from policy.mission.states import Failed, History, Mission, OnTarget, Opened
from policy.mission.world import (
    Anew,
    BuilderCall,
    FromOwnWork,
    FromPerson,
    FromTarget,
    Start,
)
from policy.rules.model import Policy


def good_tree(store: Store, mission: Mission, target: TreeId) -> TreeId:
    """Return the tree *mission* has landed on; *target* where nothing is to be judged of it."""
    return tree_of(store, mission.grounds.good) if isinstance(mission, OnTarget) else target


def start_of(
    store: Store, mission: Mission, call: BuilderCall, policy: Policy, target: CommitId
) -> Start:
    """Return where the next attempt of *mission* starts; only states that may begin one ask."""
    history = mission.history
    if not isinstance(mission, Opened | Failed) or not history.attempts:
        return FromTarget()
    match person_tip(store, history.mission, history.checkpoints):
        case OnTop(commit=commit, tree=tree):
            return FromPerson(commit=commit, tree=tree)
        case OurOwn() if continues(history, policy, call):
            return _own_work(store, history, policy, target)
        case OurOwn() | Elsewhere():
            return FromTarget()


def _own_work(store: Store, history: History, policy: Policy, target: CommitId) -> Start:
    last = history.attempts[-1]
    if last.ended.tree is None:
        return FromTarget()
    match carried(store, Batch(store), history, target):
        case CarriedOver(commit=commit, tree=tree, base=base):
            return FromOwnWork(commit=commit, tree=tree, base=base)
        case Conflicted():
            most = policy.feedback.patch_bytes
            patch, size = patch_of(store, last.started.base, last.ended.tree, most)
            return Anew(patch=patch, patch_bytes=size)


def carried(
    store: Store, batch: Batch, history: History, target: CommitId
) -> CarriedOver | Conflicted:
    """Return the last attempt's work on *target*; what is made is in *batch*.

    Raises `ValueError` where the attempt left none.
    """
    last = history.attempts[-1]
    if last.ended.checkpoint is None or last.ended.tree is None:
        raise ValueError(f"{history.mission}: attempt {last.started.n} left nothing to carry over")
    return carry_over(
        store,
        batch,
        mission=history.mission,
        base=last.started.base,
        checkpoint=last.ended.checkpoint,
        work=last.ended.tree,
        tip=target,
    )

"""Whether attempts lead anywhere: by the trees that gates have judged and failed (P-10).

An attempt that left no change is of another kind: it has no tree of its own to compare, and a class
of failure, `no_changes`, whose route governs it. What failed by no fault of the item says nothing.
"""

from dataclasses import dataclass
from itertools import islice

from policy.ids import TreeId
from policy.mission.states import History
from policy.rules.failures import FailureClass
from policy.rules.outcomes import Reason
from policy.rules.progress import Progress, Then


@dataclass(frozen=True)
class Stuck:
    """Attempts lead nowhere: *why* says how it is known, *then* what that leads to at the end."""

    reason: Reason
    why: str
    then: Then


def stuck(history: History, rules: Progress) -> Stuck | None:
    """Return why another attempt of the same kind is in vain, None where it may not be."""
    judged = judged_trees(history)
    if not judged or judged[-1][0] != len(history.attempts):
        return None  # the last attempt has not come as far as the gates
    trees = [tree for _, tree in judged]
    return _the_same(trees, rules) or _to_and_fro(trees, rules)


def judged_trees(history: History) -> list[tuple[int, TreeId]]:
    """Return number and tree of each attempt that gates have failed, oldest first."""
    failed = {
        one.n
        for one in history.failures
        if one.stage == "gate"
        and one.origin == "item"
        and one.failure is not FailureClass.MERGE_CONFLICT
    }
    return [
        (past.started.n, past.ended.tree)
        for past in history.attempts
        if past.started.n in failed and past.ended.tree is not None
    ]


def _the_same(trees: list[TreeId], rules: Progress) -> Stuck | None:
    rule = rules.no_progress
    if rule is None or len(trees) <= rule.lookback:
        return None
    if len(set(trees[-rule.lookback - 1 :])) > 1:
        return None
    why = (
        f"{rule.lookback + 1} attempts in a row left the same tree {trees[-1][:12]}, which the "
        f"gates fail (progress.no_progress.lookback: {rule.lookback})"
    )
    return Stuck(Reason.NO_PROGRESS, why, rule.then)


def _to_and_fro(trees: list[TreeId], rules: Progress) -> Stuck | None:
    rule = rules.oscillation
    if rule is None or len(trees) < 2 or trees[-1] == trees[-2]:  # noqa: PLR2004  # a pair
        return None
    if trees[-1] not in islice(reversed(trees), 1, rule.window):
        return None
    why = (
        f"the last attempt came back to the tree {trees[-1][:12]}, which the gates fail "
        f"(progress.oscillation.window: {rule.window})"
    )
    return Stuck(Reason.OSCILLATION, why, rule.then)

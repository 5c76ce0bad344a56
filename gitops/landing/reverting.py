"""The revert of a landing: one signed commit on top of it whose tree is the last good one.

It undoes nothing else: it is built on the landing itself, so it exists only while nobody has built
on that. Its trailers are not those of a landing, so no reader takes it for one.
"""

from dataclasses import dataclass

from gitops.landing.landed import LandedCommit
from gitops.objects import Batch
from gitops.signing import DaemonKey, signed_commit
from policy.ids import CommitId, MissionId, PolicyDigest, StepId, TreeId


@dataclass(frozen=True)
class Revert:
    """What a revert says of itself. *good* is the commit whose tree it puts back."""

    mission: MissionId
    reverts: CommitId
    good: CommitId
    tree: TreeId
    step: StepId
    gates: CommitId
    """The ledger commit that holds the judgement."""
    policy: PolicyDigest


def build_revert(
    batch: Batch, key: DaemonKey, revert: Revert, *, title: str, at: int
) -> LandedCommit:
    """Add the commit to *batch*; *at* is in seconds since 1970."""
    subject = " ".join(title.split()) or f"mission {revert.mission}"
    rows = [
        ("Pawl-Reverts", revert.reverts),
        ("Pawl-Mission", revert.mission),
        ("Pawl-Step", revert.step),
        ("Pawl-Tree", revert.tree),
        ("Pawl-Gates", revert.gates),
        ("Pawl-Policy", revert.policy),
    ]
    why = "The target was judged after it had landed, and is red: this is the tree of"
    trailers = "\n".join(f"{name}: {value}" for name, value in rows)
    message = f'Revert "{subject}"\n\n{why}\n{revert.good} again.\n\n{trailers}'
    raw = signed_commit(key, revert.tree, (revert.reverts,), message, at)
    return LandedCommit(batch.commit(raw), revert.reverts, revert.tree)

"""What freezes: sentences for the daemon, and for whoever asks before it has run.

Comparing is done where the repository can be read; what a difference means is said here once.
"""

from policy.ids import CommitId, RefName
from policy.mission.world import Frozen, Integrity, Sound
from policy.rules.model import Policy


def of_policy(policy: Policy, target: RefName) -> Integrity:
    """Tell whether *policy* is that of the branch that is served."""
    if f"refs/heads/{policy.target}" == target:
        return Sound()
    return Frozen(
        why=f".pawl/policy.yaml names the target {policy.target}, but this repository was "
        f"introduced with {target}"
    )


def rewritten(ref: RefName, *, found: CommitId | None, seen: CommitId) -> Frozen:
    """Say that *ref* does not contain any more what it has held."""
    return Frozen(
        why=f"{ref} is at {found}, which does not contain {seen}, where it has been: it was "
        f"rewritten or rolled back; look at the history, then: pawl doctor --accept-tip {found}, "
        "or sign a permission of kind accept-rewrite (docs/permissions.md)"
    )


def rewritten_at_hub(ref: RefName, *, found: CommitId, seen: CommitId | None) -> Frozen:
    """Say that the hub's *ref* does not contain any more what it has held."""
    return Frozen(
        why=f"the hub's {ref} is at {found}, which does not contain {seen}, where it has been: it "
        "was rewritten or rolled back; look at the history; if it is right, put the branch here "
        f"to it and then: pawl doctor --accept-tip {found}"
    )


def ledger_moved(ref: RefName, *, found: CommitId | None, seen: CommitId) -> Frozen:
    """Say that the ledger was rewound, rewritten or deleted: nobody but the daemon moves it."""
    now = "is not there" if found is None else f"is at {found}, which does not contain {seen}"
    return Frozen(why=f"{ref} {now}; it has been at {seen}; {put_back(ref, seen)}")


def foreign_ledger(ref: RefName, *, found: CommitId, seen: CommitId | None, why: str) -> Frozen:
    """Say that nobody who is believed wrote the tip of the ledger."""
    then = not_ours(ref, found=found, seen=seen)
    return Frozen(why=f"{ref} is at {found}, which is not this daemon's: {why}; {then}")


def not_ours(ref: RefName, *, found: CommitId, seen: CommitId | None) -> str:
    """Return what a person does about a ledger whose tip nobody wrote who is believed."""
    if found != seen:
        return f"look at what was committed there, then {put_back(ref, seen)}"
    return (
        "it was seen there before, so whom to believe has changed: if another host of yours wrote "
        "it, or this daemon with a key it had and nobody else, add that key to `peers` in the "
        'trust file; if the key was stolen, begin anew: docs/operations.md, "The daemon\'s key"'
    )


def put_back(ref: RefName, seen: CommitId | None) -> str:
    """Return what a person does about a ref of the daemon's that somebody else moved."""
    if seen is None:
        return "put back what a clone has"
    return f"put it back: git update-ref {ref} {seen}"

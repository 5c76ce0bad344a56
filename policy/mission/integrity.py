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
        f"rewritten or rolled back; look at the history, then: pawl doctor --accept-tip {found}"
    )

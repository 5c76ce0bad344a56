"""The upkeep of a repository the daemon owns: refs packed, loose objects packed, history indexed.

Only git does these, each in a way that may be killed anywhere and that people's git may run beside.
Nothing reachable is ever removed, nor what is younger than the grace; what a step under way has
written lies in own packs, which git leaves alone (`packs.KEEP`).
"""

import os
from collections.abc import Callable, Iterator

from gitops.refs import MISSIONS, WORK, list_refs
from gitops.repository import Store
from policy.host import Upkeep

Stopped = Callable[[], bool]


def upkeep(store: Store, rules: Upkeep, stopped: Stopped) -> Iterator[str]:
    """Do what is due, one thing after the other; yield what was done, in words.

    Raises `GitError` for what git could not do, a lock in its way say: it is due again next time.
    """
    if not stopped() and _loose_refs(store) >= rules.loose_refs:
        # Not stopped half-way: its lock would be in the way of every deletion of a ref.
        store.git.run("pack-refs", "--all")
        yield "packed the refs"
    if not stopped() and _loose_objects(store) >= rules.loose_objects:
        store.git.run("repack", "-d", "-l", "-q", stopped=stopped)
        yield "packed the loose objects"
        if not stopped():
            store.git.run("prune", f"--expire={rules.grace_days}.days.ago", stopped=stopped)
            yield f"removed what nothing refers to for {rules.grace_days} days"
    if not stopped():
        store.git.run("commit-graph", "write", "--reachable", "--split", stopped=stopped)
        yield "brought the commit-graph up to date"


def _loose_refs(store: Store) -> int:
    """Return how many of the daemon's refs are files of their own, as closed work leaves them."""
    found = (ref for prefix in (MISSIONS, WORK) for ref in list_refs(store, prefix).refs)
    return sum((store.gitdir / ref).is_file() for ref in found)


def _loose_objects(store: Store) -> int:
    """Return about how many objects are files of their own: one folder of 256 is counted."""
    try:
        return 256 * len(os.listdir(store.gitdir / "objects" / "17"))  # noqa: PTH208  # names only
    except FileNotFoundError:
        return 0

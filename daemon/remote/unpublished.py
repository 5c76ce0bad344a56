"""What is recorded here and not at the hub yet, as changes of its refs."""

from collections.abc import Iterator

from daemon.remote.bring import Bringer, Brought, Refs
from daemon.site import Site
from gitops import refs
from gitops.observe import contains, follows
from gitops.remote import Change
from gitops.repository import Store
from policy.ids import MissionId


def unpublished(site: Site, bringer: Bringer, brought: Brought, seen: Refs) -> Iterator[Change]:
    """Yield the ledger's first commit, steps of our missions, their work branches, and leftovers.

    *seen* is what the hub had last, *brought* what came of bringing that here.
    """
    store = site.store
    ours = refs.read(store, refs.LEDGER)
    if refs.LEDGER not in seen and ours is not None:
        yield Change(refs.LEDGER, None, ours)
    for mission, tip in refs.list_missions(store).open.items():
        if mission in brought.foreign:
            continue
        there = seen.get(refs.mission_ref(mission))
        unnamed = there is None and bringer.owner(mission, tip) == site.instance.nodename
        if not bringer.owns(mission, tip) and not unnamed:
            continue
        if there != tip and (there is None or follows(store, tip, there)):
            yield Change(refs.mission_ref(mission), there, tip)
        yield from _work_branch(store, mission, seen)
    for mission, there in brought.leftovers.items():
        if bringer.owns(mission, there):
            yield Change(refs.mission_ref(mission), there, None)


def _work_branch(store: Store, mission: MissionId, seen: Refs) -> Iterator[Change]:
    ref = refs.work_ref(mission)
    ours, there = refs.read(store, ref), seen.get(ref)
    if ours is None or ours == there:
        return
    if there is None or contains(store, ours, there):
        yield Change(ref, there, ours)

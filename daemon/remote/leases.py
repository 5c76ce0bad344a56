"""Leases: refs at the hub by which hosts see of each other that they are there.

Whether a lease is fresh is told by our own monotonic clock: when did we see its ref change, not
what time does its commit name. Ours counts from before we asked to renew it, so it is over for us
before it can be over for anybody else.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gitops import refs
from gitops.objects import Batch
from gitops.remote import Change
from gitops.repository import Store
from gitops.signing import DaemonKey, signed_commit
from policy.ids import CommitId, RefName

_RENEWALS = 3
"""So often within its time a lease is renewed: two may be lost."""


@dataclass
class Leases:
    """*name* is this daemon's; *lease_s* how long a lease holds; times are monotonic seconds."""

    name: str
    lease_s: int
    _seen: dict[str, tuple[CommitId, float]] = field(default_factory=dict)
    """Host -> its lease, and when it was first seen as that."""
    _asked: dict[CommitId, float] = field(default_factory=dict)
    """Renewals of ours, and when they were asked for."""
    _held: float | None = None

    @property
    def ref(self) -> RefName:
        return refs.lease_ref(self.name)

    def renewal(
        self, store: Store, key: DaemonKey, hub: Mapping[RefName, CommitId], *, now: float, at: int
    ) -> Change | None:
        """Return how to renew ours, None while that is not due. *at*: seconds since 1970."""
        if self._held is not None and now - self._held < self.lease_s / _RENEWALS:
            return None
        batch = Batch(store)
        # The time of asking makes each renewal another commit, also twice in a second.
        message = f"{self.name} is here\n\nPawl-Lease: {self.lease_s} {now:.6f}"
        commit = batch.commit(signed_commit(key, batch.tree({}), (), message, at))
        batch.save()
        self._asked[commit] = now
        return Change(self.ref, hub.get(self.ref), commit)

    def saw(self, hub: Mapping[RefName, CommitId], *, now: float) -> bool:
        """Take what the hub had at *now*; return whether somebody else renews ours.

        *now* is when it was asked: what had not changed then has been as it is since it was seen.
        """
        for ref, commit in hub.items():
            if ref.startswith(refs.LEASES):
                host = ref.removeprefix(refs.LEASES)
                if self._seen.get(host, (None, now))[0] != commit:
                    self._seen[host] = (commit, now)
        own = hub.get(self.ref)
        if own in self._asked:
            self._held = self._asked[own]
            self._asked = {own: self._held}
            return False
        return own is not None and self._held is not None

    def others(self, hub: Mapping[RefName, CommitId]) -> bool:
        """Tell whether another host has a lease."""
        return any(ref.startswith(refs.LEASES) and ref != self.ref for ref in hub)

    def held(self, now: float) -> bool:
        """Tell whether nobody else can think yet that ours is over."""
        return self._held is not None and now - self._held < self.lease_s

    def age(self, host: str, now: float) -> float:
        """Return for how long *host* was not heard of, up to the fetch at *now*."""
        if host not in self._seen:
            self._seen[host] = (CommitId(""), now)
        return now - self._seen[host][1]

"""Which environments a mission runs in now, at one commit of the target.

Key files are read from the base. Only where the policy lets a mission change them do its gates run
in an environment made from its own; its builder and the base never do.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from daemon.environments.wanted import Asking, Wanted, furnish, wanted
from daemon.site import Site
from policy.backlog.item import BacklogItem
from policy.bus.operation import Furnished
from policy.furnishing import environment_digest, needed
from policy.gates.definition import commands
from policy.ids import Digest, TreeId
from policy.mission.world import Unprepared
from policy.rules.model import Policy


@dataclass(frozen=True)
class Furnishing:
    """Environments by name: over the base's key files, and over the candidate's own."""

    base: Mapping[str, Furnished]
    candidate: Mapping[str, Furnished]


@dataclass(frozen=True)
class Furnisher:
    site: Site
    policy: Policy
    base: TreeId

    @property
    def reads_candidates(self) -> bool:
        """Whether a candidate's own key files may decide an environment."""
        return any(one.key_changes == "rebuilt" for one in self.policy.environments.values())

    def of(self, item: BacklogItem, candidate: TreeId | None) -> Furnishing | Unprepared:
        """Return the environments a mission of *item* needs, with its *candidate* if it has one."""
        base = self.at(self.base, self._names(item))
        if isinstance(base, Unprepared) or candidate is None:
            return base if isinstance(base, Unprepared) else Furnishing(base, base)
        own = self.at(candidate, self._rebuilt(item))
        return own if isinstance(own, Unprepared) else Furnishing(base, {**base, **own})

    def at(self, tree: TreeId, names: Iterable[str]) -> dict[str, Furnished] | Unprepared:
        """Return *names* over the key files of *tree*, or the first that is not there."""
        return furnish(self.site.environments, self.wanted(tree, names))

    def wanted(self, tree: TreeId, names: Iterable[str]) -> tuple[Wanted, ...]:
        """Return the environments *names*, which the policy declares, as wanted at *tree*."""
        asking = Asking(self.site.door.environment(), self.site.outside.host.egress)
        return tuple(wanted(self.site.store, tree, names, self.policy, asking))

    def missing(self, item: BacklogItem, candidate: TreeId | None, key: Digest) -> Wanted | None:
        """Return the environment of *key*, if a mission of *item* needs it now."""
        found = self.wanted(self.base, self._names(item))
        if candidate is not None:
            found += self.wanted(candidate, self._rebuilt(item))
        return next((each for each in found if each.key == key), None)

    def digest(self, furnishing: Furnishing | Unprepared) -> Digest:
        """Return what facts name; of the host alone while one is missing."""
        host = self.site.door.environment()
        match furnishing:
            case Furnishing(base=base, candidate=candidate):
                used = {each.key: each for each in (*base.values(), *candidate.values())}
                return environment_digest(host, used.values())
            case Unprepared():
                return host

    def _names(self, item: BacklogItem) -> tuple[str, ...]:
        """Return what *item* needs and the policy declares.

        The policy may have lost one since the mission opened: its item is then invalid, and rests.
        """
        names = needed(item, commands(item, self.policy), self.policy)
        return tuple(name for name in names if name in self.policy.environments)

    def _rebuilt(self, item: BacklogItem) -> tuple[str, ...]:
        declared = self.policy.environments
        return tuple(n for n in self._names(item) if declared[n].key_changes == "rebuilt")

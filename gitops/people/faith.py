"""Whom this daemon believes about one repository, for the walk along its target."""

from dataclasses import dataclass

from gitops.people.areas import Governed
from gitops.people.signature import Verifier
from gitops.people.state import Govern
from policy.canonical import digest
from policy.ids import CommitId, Digest
from policy.people.keys import Key, key_of
from policy.people.trust import Trust

_WALK = 1
"""Counted up when the same commits are to be judged otherwise: what was remembered is void."""


@dataclass(frozen=True)
class Faith:
    """*builders* are keys that builders might sign with; *timeout_s* bounds one ssh-keygen."""

    trust: Trust
    govern: Govern
    timeout_s: float
    builders: frozenset[Key] = frozenset()

    @property
    def introduction(self) -> CommitId:
        return self.trust.introduction

    @property
    def asks(self) -> bool:
        """Whether signatures are asked for at all."""
        return self.trust.mode != "unsigned-local"

    @property
    def governed(self) -> Governed:
        return Governed("backlog" in self.trust.governs, "unpause" in self.trust.governs)

    @property
    def machines(self) -> frozenset[Key]:
        """The keys that never decide anything: the daemons' and the builders'."""
        rows = (line.split()[:2] for line in self.trust.daemons.splitlines())
        keys = (key_of(kind, blob) for kind, blob in rows)
        return self.builders | {key for key in keys if isinstance(key, Key)}

    @property
    def verifier(self) -> Verifier:
        return Verifier(self.machines, self.timeout_s)

    @property
    def digest(self) -> Digest:
        """What a remembered walk depends on beside the commits."""
        builders = sorted(map(str, self.builders))
        return digest([_WALK, self.trust.model_dump(mode="json", by_alias=True), builders])

"""What is judged, and what came of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from policy.backlog.item import BacklogItem
from policy.bus.operation import Furnished
from policy.change import Entry, Stat
from policy.gates.adoption import Earlier, Subject
from policy.gates.run import Interrupted
from policy.gates.verdict import Record
from policy.ids import Digest, GateName, MissionId, TreeId
from policy.mission.facts import Candidate
from policy.rules.model import Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A candidate before its gates. Item and policy are those of the base, never its own (F109)."""

    mission: MissionId
    n: int
    """The attempt the candidate is of."""
    level: int = 0
    item: BacklogItem
    policy: Policy
    candidate: Candidate
    base: TreeId
    """The product of the commit the candidate is built on: what the change is measured against."""
    entries: tuple[Entry, ...]
    """The mission's own diff, from the attempt's base to its checkpoint, without the flip."""
    stat: Stat
    """Of *entries*."""
    environment: Digest
    """Of the host's share in every run, and of every environment the mission needs."""
    furnished: Mapping[str, Furnished] = field(default_factory=dict)
    """Environments by name, as the candidate has its key files."""
    furnished_base: Mapping[str, Furnished] = field(default_factory=dict)
    """As the base has them; others only where policy lets a mission change key files."""
    gates: tuple[GateName, ...] | None = None
    """Which gates are asked, in their order; None: those a candidate of *item* needs."""
    waived: tuple[GateName, ...] = ()
    """Those that bar nothing: the ones after them are asked all the same."""
    folder: str = ""
    """Of the evidence in the dossier; empty: that of the candidate."""
    earlier: tuple[Earlier, ...] = ()
    """The mission's judgements so far, oldest first: what they say of equals is not asked again."""

    @property
    def place(self) -> str:
        return self.folder or f"gates/{self.n}"

    @property
    def subject(self) -> Subject:
        return Subject(
            product=self.candidate.product, base=self.base, n=self.n, environment=self.environment
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """Records in judging order, up to the first that bars; evidence by path in the dossier."""

    records: tuple[Record, ...]
    evidence: Mapping[str, bytes]
    environment: Digest


Judged = Judgement | Interrupted
"""Interrupted: the daemon stops. Nothing is recorded; the gates run again."""

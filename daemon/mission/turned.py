"""What a mission's turn came to."""

from dataclasses import dataclass

from policy.mission.actions import Rest


@dataclass(frozen=True)
class Resting:
    """Nothing to do for this mission until something outside changes."""

    rest: Rest


@dataclass(frozen=True)
class UnderWay:
    """A deed runs in a worker."""

    what: str


@dataclass(frozen=True)
class Archived:
    """The mission is closed and merged into `pawl/ledger`."""


Turned = Resting | UnderWay | Archived

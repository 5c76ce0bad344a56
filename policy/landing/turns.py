"""Whose turn it is: the order of missions, and who lands while another is being judged.

Each landing of one mission makes the candidates of the others stale, so a mission with slow gates
could be rebuilt for ever. After `landing.rebuilds` rebuilds in a row it goes first, and the others
neither land nor are rebuilt while its gates run. A person's push cannot be held back: a mission
that went first and still came late goes to the end of the line, and waits longer each time.
"""

from collections.abc import Iterable
from datetime import datetime

from policy import backoff
from policy.backlog.rank import Natural, natural
from policy.ids import CommitId, MissionId
from policy.rules.model import Landing
from policy.value import Value


class Claim(Value):
    """A mission's place in line."""

    mission: MissionId
    since: str
    """When it was opened (RFC 3339, UTC). It orders turns and decides nothing else."""
    rebuilds: int
    """How often in a row its candidate was built again because the target had moved."""
    tried: str
    """When that was built or judged last (RFC 3339, UTC), "" where it never was."""
    heard: bool
    """Its gates are done on the target as it is: nothing is left but to land, or to give up."""


class Judging(Value):
    """A candidate whose gates run now."""

    claim: Claim
    base: CommitId


def in_turn(claims: Iterable[Claim], limits: Landing) -> tuple[Claim, ...]:
    """Return *claims* as they get their turns.

    Who was heard comes before who would begin and hold it back. Then who may go first, and of
    these whose last try is longest ago; the others as opened.
    """
    return tuple(sorted(claims, key=lambda claim: _place(claim, limits)))


def goes_first(judging: Iterable[Judging], target: CommitId, limits: Landing) -> Claim | None:
    """Return for whom the others hold their landings back; None where nobody goes first.

    Only gates that run on the present target are worth waiting for.
    """
    waited = (one.claim for one in judging if one.base == target)
    first = (claim for claim in waited if claim.rebuilds > limits.rebuilds)
    return next(iter(in_turn(first, limits)), None)


def in_vain(judging: Judging, target: CommitId, limits: Landing) -> bool:
    """Return whether the gates were to be in time, went first for it, and are late already.

    Those of fewer rebuilds go on: they may find what bars the mission on every target.
    """
    return judging.base != target and judging.claim.rebuilds > limits.rebuilds


def rebuild_at(rebuilds: int, after: str, limits: Landing) -> datetime | None:
    """Return when the next rebuild may be, None for at once.

    *after* is when the target was last seen elsewhere than the candidate (RFC 3339).
    """
    late = rebuilds - limits.rebuilds
    if late <= 0:
        return None
    most = limits.backoff_max_s
    return backoff.until(after, limits.backoff_s, doubled=late - 1, at_most_s=most)


def _place(claim: Claim, limits: Landing) -> tuple[bool, bool, str, Natural, str]:
    late = claim.rebuilds > limits.rebuilds
    since = claim.tried if late else claim.since
    return not claim.heard, not late, since, natural(claim.mission), claim.mission

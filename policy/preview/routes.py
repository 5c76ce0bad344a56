"""What becomes of each class of failure under a policy, as data and as a sentence.

The rules are those of `mission/route.py`; here they are told, for every class, whether or not it
has ever happened. Waits come from the same `backoff` that the missions wait by.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import get_args

from policy import backoff
from policy.rules.failures import FailureClass
from policy.rules.model import Policy
from policy.rules.outcomes import Stage, reason_for
from policy.rules.routes import Route

_SHOWN = 6
"""Waits that are told one by one; each further one is twice the one before."""
_EPOCH = "1970-01-01T00:00:00+00:00"
_MINUTE, _HOUR = 60, 3600


@dataclass(frozen=True)
class Prospect:
    """*waits_s*: seconds before the first retries; *ends*: how the mission ends or waits then."""

    failure: FailureClass
    route: Route
    waits_s: tuple[int, ...]
    ends: tuple[str, ...]

    @property
    def counts(self) -> bool:
        """Whether it counts against the item."""
        return self.route.origin == "item"

    @property
    def text(self) -> str:
        """What happens, in one sentence."""
        return f"{self._retries()}{self._end()}"

    def _retries(self) -> str:
        times = self.route.limit if self.route.action == "retry" else 0
        if not times:
            return ""
        often = "once" if times == 1 else f"up to {times} times"
        work = "on its own work" if self.route.start == "continue" else "afresh"
        return f"tried again {often}, {work}{self._after()}; then "

    def _after(self) -> str:
        if not any(self.waits_s):
            return ""
        more = ", ..." if self.route.limit > len(self.waits_s) else ""
        return f", after {', '.join(map(lasting, self.waits_s))}{more}"

    @property
    def climbs(self) -> bool:
        """Whether the next level of the chain builds it before a person is asked."""
        return self.counts and self.route.action != "waiver" and self.route.ends_with_a_person

    def _end(self) -> str:
        ends = " or ".join(self.ends)
        if not self.route.ends_with_a_person:
            return f"the mission ends: {ends}"
        higher = "the chain's next level builds it, and after the last one " if self.climbs else ""
        return f"{higher}a person is asked: {ends}"


def prospects(policy: Policy) -> tuple[Prospect, ...]:
    """Return what becomes of every class, in the order of the enum."""
    return tuple(_prospect(failure, policy.failures[failure]) for failure in FailureClass)


def _prospect(failure: FailureClass, route: Route) -> Prospect:
    times = route.limit if route.action == "retry" else 0
    waits = tuple(_wait(route.backoff_s, used) for used in range(min(times, _SHOWN)))
    return Prospect(failure, route, waits, _ends(failure, route))


def _wait(seconds: int, doubled: int) -> int:
    waited = backoff.until(_EPOCH, seconds, doubled=doubled) - datetime.fromisoformat(_EPOCH)
    return int(waited.total_seconds())


def _ends(failure: FailureClass, route: Route) -> tuple[str, ...]:
    """Return the outcomes, with the reasons a failure of a builder and one of a gate give."""
    stages: tuple[Stage, ...] = get_args(Stage)
    reasons = {stage: reason_for(failure, stage).value for stage in stages}
    said = ", ".join(f"{reason} of a {stage}" for stage, reason in reasons.items())
    if len({*reasons.values()}) == 1:
        said = reasons[stages[0]]
    match route.action:
        case "escalate":
            return (f"ESCALATION_REQUESTED ({said})",)
        case "waiver":
            then = "ESCALATION_REQUESTED" if route.then == "escalate" else "BLOCKED"
            waived = f"WAIVER_REQUESTED ({said}) where each gate that failed may be waived"
            return (waived, f"{then} ({said}) where not")
        case "retry" if route.then == "escalate":
            return (f"ESCALATION_REQUESTED ({said})",)
        case "retry" | "terminate":
            return (f"BLOCKED ({said})",)


def lasting(seconds: int) -> str:
    """Return a time that passes, as people say it: `90 s`, `5 min`, `2 h`."""
    if seconds % _HOUR == 0 and seconds:
        return f"{seconds // _HOUR} h"
    if seconds % _MINUTE == 0 and seconds:
        return f"{seconds // _MINUTE} min"
    return f"{seconds} s"

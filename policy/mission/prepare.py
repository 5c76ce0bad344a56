"""When an environment that is not there is built, and when it is tried again.

What went wrong with it is nobody's mission's: it is charged to none, and all that need it wait for
as long as the route of its failure says. The wait doubles up to the route's limit and stays there.
"""

from datetime import UTC, datetime, timedelta

from policy.mission.actions import Prepare, Rest
from policy.mission.world import Unprepared
from policy.rules.model import Policy


def prepare(unprepared: Unprepared, policy: Policy, now: datetime) -> Prepare | Rest:
    """Return the action that makes it be there, or the rest until that may be tried again."""
    build = Prepare(key=unprepared.key, name=unprepared.name)
    if unprepared.failure is None or unprepared.at is None:
        return build
    route = policy.failures[unprepared.failure]
    doublings = min(unprepared.failures, max(route.limit, 1)) - 1
    until = _later(unprepared.at, route.backoff_s * 2**doublings)
    if now < until:
        why = f"environment {unprepared.name}: {unprepared.why}"
        return Rest(reason="no_environment", why=why, until=until)
    return build


def _later(moment: datetime, seconds: int) -> datetime:
    try:
        return moment + timedelta(seconds=seconds)
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)

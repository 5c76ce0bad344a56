"""Why an open mission does not go on: what the daemon of this host said of it last.

No fact tells it, because what holds a mission up (a dirty checkout, time, a host without its
sandbox) is a condition and no step. So a clone cannot know it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from daemon.cli.place import Place
from daemon.clock import rfc3339
from daemon.health import read_health
from daemon.outside import Outside
from policy.ids import MissionId
from policy.mission.actions import Rest


@dataclass(frozen=True)
class Resting:
    """*reason* is that of a `Rest`, *why* a sentence with what to do or when it goes on."""

    reason: str
    why: str

    @property
    def words(self) -> str:
        """Return the reason as people read it."""
        return self.reason.replace("_", " ")


def last_said(place: Place) -> Mapping[MissionId, Resting]:
    """Return each mission that the newest reconcile here left waiting; none without a daemon."""
    if not isinstance(place.outside, Outside):
        return {}
    rows = (read_health(place.outside.state) or {}).get("resting")
    if not isinstance(rows, dict):
        return {}
    return {
        MissionId(str(mission)): _resting(row.get("reason"), row.get("why"), row.get("retry_at"))
        for mission, row in rows.items()
        if isinstance(row, dict)
    }


def said(rest: Rest) -> str:
    """Return why a mission rests and, where time alone ends it, when."""
    return _resting(rest.reason, rest.why, rfc3339(rest.until) if rest.until else None).why


def _resting(reason: object, why: object, retry_at: object) -> Resting:
    until = f"; it is tried again from {retry_at} on" if retry_at else ""
    return Resting(str(reason), f"{' '.join(str(why).split())}{until}")

"""What workers came back with: kept until it is recorded, dropped where nobody wants it."""

from collections.abc import Set as AbstractSet

from daemon.environments.build import KEY as BUILD
from daemon.log import get_logger
from daemon.mission.draft import Draft, Outcome
from daemon.pool import Flight, Pool
from daemon.shortage import is_shortage
from policy.ids import MissionId
from policy.mission.attempts import AttemptInterrupted
from policy.mission.states import Building

_log = get_logger()


class Arrivals:
    """The flights of *pool* that are over; every method is called by the main thread."""

    def __init__(self, pool: Pool[Outcome]) -> None:
        self._pool = pool
        self._over: dict[str, Flight[Outcome]] = {}
        self._disowned: set[str] = set()

    def collect(self) -> None:
        """Take what is over; raise what a build of an environment met that nobody thought of."""
        over = {flight.key: flight for flight in self._pool.over()}
        self._over |= {key: flight for key, flight in over.items() if key not in self._disowned}
        self._disowned -= over.keys()
        for key in [key for key in self._over if key.startswith(BUILD)]:
            self._over.pop(key).future.result()

    def disown(self, missions: AbstractSet[MissionId]) -> None:
        """Stop what runs for missions that are another host's now; what it finds is dropped."""
        for mission in missions:
            self._over.pop(mission, None)
            self._pool.stop(mission)
        self._disowned |= missions & self._pool.under_way().keys()

    def __contains__(self, key: str) -> bool:
        return key in self._over

    def take(self, key: str) -> Flight[Outcome] | None:
        return self._over.pop(key, None)

    def of(self, draft: Draft) -> Outcome | None:
        """Return what the worker found, kept until it is taken; a worker's error rises once."""
        flight = self._over.get(draft.mission)
        if flight is None:
            return None
        error = flight.future.exception()
        if isinstance(draft.state, Building) and error is not None and is_shortage(error):
            _log.error("out of a resource", mission=draft.mission, why=str(error))
            short = AttemptInterrupted(n=draft.state.started.n, cause="resource")
            return Outcome((short,))
        if error is not None:
            del self._over[draft.mission]
        return flight.future.result()

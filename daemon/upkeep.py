"""Upkeep: what is done now and then so that nothing grows without end, in a worker of its own.

A tick never waits for it, and `once` never starts it. In a repository the host file calls `owned`
git's own upkeep is part of it; of a person's repository nothing is touched but our own packs, and
those are joined as they are written.
"""

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from daemon.log import get_logger
from daemon.mission.draft import Outcome
from daemon.pool import Flight, Pool
from daemon.site import Site
from gitops.git import GitError
from gitops.upkeep import upkeep

KEY = "(upkeep)"
"""The pool's key."""
SPILLS = ("evidence", "sandbox/output", "base-records")
"""Folders of the state directory that hold what may be done without, by age."""

_log = get_logger()


class Housekeeping:
    def __init__(self, site: Site, pool: Pool[Outcome]) -> None:
        self._site = site
        self._pool = pool
        self._next = site.clock.now()

    def start_if_due(self, retention_days: int) -> datetime:
        """Put upkeep under way where its time has come; return when that is next."""
        now = self._site.clock.now()
        if now >= self._next and KEY not in self._pool.under_way():
            self._next = now + timedelta(seconds=self._site.outside.host.upkeep.every_s)
            oldest = now - timedelta(days=retention_days)
            self._pool.start(KEY, "keep the house", lambda stop: self._deed(stop, oldest))
        return self._next

    def over(self, flight: Flight[Outcome] | None) -> None:
        """Take note of an upkeep that ended; only what nobody thought of rises from it."""
        if flight is not None:
            flight.future.result()

    def _deed(self, stop: threading.Event, oldest: datetime) -> Outcome:
        try:
            self._site.point("upkeep")
            for what in self._done(stop, oldest):
                self._site.point("upkept")
                _log.info("upkeep", did=what)
        except (GitError, OSError) as error:
            _log.warning("upkeep: tried again next time", why=str(error))
        return Outcome(())

    def _done(self, stop: threading.Event, oldest: datetime) -> Iterator[str]:
        files = [*outlived(self._site.state, oldest)]
        for file in files:
            file.unlink(missing_ok=True)
        if files:
            yield f"removed {len(files)} files kept longer than policy's evidence.retention_days"
        if self._site.outside.host.owned:
            rules = self._site.outside.host.upkeep
            yield from upkeep(self._site.worker_store(), rules, stop.is_set)


def outlived(state: Path, oldest: datetime) -> Iterator[Path]:
    """Yield the spilled files of the state directory that nobody has written since *oldest*."""
    for folder in (state / name for name in SPILLS):
        for file in folder.rglob("*"):
            try:
                if file.is_file() and file.lstat().st_mtime < oldest.timestamp():
                    yield file
            except FileNotFoundError:
                continue

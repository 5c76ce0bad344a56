"""The link to the hub: one exchange at a time, what the hub had last, and when it is asked again.

Asks are made anew in each reconcile and forgotten with it: what became of one is told by what the
hub has afterwards, never by what we remember to have asked.
"""

import threading
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from daemon.clock import rfc3339
from daemon.log import get_logger
from daemon.pool import Pool
from daemon.remote.exchange import Ask, Exchanged, exchange
from daemon.remote.identity import renamed
from daemon.remote.leases import Leases
from daemon.remote.refusals import Refusal, Refusals
from daemon.site import Site
from daemon.wake import Wake
from gitops.remote import Change, Fetched, Unreachable, last_seen
from policy.ids import RefName
from policy.remote import Remote

_log = get_logger()
KEY = "hub"
"""What the exchange is called among what is under way."""
_STEPS = "steps"
Monotonic = Callable[[], float]


class Link:
    """Every method is called by the main thread."""

    def __init__(self, site: Site, remote: Remote, wake: Wake, clock: Monotonic) -> None:
        self._site = site
        self._remote = remote
        self.clock = clock
        self.pool: Pool[Exchanged] = Pool(wake, site.clock.now)
        self.leases = Leases(site.instance.host, remote.lease_s)
        self.refusals = Refusals(remote, site.clock)
        self.seen = last_seen(site.store)
        self.reached: float | None = None
        """When the exchange began that reached the hub last."""
        self._reached_at: datetime | None = None
        self._started = 0.0
        self._trouble: Refusal | None = None
        self._asks: list[Ask] = []
        self._stopping = False
        self._hurried = False

    def take(self) -> None:
        """Take what the last exchange found; what was asked for is forgotten."""
        self._asks = []
        for flight in self.pool.over():
            self._took(flight.future.result())

    def ask(self, key: str, *changes: Change) -> None:
        """Ask for *changes* of the hub's refs, all or none, in the next exchange."""
        self._asks.append(Ask(key, changes))

    def asked(self) -> set[RefName]:
        return {change.ref for ask in self._asks for change in ask.changes}

    def exchange(self, steps: Callable[[float], Iterable[Change]]) -> None:
        """Start the next exchange, where one is due; *steps* are changes that stand alone."""
        now = self.clock()
        if not self._stopping and not self.pool.under_way():
            asks = self._due(steps, now)
            if asks is not None:
                self._start(asks, now)

    def hurry(self) -> None:
        """Look at the hub in the next exchange, whenever it was looked at or tried last."""
        self._hurried = True

    def stop(self) -> None:
        self._stopping = True
        self.pool.stop_all()

    def unreached(self) -> str | None:
        """Return why nobody knows what the hub has now, None where it was reached last."""
        if self._trouble is not None:
            since = rfc3339(self._reached_at) if self._reached_at else "this daemon started"
            return (
                f"the hub was not reached since {since}: {self._trouble.why}; it is tried again "
                f"at {rfc3339(self._trouble.at)}"
            )
        return "the hub has not been reached yet" if self.reached is None else None

    def row(self) -> dict[str, object]:
        """Return what health says of the link."""
        return {
            "url": self._remote.url,
            "host": self.leases.name,
            "reached_at": rfc3339(self._reached_at) if self._reached_at else None,
            "retry_at": rfc3339(self._trouble.at) if self._trouble else None,
            "refused": self.refusals.whys(),
        }

    def next_look(self) -> datetime | None:
        """Return when there is something to do with the hub that nothing else wakes for."""
        now = self.clock()
        if self.pool.under_way():
            return None
        if self._trouble is not None:
            return self._trouble.at
        moments = [*self.refusals.moments(now), (self.reached or now) + self._remote.fetch_s]
        wait = max(min(moments) - now, 0)
        return self._site.clock.now() + timedelta(seconds=wait + 1)

    def _due(
        self, steps: Callable[[float], Iterable[Change]], now: float
    ) -> tuple[Ask, ...] | None:
        """Return what to push now; None while there is nothing to push or to fetch."""
        waits = self._trouble is not None and now < self._trouble.until
        if waits and not self._hurried:
            return None
        alone = tuple(steps(now)) if self.reached is not None else ()
        asks = (*((Ask(_STEPS, alone, atomic=False),) if alone else ()), *self._asks)
        stale = self.reached is None or now - self.reached >= self._remote.fetch_s
        due = stale or self._hurried or self._trouble is not None
        return asks if asks or due else None

    def _start(self, asks: tuple[Ask, ...], now: float) -> None:
        site, remote = self._site, self._remote
        self._started, self._hurried = now, False

        def deed(stop: threading.Event) -> Exchanged:
            return exchange(site, remote, asks, stop)

        what = ", ".join(ask.key for ask in asks) or "fetch"
        self.pool.start(KEY, what, deed)

    def _took(self, found: Exchanged) -> None:
        match found.fetched:
            case Unreachable(why=why):
                if self._trouble is None:
                    _log.warning("the hub is not reached", why=why)
                self._trouble = self.refusals.after(self._trouble, why, self.clock())
            case Fetched(refs=there):
                if self._trouble is not None:
                    _log.info("the hub is reached again")
                self._trouble = None
                self.seen = dict(there)
                self.reached, self._reached_at = self._started, self._site.clock.now()
                if self.leases.saw(self.seen, now=self._started):
                    self._has_a_twin()
        for ask, answer in found.answers:
            self.refusals.answered(ask, answer, self.seen, self.clock())

    def _has_a_twin(self) -> None:
        name = renamed(self._site.state)
        _log.error("another daemon renews our lease: this one goes on by another name", name=name)
        self.leases = Leases(name, self._remote.lease_s)
        self._site.instance.rename(name)

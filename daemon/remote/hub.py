"""The hub as the loop sees it: what it had, what is asked of it, and what has to wait for it.

Asks are made anew in each reconcile and forgotten with it: what became of one is told by what the
hub has afterwards, never by what we remember to have asked. One exchange is under way at a time.
"""

import random
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from daemon.clock import rfc3339
from daemon.integrity import Doubt
from daemon.mission.after import Moving, look_at
from daemon.mission.close import merged_into
from daemon.mission.draft import Draft, Outcome
from daemon.mission.turned import Archived, Resting
from daemon.pool import Pool
from daemon.remote.alone import NoHub, landed_here
from daemon.remote.bring import Bringer, Brought
from daemon.remote.exchange import Ask, Exchanged, exchange
from daemon.remote.identity import renamed
from daemon.remote.leases import Leases
from daemon.site import Site
from daemon.standing import Standing
from daemon.view import View
from daemon.wake import Wake
from gitops import refs
from gitops.observe import contains, follows
from gitops.remote import Change, Changed, Fetched, Pushed, Refused, Unreachable, last_seen
from policy.ids import MissionId, RefName
from policy.mission.actions import MoveBack, MoveTarget, RecordLanding, RecordRevert, Rest
from policy.mission.states import Closed
from policy.mission.world import (
    Behind,
    Current,
    Elsewhere,
    Frozen,
    Hub,
    Orphaned,
    Unclaimed,
)
from policy.remote import Remote

_log = structlog.get_logger()
KEY = "hub"
"""What the exchange is called among what is under way."""
_STEPS = "steps"
Monotonic = Callable[[], float]


@dataclass(frozen=True)
class Refusal:
    """The hub said no so many times in a row; asked again at *until* (monotonic) or *at*."""

    why: str
    times: int
    until: float
    at: datetime


class RemoteHub:
    """Every method is called by the main thread."""

    def __init__(
        self, site: Site, remote: Remote, doubt: Doubt, wake: Wake, clock: Monotonic
    ) -> None:
        self._site = site
        self._remote = remote
        self._clock = clock
        self._pool: Pool[Exchanged] = Pool(wake, site.clock.now)
        self._bringer = Bringer(site, doubt, self.is_own)
        self._leases = Leases(site.instance.host, remote.lease_s)
        self._seen = last_seen(site.store)
        self._brought = Brought()
        self._asks: list[Ask] = []
        self._refusals: dict[str, Refusal] = {}
        self._kept_branches: set[RefName] = set()
        """Work branches that the hub does not let us delete."""
        self._started = 0.0
        self._reached: float | None = None
        self._reached_at: datetime | None = None
        self._trouble: Refusal | None = None
        self._stopping = False

    # what the loop asks

    def bring(self, standing: Standing) -> set[MissionId]:
        """Take what the exchange found; return missions whose deeds here are of no use."""
        self._asks = []
        for flight in self._pool.over():
            self._took(flight.future.result())
        self._brought = self._bringer.bring(self._seen)
        standing.moved |= self._brought.moved
        standing.closed += self._brought.closed
        for mission, why in self._brought.foreign.items():
            standing.rests[mission] = Rest(reason="frozen", why=why)
        return self._brought.disowned

    @property
    def frozen(self) -> Frozen | None:
        return self._brought.doubt

    def foreign(self) -> dict[MissionId, str]:
        return self._brought.foreign

    def is_own(self, host: str) -> bool:
        return host == self._leases.name

    def closed_to_new(self) -> str | None:
        """Return why nothing may be opened, None if it may."""
        return self._lapsed() or self._unsettled()

    def stand(self, draft: Draft) -> Hub:
        """Return how the hub stands to a mission whose facts are in *draft*."""
        mission, host = draft.mission, draft.records[-1].host
        there = self._seen.get(refs.mission_ref(mission))
        mine = self.is_own(host) or (there is None and host == self._site.instance.nodename)
        if not mine:
            return self._other(host)
        if there is None or not self.is_own(self._bringer.owner(mission, there) or ""):
            return Unclaimed(why=self._unsettled() or self._awaited(mission))
        why = self._lapsed()
        if why is not None:
            return Unclaimed(why=why)
        why = self._unsettled()
        return Current() if why is None else Behind(why=why)

    def land(self, draft: Draft, view: View, action: Moving) -> Outcome | Rest:
        """Ask the hub for target and mission in one push; what it took is brought here later."""
        match action:
            case RecordLanding() | RecordRevert():
                return landed_here(draft, view, action)
            case MoveTarget():
                what, point = "land", "hub:land"
            case MoveBack():
                what, point = "revert", "hub:revert"
        key = f"{what} {draft.mission}"
        waits = self._waits(key, self._site.target)
        if waits is not None:
            return waits
        intended = look_at(draft, view, action)
        draft.commit()
        self._site.point(point)
        commit = draft.ahead(intended.outcome)
        ref = refs.mission_ref(draft.mission)
        moved = intended.commit
        self._asks.append(
            Ask(
                key,
                (
                    Change(self._site.target, moved.base, moved.commit),
                    Change(ref, self._seen.get(ref), commit),
                ),
            )
        )
        return Rest(reason="awaiting_hub", why=f"the hub is asked to take the {what}")

    def archive(self, draft: Draft, view: View) -> Archived | Resting | None:
        """Ask the hub for ledger, mission and work branch in one push."""
        waits = self._waits(f"close {draft.mission}", refs.LEDGER)
        if waits is not None:
            return Resting(waits)
        tip = self._seen.get(refs.LEDGER)
        if tip is None:
            why = f"the hub has no {refs.LEDGER} yet"
            return Resting(Rest(reason="awaiting_hub", why=why))
        self._site.point("hub:archive")
        ref = refs.mission_ref(draft.mission)
        merged = merged_into(draft, view, tip)
        there = self._seen.get(ref)
        gone = () if there is None else (Change(ref, there, None),)
        changes = (Change(refs.LEDGER, tip, merged), *gone, *self._branch_of(draft, view))
        self._asks.append(Ask(f"close {draft.mission}", changes))
        why = "the hub is asked to take the closed mission"
        return Resting(Rest(reason="awaiting_hub", why=why))

    def publish(self, standing: Standing) -> None:
        """Start the next exchange, where one is due; say what is under way or awaited."""
        now = self._clock()
        if not self._stopping and not self._pool.under_way():
            asks = self._due(now)
            if asks is not None:
                self._start(asks, now)
        standing.under_way |= self._pool.under_way()
        standing.since |= self._pool.since()
        standing.hub = self.row()
        standing.hub_due = self._next_look(now)

    def check(self) -> None:
        """Raise `WorkerDiedError` where the exchange's worker died."""
        self._pool.check()

    def stop(self) -> None:
        self._stopping = True
        self._pool.stop_all()

    def close(self) -> None:
        self._pool.close()

    def row(self) -> dict[str, object]:
        """Return what health says of the hub."""
        return {
            "url": self._remote.url,
            "host": self._leases.name,
            "reached_at": rfc3339(self._reached_at) if self._reached_at else None,
            "why": self.closed_to_new(),
            "retry_at": rfc3339(self._trouble.at) if self._trouble else None,
            "refused": {key: one.why for key, one in self._refusals.items()},
        }

    # how things stand

    def _other(self, host: str) -> Hub:
        why = self._lapsed() or self._unsettled()
        if why is not None or self._reached is None:
            return Elsewhere(host=host, why=f"as the hub had it last; {why}")
        age = self._leases.age(host, self._reached)
        if age < self._remote.lease_s:
            return Elsewhere(host=host, why=f"its lease is fresh (lease_s: {self._remote.lease_s})")
        return Orphaned(host=host, why=f"its lease of {self._remote.lease_s} s is over")

    def _lapsed(self) -> str | None:
        """Return why nothing may be started here, None if nobody else can think we are gone."""
        if not self._site.trust.peers and not self._leases.others(self._seen):
            return None
        if self._reached is None or not self._leases.held(self._clock()):
            return self._unsettled() or self._refused_lease() or "the lease is not renewed yet"
        return None

    def _refused_lease(self) -> str | None:
        refusal = self._refusals.get(self._leases.ref)
        return None if refusal is None else f"the hub refuses our lease: {refusal.why}"

    def _unsettled(self) -> str | None:
        """Return why hub and target are not known to be as they are here, None if they are."""
        if self._trouble is not None:
            since = rfc3339(self._reached_at) if self._reached_at else "this daemon started"
            return (
                f"the hub was not reached since {since}: {self._trouble.why}; it is tried again "
                f"at {rfc3339(self._trouble.at)}"
            )
        if self._reached is None:
            return "the hub has not been reached yet"
        return self._brought.behind

    def _awaited(self, mission: MissionId) -> str:
        refusal = self._refusals.get(refs.mission_ref(mission))
        if refusal is None:
            return "the hub has not taken it yet"
        return f"the hub refused it: {refusal.why}; it is asked again at {rfc3339(refusal.at)}"

    def _waits(self, key: str, ref: RefName) -> Rest | None:
        """Return why *key*, which moves *ref*, cannot be asked for in this reconcile."""
        refusal = self._refusals.get(key)
        if refusal is not None and self._clock() < refusal.until:
            return Rest(reason="held", why=f"the hub refused it: {refusal.why}", until=refusal.at)
        taken = any(change.ref == ref for ask in self._asks for change in ask.changes)
        if taken or self._pool.under_way():
            return Rest(reason="awaiting_hub", why="an exchange with the hub comes first")
        return None

    def _branch_of(self, draft: Draft, view: View) -> Iterator[Change]:
        """Yield how to delete the work branch, where it is as the mission left it."""
        state = view.mission(draft)
        ref = refs.work_ref(draft.mission)
        landed = isinstance(state, Closed) and state.closed.outcome == "PASS"
        there = self._seen.get(ref)
        if landed and there in state.history.checkpoints[-1:] and ref not in self._kept_branches:
            yield Change(ref, there, None)

    # exchanges

    def _due(self, now: float) -> tuple[Ask, ...] | None:
        """Return what to push now; None while there is nothing to push or to fetch."""
        if self._trouble is not None and now < self._trouble.until:
            return None
        steps = tuple(self._steps(now))
        asks = (*((Ask(_STEPS, steps, atomic=False),) if steps else ()), *self._asks)
        stale = self._reached is None or now - self._reached >= self._remote.fetch_s
        return asks if asks or stale or self._trouble is not None else None

    def _steps(self, now: float) -> Iterator[Change]:
        asked = {change.ref for ask in self._asks for change in ask.changes}
        for change in (*self._published(), *self._lease(now)):
            refusal = self._refusals.get(change.ref)
            if change.ref not in asked and (refusal is None or now >= refusal.until):
                yield change

    def _lease(self, now: float) -> Iterator[Change]:
        site = self._site
        refusal = self._refusals.get(self._leases.ref)
        if self._reached is None or (refusal is not None and now < refusal.until):
            return
        renewal = self._leases.renewal(
            site.store, site.key, self._seen, now=now, at=int(site.clock.now().timestamp())
        )
        if renewal is not None:
            yield renewal

    def _published(self) -> Iterator[Change]:
        """Yield what is recorded here and not at the hub yet."""
        store = self._site.store
        if self._reached is None:
            return
        ours = refs.read(store, refs.LEDGER)
        if refs.LEDGER not in self._seen and ours is not None:
            yield Change(refs.LEDGER, None, ours)
        for mission, tip in refs.list_missions(store).open.items():
            if mission in self._brought.foreign:
                continue
            owner = self._bringer.owner(mission, tip) or ""
            there = self._seen.get(refs.mission_ref(mission))
            unnamed = owner == self._site.instance.nodename and there is None
            if not self.is_own(owner) and not unnamed:
                continue
            if there != tip and (there is None or follows(store, tip, there)):
                yield Change(refs.mission_ref(mission), there, tip)
            yield from self._work_branch(mission)
        for mission, there in self._brought.leftovers.items():
            if self.is_own(self._bringer.owner(mission, there) or ""):
                yield Change(refs.mission_ref(mission), there, None)

    def _work_branch(self, mission: MissionId) -> Iterator[Change]:
        ref = refs.work_ref(mission)
        ours, there = refs.read(self._site.store, ref), self._seen.get(ref)
        if ours is None or ours == there:
            return
        if there is None or contains(self._site.store, ours, there):
            yield Change(ref, there, ours)

    def _start(self, asks: tuple[Ask, ...], now: float) -> None:
        site, remote = self._site, self._remote
        self._started = now

        def deed(stop: threading.Event) -> Exchanged:
            return exchange(site, remote, asks, stop)

        what = ", ".join(ask.key for ask in asks) or "fetch"
        self._pool.start(KEY, what, deed)

    def _took(self, found: Exchanged) -> None:
        match found.fetched:
            case Unreachable(why=why):
                if self._trouble is None:
                    _log.warning("the hub is not reached", why=why)
                self._trouble = self._refusal(self._trouble, why)
            case Fetched(refs=there):
                if self._trouble is not None:
                    _log.info("the hub is reached again")
                self._trouble = None
                self._seen = dict(there)
                self._reached, self._reached_at = self._started, self._site.clock.now()
                if self._leases.saw(self._seen, now=self._started):
                    self._has_a_twin()
        for ask, answer in found.answers:
            self._answered(ask, answer)

    def _has_a_twin(self) -> None:
        name = renamed(self._site.state)
        _log.error("another daemon renews our lease: this one goes on by another name", name=name)
        self._leases = Leases(name, self._remote.lease_s)
        self._site.instance.rename(name)

    def _answered(self, ask: Ask, answer: Pushed) -> None:
        """Note what the hub refused, and forget what it took."""
        if ask.atomic:
            self._answered_whole(ask, answer)
            return
        for change in ask.changes:
            match answer.answers.get(change.ref):
                case Changed():
                    self._refusals.pop(change.ref, None)
                case Refused(why=why):
                    self._note(change.ref, why)
                case one if self._seen.get(change.ref) == change.old:
                    self._note(change.ref, one.why if one else "it said nothing of this ref")
                case _:
                    pass  # it moved: what to do is decided by where it is now

    def _answered_whole(self, ask: Ask, answer: Pushed) -> None:
        kept = {ref for ref in answer.refused if ref.startswith(refs.WORK)}
        if kept == set(answer.refused) and kept:
            self._kept_branches |= kept
        elif answer.refused:
            self._note(ask.key, next(iter(answer.refused.values())))
        elif all(isinstance(one, Changed) for one in answer.answers.values()):
            self._refusals.pop(ask.key, None)
        elif all(self._seen.get(change.ref) == change.old for change in ask.changes):
            whys = [one.why for one in answer.answers.values() if not isinstance(one, Changed)]
            self._note(ask.key, f"it took nothing: {'; '.join(dict.fromkeys(whys))}")

    def _note(self, key: str, why: str) -> None:
        before = self._refusals.get(key)
        if before is None or before.why != why:
            _log.warning("the hub refused", what=key, why=why)
        self._refusals[key] = self._refusal(before, why)

    def _refusal(self, before: Refusal | None, why: str) -> Refusal:
        times = 1 if before is None else before.times + 1
        longest = min(self._remote.retry_s * 2 ** min(times - 1, 30), self._remote.retry_max_s)
        wait = longest * random.uniform(0.5, 1.0)  # noqa: S311 - so that hosts do not come at once
        at = self._site.clock.now() + timedelta(seconds=wait + 1)
        return Refusal(why, times, self._clock() + wait, at)

    def _next_look(self, now: float) -> datetime | None:
        """Return when there is something to do with the hub that nothing else wakes for."""
        if self._pool.under_way():
            return None
        if self._trouble is not None:
            return self._trouble.at
        moments = [one.until for one in self._refusals.values() if one.until > now]
        moments.append((self._reached or now) + self._remote.fetch_s)
        wait = max(min(moments) - now, 0)
        return self._site.clock.now() + timedelta(seconds=wait + 1)


AnyHub = NoHub | RemoteHub


def hub_of(site: Site, doubt: Doubt, wake: Wake, clock: Monotonic = time.monotonic) -> AnyHub:
    """Return the hub that the host file names, or that there is none."""
    remote = site.outside.host.remote
    return NoHub() if remote is None else RemoteHub(site, remote, doubt, wake, clock)

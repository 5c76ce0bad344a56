"""The hub as the loop sees it: what is asked of it, and what has to wait for it.

What it had last, and everything about the link, is in `daemon/remote/link.py`.
"""

import time
from collections.abc import Iterator, Mapping

from daemon.clock import rfc3339
from daemon.integrity import Doubt
from daemon.mission.after import Moving, look_at
from daemon.mission.close import merged_into
from daemon.mission.draft import Draft, Outcome
from daemon.mission.turned import Archived, Resting
from daemon.remote.alone import NoHub, landed_here
from daemon.remote.bring import Bringer, Brought
from daemon.remote.link import Link, Monotonic
from daemon.remote.unpublished import unpublished
from daemon.site import Site
from daemon.standing import Standing
from daemon.view import View
from daemon.wake import Wake
from gitops import refs
from gitops.remote import Change
from policy.ids import CommitId, MissionId, RefName
from policy.mission.actions import MoveBack, MoveTarget, RecordLanding, RecordRevert, Rest
from policy.mission.states import Closed
from policy.mission.whose import Behind, Current, Elsewhere, Hub, Orphaned, Unclaimed
from policy.mission.world import Frozen
from policy.remote import Remote


class RemoteHub:
    """Every method is called by the main thread."""

    def __init__(
        self, site: Site, remote: Remote, doubt: Doubt, wake: Wake, clock: Monotonic
    ) -> None:
        self._site = site
        self._remote = remote
        self._link = Link(site, remote, wake, clock)
        self._bringer = Bringer(site, doubt, self.is_own)
        self._brought = Brought()

    # what the loop asks

    def bring(self, standing: Standing) -> set[MissionId]:
        """Take what the exchange found; return missions whose deeds here are of no use."""
        self._link.take()
        self._brought = self._bringer.bring(self._link.seen)
        standing.moved |= self._brought.moved
        standing.closed += self._brought.closed
        return self._brought.disowned

    @property
    def frozen(self) -> Frozen | None:
        return self._brought.doubt

    def foreign(self) -> Mapping[MissionId, str]:
        """Return the missions that are not here what they are at the hub, and why."""
        return self._brought.foreign

    def is_own(self, host: str) -> bool:
        return host == self._link.leases.name

    def closed_to_new(self) -> str | None:
        """Return why nothing may be opened, None if it may."""
        return self._lapsed() or self._unsettled()

    def stand(self, draft: Draft) -> Hub:
        """Return how the hub stands to a mission whose facts are in *draft*."""
        mission, host = draft.mission, draft.records[-1].host
        there = self._link.seen.get(refs.mission_ref(mission))
        mine = self.is_own(host) or (there is None and host == self._site.instance.nodename)
        if not mine:
            return self._other(host)
        if there is None or not self._bringer.owns(mission, there):
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
        self._link.ask(
            key,
            Change(self._site.target, moved.base, moved.commit),
            Change(ref, self._link.seen.get(ref), commit),
        )
        return Rest(reason="awaiting_hub", why=f"the hub is asked to take the {what}")

    def archive(self, draft: Draft, view: View) -> Archived | Resting | None:
        """Ask the hub for ledger, mission and work branch in one push."""
        waits = self._waits(f"close {draft.mission}", refs.LEDGER)
        if waits is not None:
            return Resting(waits)
        tip = self._link.seen.get(refs.LEDGER)
        if tip is None:
            why = f"the hub has no {refs.LEDGER} yet"
            return Resting(Rest(reason="awaiting_hub", why=why))
        self._site.point("hub:archive")
        ref = refs.mission_ref(draft.mission)
        merged = merged_into(draft, view, tip)
        there = self._link.seen.get(ref)
        gone = () if there is None else (Change(ref, there, None),)
        changes = (Change(refs.LEDGER, tip, merged), *gone, *self._branch_of(draft, view))
        self._link.ask(f"close {draft.mission}", *changes)
        why = "the hub is asked to take the closed mission"
        return Resting(Rest(reason="awaiting_hub", why=why))

    def takes_pages(self, ledger: CommitId) -> bool:
        """Tell whether the hub may be asked for pages on *ledger*, the tip here."""
        return (
            self._link.seen.get(refs.LEDGER) == ledger
            and self.closed_to_new() is None
            and self._waits("pages", refs.LEDGER) is None
        )

    def put_pages(self, site: Site, ledger: CommitId, written: CommitId) -> None:
        """Ask the hub for them; what it took is brought here later."""
        site.point("hub:pages")
        self._link.ask("pages", Change(refs.LEDGER, ledger, written))

    def publish(self, standing: Standing) -> None:
        """Start the next exchange, where one is due; say what is under way or awaited."""
        self._link.exchange(self._steps)
        standing.under_way |= self._link.pool.under_way()
        standing.since |= self._link.pool.since()
        standing.hub = {**self._link.row(), "why": self.closed_to_new()}
        standing.hub_due = self._link.next_look()

    def hurry(self) -> None:
        self._link.hurry()

    def check(self) -> None:
        """Raise `WorkerDiedError` where the exchange's worker died."""
        self._link.pool.check()

    def stop(self) -> None:
        self._link.stop()

    def close(self) -> None:
        self._link.pool.close()

    # how things stand

    def _other(self, host: str) -> Hub:
        why = self._lapsed() or self._unsettled()
        if why is not None or self._link.reached is None:
            return Elsewhere(host=host, why=f"as the hub had it last; {why}")
        age = self._link.leases.age(host, self._link.reached)
        if age < self._remote.lease_s:
            return Elsewhere(host=host, why=f"its lease is fresh (lease_s: {self._remote.lease_s})")
        return Orphaned(host=host, why=f"its lease of {self._remote.lease_s} s is over")

    def _lapsed(self) -> str | None:
        """Return why nothing may be started here, None if nobody else can think we are gone."""
        if not self._site.trust.peers and not self._link.leases.others(self._link.seen):
            return None
        if self._link.reached is None or not self._link.leases.held(self._link.clock()):
            return self._unsettled() or self._refused_lease() or "the lease is not renewed yet"
        return None

    def _refused_lease(self) -> str | None:
        refusal = self._link.refusals.of(self._link.leases.ref)
        return None if refusal is None else f"the hub refuses our lease: {refusal.why}"

    def _unsettled(self) -> str | None:
        """Return why hub and target are not known to be as they are here, None if they are."""
        return self._link.unreached() or self._brought.behind

    def _awaited(self, mission: MissionId) -> str:
        refusal = self._link.refusals.of(refs.mission_ref(mission))
        if refusal is None:
            return "the hub has not taken it yet"
        return f"the hub refused it: {refusal.why}; it is asked again at {rfc3339(refusal.at)}"

    def _waits(self, key: str, ref: RefName) -> Rest | None:
        """Return why *key*, which moves *ref*, cannot be asked for in this reconcile."""
        refusal = self._link.refusals.of(key)
        if refusal is not None and self._link.refusals.holds(key, self._link.clock()):
            return Rest(reason="held", why=f"the hub refused it: {refusal.why}", until=refusal.at)
        if ref in self._link.asked() or self._link.pool.under_way():
            return Rest(reason="awaiting_hub", why="an exchange with the hub comes first")
        return None

    def _branch_of(self, draft: Draft, view: View) -> Iterator[Change]:
        """Yield how to delete the work branch, where it is as the mission left it."""
        state = view.mission(draft)
        ref = refs.work_ref(draft.mission)
        landed = isinstance(state, Closed) and state.closed.outcome == "PASS"
        there = self._link.seen.get(ref)
        if (
            landed
            and there in state.history.checkpoints[-1:]
            and ref not in self._link.refusals.kept_branches
        ):
            yield Change(ref, there, None)

    # what is published

    def _steps(self, now: float) -> Iterator[Change]:
        link, asked = self._link, self._link.asked()
        recorded = unpublished(self._site, self._bringer, self._brought, link.seen)
        for change in (*recorded, *self._lease(now)):
            if change.ref not in asked and not link.refusals.holds(change.ref, now):
                yield change

    def _lease(self, now: float) -> Iterator[Change]:
        link, site = self._link, self._site
        if link.refusals.holds(link.leases.ref, now):
            return  # without making a commit that nobody takes
        at = int(site.clock.now().timestamp())
        renewal = link.leases.renewal(site.store, site.key, link.seen, now=now, at=at)
        if renewal is not None:
            yield renewal


AnyHub = NoHub | RemoteHub


def hub_of(site: Site, doubt: Doubt, wake: Wake, clock: Monotonic = time.monotonic) -> AnyHub:
    """Return the hub that the host file names, or that there is none."""
    remote = site.outside.host.remote
    return NoHub() if remote is None else RemoteHub(site, remote, doubt, wake, clock)

"""The loop: wait, reconcile, wait.

Level-triggered: each reconcile reads the whole world anew and takes every open mission as far as it
goes; what woke it does not matter (R23). The main thread is the only writer of refs. This module
has the one broad `except` of the daemon: an error nobody classified freezes (promise 4).
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Literal

import pygit2
import structlog

from daemon.environments.build import KEY as BUILD
from daemon.eyes import Eyes
from daemon.integrity import Doubt
from daemon.mission.draft import Draft, LedgerMovedError, Outcome
from daemon.mission.land import IntegrityError
from daemon.mission.turn import turn
from daemon.mission.turned import Archived, Resting, Turned, UnderWay
from daemon.mission.work import Work
from daemon.opening.conditions import KEY
from daemon.opening.opener import UNREADABLE, Opener
from daemon.pool import Flight, Pool
from daemon.remote.hub import hub_of
from daemon.shortage import is_shortage
from daemon.site import Site
from daemon.standing import Standing
from daemon.upkeep import KEY as UPKEEP
from daemon.upkeep import Housekeeping
from daemon.view import TargetLostError, View
from daemon.wake import Wake
from gitops import ledger, refs
from gitops.landing.resume import resume
from gitops.ledger.reading import Trust
from gitops.observe import Lost
from gitops.refs import RefLockedError
from policy.ids import MissionId
from policy.landing.turns import in_turn
from policy.mission.actions import Rest
from policy.mission.facts import AttemptInterrupted
from policy.mission.states import Building, OnTarget, claim_of
from policy.mission.world import Cancelled, Changed, Frozen, Removed, Unchanged, Unreadable

_log = structlog.get_logger()

Told = Callable[[str, str], None]
"""Progress for whoever watches: mission (or empty) and what happened, in words."""


Beat = Callable[[], None]
"""Tells the supervisor that the main thread gets on; called between missions, by it alone."""


def silent(_mission: str, _what: str) -> None:
    return


def unwatched() -> None:
    return


class Daemon:
    """Serves one repository; every method is called by the main thread."""

    def __init__(self, site: Site, wake: Wake, told: Told = silent, beat: Beat = unwatched) -> None:
        self._site = site
        self._told = told
        self._beat = beat
        self._eyes = Eyes(site)
        self._doubt = Doubt(site)
        self._activity: Literal["active", "stopping"] = "active"
        self._pool: Pool[Outcome] = Pool(wake, site.clock.now)
        self._hub = hub_of(site, self._doubt, wake)
        self._work = Work(site, self._pool, self._hub)
        self._opener = Opener(site, self._pool)
        self._house = Housekeeping(site, self._pool)
        self._disowned: set[str] = set()
        self._over: dict[str, Flight[Outcome]] = {}
        self._drafts: dict[MissionId, Draft] = {}
        """The open missions of this reconcile, each as far as it has come."""
        self._unread: Mapping[MissionId, str] = {}
        """The open missions that could not be read in this reconcile, and why."""
        self.standing = Standing()

    def reconcile(self) -> Standing:
        """Take every mission as far as it goes, and open what may be opened."""
        standing = Standing()
        try:
            self._collect()
            self._take_environments()
            self._house.over(self._over.pop(UPKEEP, None))
            self._resume()
            self._disown(self._hub.bring(standing))
            self._missions(standing)
            self._open(standing)
            self._hub.publish(standing)
            self._doubt.note(refs.list_missions(self._site.store).open)
            if standing.closed and not self._pool.under_way():
                self._site.door.retain(self._site.outside.host.trees_kept)
        except TargetLostError as error:
            standing.doubt(str(error))
        except Exception as error:  # noqa: BLE001 - the one broad one: unclassified freezes
            self._unclassified(standing, error)
        standing.under_way |= self._pool.under_way()
        standing.since |= self._pool.since()
        _log_doubts(self.standing.doubts, standing.doubts)
        self.standing = standing
        return standing

    def _unclassified(self, standing: Standing, error: Exception) -> None:
        why = f"{type(error).__name__}: {error}"
        if is_shortage(error):
            standing.doubt(
                f"this host is short of something ({error}); it goes on by itself once "
                "there is more: `pawl doctor` says where room is lacking"
            )
            _log.error("out of a resource: tried again in the next reconcile", why=why)
            return
        standing.doubt(why)
        _log.exception("an error nobody classified: everything is frozen")
        self._doubt.freeze(why)

    @property
    def interval_s(self) -> int:
        """Seconds between two reconciles that nothing asks for."""
        return self._eyes.interval_s

    def keep_house(self) -> datetime:
        """Put upkeep under way where it is due; return when it is next."""
        return self._house.start_if_due(self._eyes.retention_days)

    def freeze(self, why: str) -> None:
        """Open and land nothing for as long as this process lives."""
        self._doubt.freeze(why)

    def stop(self) -> None:
        """Start nothing more, and stop what runs; reconcile until nothing is under way."""
        self._activity = "stopping"
        self._hub.stop()
        self._pool.stop_all()

    def check(self) -> None:
        """Raise `WorkerDiedError` where a worker died: only a restart mends that."""
        self._pool.check()
        self._hub.check()

    def close(self) -> None:
        """Wait for the workers; call once, last."""
        self._hub.close()
        self._pool.close()

    def _collect(self) -> None:
        over = {flight.key: flight for flight in self._pool.over()}
        self._over |= {key: flight for key, flight in over.items() if key not in self._disowned}
        self._disowned -= over.keys()

    def _disown(self, missions: set[MissionId]) -> None:
        """Stop what runs for missions that are another host's now; what it finds is dropped."""
        for mission in missions:
            self._over.pop(mission, None)
            self._pool.stop(mission)
        self._disowned |= missions & self._pool.under_way().keys()

    def _take_environments(self) -> None:
        """See that no build of an environment went wrong in a way nobody thought of."""
        for key in [key for key in self._over if key.startswith(BUILD)]:
            self._over.pop(key).future.result()

    def _resume(self) -> None:
        """Finish checkout updates that something of a person's stood in the way of."""
        for finding in resume(self._site.store, patience_s=0):
            _log.info("checkout", where=finding.where, what=finding.what)

    def _missions(self, standing: Standing) -> None:
        missions = refs.list_missions(self._site.store)
        foreign = {one: rest.why for one, rest in standing.rests.items()}
        frozen = {**self._doubt.rewound(missions.open), **missions.broken, **foreign}
        for mission, why in frozen.items():
            self._rest(standing, mission, Rest(reason="frozen", why=why))
        drafts = self._drafts = {}
        for mission in sorted(missions.open.keys() - frozen.keys()):
            self._guarded(standing, mission, partial(self._read, standing, mission, drafts))
        self._unread = {mission: rest.why for mission, rest in standing.rests.items()}
        for mission in self._in_turn(drafts):
            busy = mission in self._pool.under_way()
            act = self._stop_if_unwanted if busy else self._take
            self._guarded(standing, mission, partial(act, standing, drafts[mission]))
            self._beat()

    def _read(self, standing: Standing, mission: MissionId, drafts: dict[MissionId, Draft]) -> None:
        page = ledger.read(self._site.store, mission, trusted=self._site.trust.daemons)
        if page.verified is not Trust.VERIFIED:
            why = f"its ledger is not this daemon's: {page.why}"
            self._rest(standing, mission, Rest(reason="frozen", why=why))
            return
        drafts[mission] = Draft(self._site, page)

    def _in_turn(self, drafts: Mapping[MissionId, Draft]) -> list[MissionId]:
        """Return the missions in the order of their turns."""
        if not drafts:
            return []
        view = self._look()
        claims = [claim_of(view.mission(draft).history) for draft in drafts.values()]
        limits = view.policy().policy.landing
        return [claim.mission for claim in in_turn(claims, limits)]

    def _guarded(self, standing: Standing, mission: MissionId, act: Callable[[], None]) -> None:
        """Do something for one mission; what goes wrong with it stops it and no other."""
        try:
            act()
        except UNREADABLE as error:
            _log.error("mission frozen", mission=mission, why=str(error))
            self._rest(standing, mission, Rest(reason="frozen", why=str(error)))
        except (LedgerMovedError, RefLockedError) as error:
            _log.warning("tried again in the next reconcile", mission=mission, why=str(error))
            self._rest(standing, mission, Rest(reason="backing_off", why=str(error)))
        except (OSError, pygit2.GitError) as error:
            if not is_shortage(error):
                raise
            _log.error("out of a resource", mission=mission, why=str(error))
            self._rest(standing, mission, Rest(reason="backing_off", why=f"resource: {error}"))
        except IntegrityError as error:
            _log.error("landings frozen", mission=mission, why=str(error))
            self._doubt.freeze(str(error))
            self._rest(standing, mission, Rest(reason="frozen", why=str(error)))

    def _take(self, standing: Standing, draft: Draft) -> None:
        before = draft.tip
        found = self._outcome(draft)
        if found is not None:
            draft.effective = self._look().policy_of(draft)
            draft.add(found)
        try:
            turned = turn(draft, self._look, self._work)
        finally:
            # what was recorded before something went wrong must not be added a second time
            if draft.tip != before:
                self._over.pop(draft.mission, None)
                standing.moved = True
        self._over.pop(draft.mission, None)
        self._say(standing, draft, turned)

    def _outcome(self, draft: Draft) -> Outcome | None:
        """Return what the worker found, kept until it is recorded; a worker's error rises once."""
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

    def _open(self, standing: Standing) -> None:
        view = self._look()
        doubt = view.doubt()
        if isinstance(doubt, Frozen):
            standing.doubt(doubt.why)
        standing.offline = self._hub.closed_to_new()
        observed = self._over.pop(KEY, None)
        if observed is not None:
            observed.future.result()
        draft = self._next(view, standing)
        while draft is not None:
            self._drafts[draft.mission] = draft
            self._told(draft.mission, "opened")
            self._guarded(standing, draft.mission, partial(self._take, standing, draft))
            self._beat()
            if draft.tip is None:
                return
            draft = self._next(self._look(), standing)

    def _next(self, view: View, standing: Standing) -> Draft | None:
        """Return the next mission to open; none while the past of the items cannot be read."""
        try:
            return self._opener.open(view, standing)
        except UNREADABLE as error:
            _log.error("nothing is opened", why=str(error))
            standing.doubt(str(error))
            return None

    def _look(self) -> View:
        integrity = self._hub.frozen or self._doubt.now()
        view = self._eyes.look(
            integrity=integrity,
            activity=self._activity,
            judging=self._work.judging(),
            missions=(one.state for one in self._drafts.values() if one.state),
            unread=self._unread,
        )
        if isinstance(view, Lost):
            raise TargetLostError(view.why)
        return view

    def _stop_if_unwanted(self, _standing: Standing, draft: Draft) -> None:
        """Stop the process of a cancelled mission: what it would find is not wanted."""
        state, view = draft.state, self._look()
        if state is None or isinstance(view.doubt(draft.mission), Frozen):
            return
        if isinstance(state, OnTarget):
            return  # what is on the target is judged, whatever its item says now
        match view.wish(state.history):
            case Cancelled() | Removed() | Changed():
                self._pool.stop(draft.mission)
            case Unchanged() | Unreadable():
                pass

    def _say(self, standing: Standing, draft: Draft, turned: Turned) -> None:
        match turned:
            case Resting(rest=rest):
                self._rest(standing, draft.mission, rest)
            case UnderWay(what=what):
                self._told(draft.mission, what)
            case Archived():
                standing.closed.append(draft.mission)
                self._told(draft.mission, "closed")

    def _rest(self, standing: Standing, mission: MissionId, rest: Rest) -> None:
        standing.rests[mission] = rest
        before = self.standing.rests.get(mission)
        if before is None or before.reason != rest.reason:
            self._told(mission, f"{rest.reason.replace('_', ' ')}: {rest.why}")


def _log_doubts(before: list[str], now: list[str]) -> None:
    """Log what has begun to stand against everything, and the end of it; once each."""
    for why in now:
        if why not in before:
            _log.error("frozen", why=why)
    if before and not now:
        _log.info("not frozen any more")

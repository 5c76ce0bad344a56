"""The loop: wait, reconcile, wait.

Level-triggered: each reconcile reads the whole world anew and takes every open mission as far as it
goes; what woke it does not matter (R23). The main thread is the only writer of refs. This module
has the one broad `except` of the daemon: an error nobody classified freezes (promise 4).
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial
from typing import Literal

from daemon.arrivals import Arrivals
from daemon.doubts import log_doubts
from daemon.eyes import Eyes
from daemon.integrity import Doubt
from daemon.log import get_logger
from daemon.mission.draft import Draft, Outcome
from daemon.mission.turn import turn
from daemon.mission.turned import Archived, Resting, Turned, UnderWay
from daemon.mission.work import Work
from daemon.opened import Opened, guarded, read_open
from daemon.opening.conditions import KEY
from daemon.opening.opener import UNREADABLE, Opener
from daemon.pages.turner import PageTurner
from daemon.people.expiry import next_expiry
from daemon.pool import Pool
from daemon.remote.hub import hub_of
from daemon.shortage import is_shortage
from daemon.site import Site
from daemon.standing import Standing
from daemon.upkeep import KEY as UPKEEP
from daemon.upkeep import Housekeeping
from daemon.view import TargetLostError, View
from daemon.wake import Wake
from gitops import refs
from gitops.landing.resume import resume
from gitops.observe import Lost
from policy.ids import MissionId
from policy.landing.turns import in_turn
from policy.mission.actions import Rest
from policy.mission.states import OnTarget, claim_of
from policy.mission.world import Cancelled, Changed, Frozen, Removed, Unchanged, Unreadable
from policy.notifying.rules import Rules

_log = get_logger()

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
        self.pages = PageTurner(site, wake)
        self._arrivals = Arrivals(self._pool)
        self._opened = Opened()
        self.standing = Standing()

    def reconcile(self) -> Standing:
        """Take every mission as far as it goes, and open what may be opened."""
        standing = Standing()
        try:
            self._arrivals.collect()
            self._house.over(self._arrivals.take(UPKEEP))
            self._resume()
            self._eyes.believe(self._doubt)
            self._arrivals.disown(self._hub.bring(standing))
            self._missions(standing)
            self._open(standing)
            standing.under_way |= self._pool.under_way()
            view = self._look()
            self.pages.write(view, self._hub)
            self._hub.publish(standing)
            self.pages.turn(view, self._opened, standing)
            self._doubt.note(refs.list_missions(self._site.store).open)
            if standing.closed and not self._pool.under_way():
                self._site.door.retain(self._site.outside.host.trees_kept)
        except (TargetLostError, refs.UnwritableRefError) as error:
            standing.doubt(str(error))
        except Exception as error:  # noqa: BLE001 - the one broad one: unclassified freezes
            self._unclassified(standing, error)
        standing.under_way |= self._pool.under_way()
        standing.since |= self._pool.since()
        self.pages.show(self._opened, standing)
        log_doubts(self.standing, standing)
        self.standing = standing
        return standing

    def _unclassified(self, standing: Standing, error: Exception) -> None:
        why = f"{type(error).__name__}: {error}"
        if is_shortage(error):
            standing.short = (
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

    @property
    def rules(self) -> Rules | None:
        """What people are told of; None while the policy cannot be read."""
        return self._eyes.rules

    @property
    def drafts(self) -> Iterable[Draft]:
        """The open missions, each as far as the last reconcile has taken it."""
        return self._opened.drafts.values()

    def keep_house(self) -> datetime:
        """Put upkeep under way where it is due; return when it is next."""
        return self._house.start_if_due(self._eyes.retention_days)

    def hurry(self) -> None:
        """Look at the hub, where there is one, without waiting for its time."""
        self._hub.hurry()

    def freeze(self, why: str) -> None:
        """Open and land nothing for as long as this process lives."""
        self._doubt.freeze(why)

    def stop(self) -> None:
        """Start nothing more, and stop what runs; reconcile until nothing is under way."""
        self._activity = "stopping"
        self._hub.stop()
        self.pages.stop()
        self._pool.stop_all()

    def check(self) -> None:
        """Raise `WorkerDiedError` where a worker died: only a restart mends that."""
        self._pool.check()
        self._hub.check()
        self.pages.check()

    def close(self) -> None:
        """Wait for the workers; call once, last."""
        self._hub.close()
        self.pages.close()
        self._pool.close()

    def _resume(self) -> None:
        """Finish checkout updates that something of a person's stood in the way of."""
        for finding in resume(self._site.store, patience_s=0):
            _log.info("checkout", where=finding.where, what=finding.what)

    def _missions(self, standing: Standing) -> None:
        self._opened = read_open(self._site, self._doubt, self._hub.foreign())
        for mission, rest in self._opened.unread.items():
            self._rest(standing, mission, rest)
        for mission in self._in_turn():
            busy = mission in self._pool.under_way()
            act = self._stop_if_unwanted if busy else self._take
            self._guarded(standing, act, self._opened.drafts[mission])

    def _in_turn(self) -> list[MissionId]:
        """Return the missions in the order of their turns."""
        drafts = self._opened.drafts
        if not drafts:
            return []
        view = self._look()
        claims = [
            claim_of(view.mission(draft), view.tip.commit, heard=mission in self._arrivals)
            for mission, draft in drafts.items()
        ]
        limits = view.policy().policy.landing
        return [claim.mission for claim in in_turn(claims, limits)]

    def _guarded(
        self, standing: Standing, act: Callable[[Standing, Draft], Rest | None], draft: Draft
    ) -> None:
        rest = guarded(self._doubt, draft.mission, partial(act, standing, draft))
        if rest is not None:
            self._rest(standing, draft.mission, rest)
        self._beat()

    def _take(self, standing: Standing, draft: Draft) -> Rest | None:
        before = draft.recorded
        found = self._arrivals.of(draft)
        if found is not None:
            draft.effective = self._look().policy_of(draft)
            draft.add(found)
        try:
            turned = turn(draft, self._look, self._work)
        finally:
            # what was recorded before something went wrong must not be added a second time
            if draft.recorded != before:
                self._arrivals.take(draft.mission)
                standing.moved = True
        self._arrivals.take(draft.mission)
        return self._say(standing, draft, turned)

    def _open(self, standing: Standing) -> None:
        view = self._look()
        doubt = view.doubt()
        if isinstance(doubt, Frozen):
            standing.hold(doubt, view.last.mission if view.last is not None else None)
        standing.short = view.short
        if view.quiet_until is not None:
            standing.due["active hours"] = view.quiet_until
        expiry = next_expiry(self._site.store, self._opened.states(), view.now)
        if expiry is not None:
            standing.due["a permission's end"] = expiry
        standing.offline = self._hub.closed_to_new()
        observed = self._arrivals.take(KEY)
        if observed is not None:
            observed.future.result()
        draft = self._next(view, standing)
        while draft is not None:
            self._opened.drafts[draft.mission] = draft
            self._told(draft.mission, "opened")
            self._guarded(standing, self._take, draft)
            if draft.recorded is None:
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
            busy=frozenset(self._opened.drafts.keys() & self._pool.under_way().keys()),
            missions=self._opened.states(),
            unread=self._opened.whys(),
        )
        if isinstance(view, Lost):
            raise TargetLostError(view.why)
        return view

    def _stop_if_unwanted(self, _standing: Standing, draft: Draft) -> Rest | None:
        """Stop what finds out something that is not wanted: cancelled, or come late already."""
        state, view = draft.state, self._look()
        if state is None or isinstance(view.doubt(draft.mission), Frozen):
            return None
        if isinstance(state, OnTarget):
            return None  # what is on the target is judged, whatever its item says now
        match view.wish(state.history):
            case Cancelled() | Removed() | Changed():
                self._pool.stop(draft.mission)
            case Unchanged() | Unreadable() if self._work.in_vain(draft.mission, view):
                self._pool.stop(draft.mission)
            case Unchanged() | Unreadable():
                pass
        return None

    def _say(self, standing: Standing, draft: Draft, turned: Turned) -> Rest | None:
        match turned:
            case Resting(rest=rest):
                return rest
            case UnderWay(what=what):
                self._told(draft.mission, what)
            case Archived():
                standing.closed.append(draft.mission)
                self._told(draft.mission, "closed")
        return None

    def _rest(self, standing: Standing, mission: MissionId, rest: Rest) -> None:
        standing.rests[mission] = rest
        before = self.standing.rests.get(mission)
        if before is None or before.reason != rest.reason:
            self._told(mission, f"{rest.reason.replace('_', ' ')}: {rest.why}")

"""The pages and figures as the loop sees them: made in a worker, written by the main thread.

They are made only where what they tell may have changed, and `pages.every_s` apart: a busy day is
not a page a second, and an idle daemon does nothing. Whoever runs until idle writes them once, at
the end.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from daemon.log import get_logger
from daemon.opened import Opened
from daemon.pages.deed import Made, Task, Unmade, make
from daemon.pages.exposition import Exposition
from daemon.pool import Pool
from daemon.remote.hub import AnyHub
from daemon.site import Site
from daemon.standing import Standing
from daemon.view import View
from daemon.wake import Wake
from gitops import ledger, refs
from policy.backlog.reasons import counts
from policy.backlog.scene import Scene
from policy.backlog.selection import Selection
from policy.ids import CommitId, MissionId
from policy.mission.states import Closed, Mission, Waiting
from policy.mission.world import Frozen
from policy.pages.glance import neutral
from policy.pages.pages import off_pages
from policy.pages.series import Snapshot

KEY = "(pages)"
"""The pool's key."""
_log = get_logger()


@dataclass(frozen=True)
class _Told:
    """What the pages tell of, as far as it can change; equal: they would be the same."""

    target: CommitId
    missions: str
    """Names all that are closed."""
    open: tuple[tuple[MissionId, str], ...]
    """Each with the request it waits for."""
    unread: frozenset[MissionId]
    hindered: tuple[object, ...]
    """Why nothing is opened at all."""
    day: str


class PageTurner:
    """Every method is called by the main thread."""

    def __init__(self, site: Site, wake: Wake) -> None:
        self._site = site
        self._pool: Pool[Made | Unmade] = Pool(wake, site.clock.now)
        exposed = site.outside.host.metrics
        self._exposition = None if exposed is None else Exposition(exposed)
        self._begun: datetime | None = None
        """When they were made last."""
        self._failed = False
        """Whether that came to nothing."""
        self._told: _Told | None = None
        self._made: Made | None = None
        self._pages: Mapping[str, bytes] = {}
        """Made, and not known to be on the ledger yet."""
        self._missions: tuple[CommitId | None, str] = (None, "")
        self._off: CommitId | None = None
        """The ledger's tip at which pages were found to be switched off."""
        self._items: tuple[Selection, dict[str, int]] | None = None
        self.at_the_end = False
        """Whether pages are made once nothing else is under way, and not before."""

    def write(self, view: View, hub: AnyHub) -> None:
        """Take what was made, and write what of it the ledger has otherwise."""
        self._take()
        tip = self._ledger(view)
        if tip is None:
            return
        if not view.policy().policy.pages.written and tip != self._off:
            self._pages, self._off = off_pages(ledger.names_at(self._site.store, tip)), tip
        self._write(tip, hub)

    def turn(self, view: View, opened: Opened, standing: Standing) -> None:
        """Have the pages made where that is due."""
        tip = self._ledger(view)
        if tip is not None and view.activity != "stopping":
            self._begin(view, opened, _open(opened), standing, tip)
        standing.under_way |= self._pool.under_way()
        standing.since |= self._pool.since()

    def show(self, opened: Opened, standing: Standing) -> None:
        """Show the figures where they are served, whatever the reconcile came to."""
        if self._exposition is None:
            return
        missions = _open(opened)
        chosen = standing.selection
        if chosen is not None and (self._items is None or self._items[0] is not chosen):
            told = {"next": len(chosen.order), **counts(chosen.skipped.values())}
            self._items = (chosen, told)
        snapshot = Snapshot(
            reconciled=self._site.clock.now().timestamp(),
            total=None if self._made is None else self._made.counted.book.total,
            open=len(missions),
            waiting=sum(isinstance(one, Waiting) for one in missions),
            frozen=bool(standing.doubts),
            under_way=len(standing.under_way),
            items={} if self._items is None else self._items[1],
        )
        self._exposition.show(snapshot)
        standing.unserved = self._exposition.why

    def check(self) -> None:
        """Raise `WorkerDiedError` where the worker died."""
        self._pool.check()

    def stop(self) -> None:
        self._pool.stop_all()

    def close(self) -> None:
        """Wait for the worker; serve nothing any more."""
        self._pool.close()
        if self._exposition is not None:
            self._exposition.close()

    def _ledger(self, view: View) -> CommitId | None:
        """Return the ledger's tip; None where nothing may be written on it."""
        if isinstance(view.integrity, Frozen):
            return None
        return refs.read(self._site.store, refs.LEDGER)

    def _take(self) -> None:
        for flight in self._pool.over():
            match flight.future.result():
                case Made() as made:
                    self._made, self._pages, self._failed = made, made.pages, False
                case Unmade(why=why):
                    self._failed = True
                    _log.warning("pages and figures stay as they are", why=why)

    def _write(self, tip: CommitId, hub: AnyHub) -> None:
        """Write the pages that the ledger has otherwise, where the hub lets us."""
        if not self._pages:
            return
        site = self._site
        stale = ledger.differing(site.store, tip, self._pages)
        if not stale:
            self._pages = {}
        elif hub.takes_pages(tip):
            site.point("pages")
            written = ledger.with_pages(
                site.store,
                site.key,
                stale,
                ledger=tip,
                trusted=site.trust.daemons,
                at=int(site.clock.now().timestamp()),
            )
            hub.put_pages(site, tip, written)
            site.point("paged")

    def _begin(
        self,
        view: View,
        opened: Opened,
        missions: tuple[Mission, ...],
        standing: Standing,
        tip: CommitId,
    ) -> None:
        scene = standing.scene
        if scene is None or self._pool.under_way():
            return
        told = self._tells(view, opened, missions, tip, scene)
        if told == self._told and not self._is_over(view.now):
            return
        rules = view.policy().policy.pages
        if not rules.written and self._exposition is None:
            return
        if not self._is_due(view.now, rules.every_s, standing):
            return
        self._told, self._begun = told, view.now
        task = Task(
            ledger=tip,
            tree=view.tip.tree,
            scene=neutral(scene),
            missions=missions,
            unread=frozenset(opened.unread),
            effective=view.policy(),
            counted=None if self._made is None else self._made.counted,
        )
        self._pool.start(KEY, "write the pages", lambda stop: make(self._site, task, stop))

    def _is_over(self, now: datetime) -> bool:
        """Tell whether time alone asks for them anew."""
        until = None if self._made is None else self._made.until
        again = self._failed and not self.at_the_end
        return again or (until is not None and now >= until)

    def _is_due(self, now: datetime, every_s: int, standing: Standing) -> bool:
        if self.at_the_end:
            return not standing.again and not standing.under_way
        if self._begun is None or now < self._begun:  # a clock may have been put back
            return True
        due = self._begun + timedelta(seconds=every_s)
        if now < due:
            standing.due["pages"] = due
        return now >= due

    def _tells(
        self, view: View, opened: Opened, missions: tuple[Mission, ...], tip: CommitId, scene: Scene
    ) -> _Told:
        return _Told(
            target=view.tip.commit,
            missions=self._closed_at(tip),
            open=tuple((one.history.mission, _request(one)) for one in missions),
            unread=frozenset(opened.unread),
            hindered=(
                scene.activity,
                scene.integrity,
                scene.unjudged,
                scene.spent,
                scene.quiet_until,
            ),
            day=view.now.date().isoformat(),
        )

    def _closed_at(self, tip: CommitId) -> str:
        """Return what names all closed missions at *tip*, read once."""
        if self._missions[0] != tip:
            self._missions = (tip, ledger.missions_at(self._site.store, tip))
        return self._missions[1]


def _open(opened: Opened) -> tuple[Mission, ...]:
    """Return the missions that are open still, by name."""
    found = (draft.state for _, draft in sorted(opened.drafts.items()))
    return tuple(one for one in found if one is not None and not isinstance(one, Closed))


def _request(mission: Mission) -> str:
    return mission.asked.request if isinstance(mission, Waiting) else ""

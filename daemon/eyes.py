"""Eyes: a new `View` whenever the target has moved, and what is dear to read kept until then."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from types import MappingProxyType

from daemon.builders.command import crew_of
from daemon.integrity import Doubt
from daemon.log import get_logger
from daemon.people.counsel import Counsel
from daemon.people.following import People
from daemon.people.rewrite import accepted
from daemon.site import Site
from daemon.view import REMEMBERED, Activity, View, or_shipped
from gitops.intake import Intake, ItemCache
from gitops.landing.line import newest_landing
from gitops.objects import read_blob
from gitops.observe import POLICY, Lost, Tip, blob_at, is_paused, observe_tip
from gitops.repository import Store
from policy.backlog.graph import Backlog
from policy.ids import MissionId
from policy.landing.standing import Unread, last_landing, unread_landing
from policy.landing.turns import Judging
from policy.mission.integrity import of_policy
from policy.mission.states import Mission
from policy.mission.world import Frozen, Integrity
from policy.notifying.rules import Rules
from policy.problems import Problem
from policy.problems import Unreadable as BadFile
from policy.rules.load import Effective, load_policy

_log = get_logger()


def policy_at(store: Store, tip: Tip) -> Effective | BadFile:
    """Return the policy at *tip*, or what is wrong with it."""
    blob = blob_at(store, tip.tree, POLICY)
    if blob is None:
        return BadFile((Problem(0, 0, f"there is no file {POLICY}"),))
    return _loaded(read_blob(store, blob))


_loaded = lru_cache(maxsize=REMEMBERED)(load_policy)


class Eyes:
    """Makes views; remembers what is dear to read."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._people = People(site)
        self._intake = Intake(cache=ItemCache(site.state / "cache", writes=True))
        self._last: tuple[str, Effective | BadFile, Backlog, bool] | None = None
        self._landed: tuple[str, MissionId | None] | None = None
        """The mission that landed last, by the tip it was looked for at."""

    def look(
        self,
        *,
        integrity: Integrity,
        activity: Activity,
        judging: tuple[Judging, ...] = (),
        busy: frozenset[MissionId] = frozenset(),
        missions: Iterable[Mission] = (),
        unread: Mapping[MissionId, str] = MappingProxyType({}),
    ) -> View | Lost:
        """Return the view at the target's tip as it is now.

        *activity* is `stopping` or `active`; PAUSE at the tip makes it `paused`. *missions* are
        the open ones, *unread* the open ones whose ledger cannot be believed, and why.
        """
        tip = observe_tip(self._site.store, self._site.target)
        if isinstance(tip, Lost):
            return tip
        effective, backlog, paused = self._read(tip)
        counsel = Counsel(
            self._site.store, self._people, tip, or_shipped(effective), tuple(missions)
        )
        if paused and activity == "active":
            activity = "paused"
        return View(
            site=self._site,
            tip=tip,
            effective=effective,
            backlog=backlog,
            integrity=self._doubt(effective, integrity, counsel),
            activity=activity,
            now=self._site.clock.now(),
            counsel=counsel,
            judging=judging,
            busy=busy,
            last=last_landing(counsel.missions, self._unread(tip, unread)),
        )

    def believe(self, doubt: Doubt) -> None:
        """Go on with a target that was rewritten, where a person has signed that it is right."""
        seen = doubt.rewritten()
        tip = observe_tip(self._site.store, self._site.target)
        if seen is None or isinstance(tip, Lost):
            return
        effective = policy_at(self._site.store, tip)
        if isinstance(effective, BadFile):
            return
        found = accepted(self._site, self._people, tip, effective, seen)
        if found is not None:
            by = {"who": found.principal, "permission": found.permission}
            _log.warning("a rewritten target is accepted", was=seen, to=tip.commit, **by)
            doubt.accept(tip.commit)

    def _unread(self, tip: Tip, unread: Mapping[MissionId, str]) -> Unread | None:
        if not unread:
            return None  # without looking for it: the last landing may lie far back
        if self._landed is None or self._landed[0] != tip.commit:
            newest = newest_landing(self._site.store, tip.commit, self._site.trust.daemons)
            self._landed = tip.commit, newest and newest[1].mission
        return unread_landing(self._landed[1], unread)

    @property
    def interval_s(self) -> int:
        """Seconds between two reconciles that nothing asks for, by the policy seen last."""
        return self._seen().policy.reconcile_s

    @property
    def retention_days(self) -> int:
        """Days that what is kept outside of the ledger is kept, by the policy seen last."""
        return self._seen().policy.evidence.retention_days

    @property
    def rules(self) -> Rules | None:
        """What people are told of, by the policy seen last; None where that is no policy."""
        effective = self._last[1] if self._last else None
        if not isinstance(effective, Effective):
            return None
        policy = effective.policy
        return Rules(
            notifications=policy.notifications, notices=policy.notices, requests=policy.requests
        )

    def _seen(self) -> Effective:
        return or_shipped(self._last[1] if self._last else None)

    def _read(self, tip: Tip) -> tuple[Effective | BadFile, Backlog, bool]:
        if self._last is None or self._last[0] != tip.commit:
            effective = policy_at(self._site.store, tip)
            policy = or_shipped(effective).policy
            crew = crew_of(policy)
            backlog = self._intake.read(
                self._site.store, tip.commit, policy.backlog, crew, policy.backlog_markdown
            )
            paused = is_paused(self._site.store, tip.tree)
            self._last = (tip.commit, effective, backlog, paused)
        return self._last[1:]

    def _doubt(
        self, effective: Effective | BadFile, integrity: Integrity, counsel: Counsel
    ) -> Integrity:
        if isinstance(integrity, Frozen):
            return integrity
        unsigned = counsel.doubt()
        if unsigned is not None:
            return unsigned
        if isinstance(effective, BadFile):
            return Frozen(why=f"{POLICY} at the target's tip is no policy: {effective}")
        return of_policy(effective.policy, self._site.target)

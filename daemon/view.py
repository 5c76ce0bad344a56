"""What one turn sees: the target's tip, its policy, its backlog, and a mission's place in them.

A `View` is of one commit. `Eyes` makes a new one whenever the target has moved and keeps what is
dear to read: an unchanged backlog is not parsed again.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Literal

from daemon.builders.command import call_of, crew_of
from daemon.environments.furnisher import Furnisher, Furnishing
from daemon.environments.wanted import Wanted
from daemon.mission.draft import Draft
from daemon.sandbox.probes import Conforms, Unavailable
from daemon.site import Site
from daemon.start import start_of
from gitops.intake import Intake, ItemCache
from gitops.landing.checkout import observe as observe_checkout
from gitops.landing.landed import only_landings
from gitops.objects import read_blob
from gitops.observe import POLICY, Lost, Tip, blob_at, contains, is_paused, observe_tip
from gitops.repository import Store
from policy.backlog.forms import item_in
from policy.backlog.graph import Backlog, Filed
from policy.backlog.item import BacklogItem
from policy.backlog.parse import BadItem
from policy.gates.definition import required
from policy.gates.limits import within
from policy.ids import ChangeId, Digest, ItemId, TreeId, item_of
from policy.landing.turns import Judging, goes_first
from policy.mission.integrity import of_policy
from policy.mission.states import History, Judged, Landing, Mission, Proposed
from policy.mission.world import (
    Cancelled,
    Changed,
    Checkout,
    Clear,
    Free,
    Frozen,
    Integrity,
    Isolated,
    Isolation,
    NoSandbox,
    NotLanded,
    OnTip,
    Prepared,
    Removed,
    Sighting,
    Unchanged,
    Unprepared,
    Unreadable,
    Way,
    Wish,
    World,
    Yields,
)
from policy.problems import Problem
from policy.problems import Unreadable as BadFile
from policy.rules.load import Effective, load_policy, shipped_policy


class TargetLostError(Exception):
    """The target cannot be read as a commit: everything freezes until it can (F33)."""


class UnreadableItemError(Exception):
    """The item a mission was opened for is none any more: by another release, or by damage."""


Activity = Literal["active", "paused", "stopping"]
_REMEMBERED = 32
"""Items and policies that are not parsed again, by their content: every turn of a mission asks."""


@dataclass(frozen=True)
class View:
    """The target at one commit, and what a decision may look at there."""

    site: Site
    tip: Tip
    effective: Effective | BadFile
    backlog: Backlog
    integrity: Integrity
    activity: Activity
    now: datetime
    judging: tuple[Judging, ...] = ()
    """Candidates of this daemon whose gates run now."""

    def mission(self, draft: Draft) -> Mission:
        if draft.state is None:
            raise ValueError(f"{draft.mission} has no fact yet")
        return draft.state

    def pinned(self, history: History) -> BacklogItem:
        """Return the item as it was when the mission opened."""
        opened = history.opened
        content = read_blob(self.site.store, opened.item_blob)
        match _parsed(opened.item_path, content, item_of(history.mission)):
            case BacklogItem() as item:
                return item
            case BadItem() as bad:
                raise UnreadableItemError(f"{history.mission}: its item was readable once: {bad}")

    def policy(self) -> Effective:
        """Return the policy at the tip; where that is broken, the shipped one: all is frozen then.

        A broken policy freezes (F84). What still is recorded, such as a landing that happened,
        needs limits for its evidence and nothing else of it.
        """
        return _or_shipped(self.effective)

    def policy_of(self, draft: Draft) -> Effective:
        """Return what facts are recorded under: a broken policy has no name, the last one had."""
        effective = self.policy()
        if isinstance(self.effective, Effective) or not draft.records:
            return effective
        return replace(effective, digest=draft.records[-1].policy)

    def policy_for(self, item: BacklogItem) -> Effective:
        """Return the policy as it holds for *item*, which may ask for less."""
        effective = self.policy()
        policy = effective.policy
        mission = within(policy.budgets.mission, item.budget)
        budgets = policy.budgets.model_copy(update={"mission": mission})
        return replace(effective, policy=policy.model_copy(update={"budgets": budgets}))

    def place(self, item: ItemId) -> Filed | None:
        """Return where the item is on the target now."""
        return self.backlog.items.get(item)

    def world(self, mission: Mission) -> World:
        history = mission.history
        item = self.pinned(history)
        effective = self.policy_for(item)
        furnishing = self.furnishing(mission)
        call = call_of(item, self.environment(furnishing), effective.policy)
        return World(
            target=self.tip.commit,
            target_tree=self.tip.tree,
            policy=effective.policy,
            policy_digest=effective.digest,
            wish=self.wish(history),
            integrity=self.integrity,
            activity=self.activity,
            isolation=self._isolation(),
            checkout=self._checkout(mission),
            sighting=self._sighting(mission),
            way=self._way(history),
            moved_by=self._moved_by(history),
            call=call,
            start=start_of(self.site.store, mission, call, effective.policy, self.tip.commit),
            preparation=Prepared() if isinstance(furnishing, Furnishing) else furnishing,
            required=required(item, effective.policy, _proposed_change(mission)),
            approval="missing" if item.requires_approval else "not_needed",
            now=self.now,
        )

    @property
    def furnisher(self) -> Furnisher:
        return Furnisher(self.site, self.policy().policy, self.tip.tree)

    def furnishing(self, mission: Mission) -> Furnishing | Unprepared:
        """Return the environments *mission* needs now, or the first that is not there."""
        if not self.policy().policy.environments:
            return Furnishing({}, {})  # without reading the item once more
        return self.furnisher.of(self.pinned(mission.history), _candidate(mission))

    def missing(self, mission: Mission, key: Digest) -> Wanted | None:
        """Return the environment of *key*, if *mission* needs it now."""
        return self.furnisher.missing(self.pinned(mission.history), _candidate(mission), key)

    def environment(self, furnishing: Furnishing | Unprepared) -> Digest:
        """Return the digest facts are recorded with; the host's alone while one is missing."""
        return self.furnisher.digest(furnishing)

    def wish(self, history: History) -> Wish:
        """Return what the target says of the mission's item now."""
        item_id = item_of(history.mission)
        now = self.place(item_id)
        bad = next((one for one in self.backlog.bad if one.item == item_id), None)
        if bad is not None:
            return Unreadable(why=str(bad))
        if now is None:
            return Removed()
        if now.item.status != "todo":
            return Cancelled(status=now.item.status)
        return Unchanged() if now.spec == history.opened.spec_hash else Changed()

    def _isolation(self) -> Isolation:
        match self.site.door.isolation():
            case Conforms():
                return Isolated()
            case Unavailable() as unavailable:
                return NoSandbox(why=str(unavailable))

    def _checkout(self, mission: Mission) -> Checkout:
        """Only a mission that may land next asks: looking is as dear as `git status`.

        One whose landing has begun does not: the landing looks itself, with the index locked.
        """
        if not isinstance(mission, Judged):
            return Free()
        return observe_checkout(self.site.store, self.tip.ref)

    def _sighting(self, mission: Mission) -> Sighting:
        if isinstance(mission, Landing) and contains(
            self.site.store, self.tip.commit, mission.landing.landed
        ):
            return OnTip()
        return NotLanded()

    def _moved_by(self, history: History) -> Literal["landings", "others"]:
        following = history.following
        if following.rebuilds <= self.policy().policy.landing.rebuilds or following.base is None:
            return "others"
        store, trusted = self.site.store, self.site.trust.daemons
        ours = only_landings(store, following.base, self.tip.commit, trusted)
        return "landings" if ours else "others"

    def _way(self, history: History) -> Way:
        limits = self.policy().policy.landing
        first = goes_first(self.judging, self.tip.commit, limits)
        if first is None or first.mission == history.mission:
            return Clear()
        return Yields(to=first.mission, rebuilds=first.rebuilds)


def policy_at(store: Store, tip: Tip) -> Effective | BadFile:
    """Return the policy at *tip*, or what is wrong with it."""
    blob = blob_at(store, tip.tree, POLICY)
    if blob is None:
        return BadFile((Problem(0, 0, f"there is no file {POLICY}"),))
    return _loaded(read_blob(store, blob))


_parsed = lru_cache(maxsize=_REMEMBERED)(item_in)
_loaded = lru_cache(maxsize=_REMEMBERED)(load_policy)


class Eyes:
    """Makes views; remembers what is dear to read."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._intake = Intake(cache=ItemCache(site.state / "cache", writes=True))
        self._last: tuple[str, Effective | BadFile, Backlog, bool] | None = None

    def look(
        self, *, integrity: Integrity, activity: Activity, judging: tuple[Judging, ...] = ()
    ) -> View | Lost:
        """Return the view at the target's tip as it is now.

        *activity* is `stopping` or `active`; PAUSE at the tip makes it `paused`.
        """
        tip = observe_tip(self._site.store, self._site.target)
        if isinstance(tip, Lost):
            return tip
        effective, backlog, paused = self._read(tip)
        if paused and activity == "active":
            activity = "paused"
        return View(
            site=self._site,
            tip=tip,
            effective=effective,
            backlog=backlog,
            integrity=self._doubt(effective, integrity),
            activity=activity,
            now=self._site.clock.now(),
            judging=judging,
        )

    @property
    def interval_s(self) -> int:
        """Seconds between two reconciles that nothing asks for, by the policy seen last."""
        return self._seen().policy.reconcile_s

    @property
    def retention_days(self) -> int:
        """Days that what is kept outside of the ledger is kept, by the policy seen last."""
        return self._seen().policy.evidence.retention_days

    def _seen(self) -> Effective:
        return _or_shipped(self._last[1] if self._last else None)

    def _read(self, tip: Tip) -> tuple[Effective | BadFile, Backlog, bool]:
        if self._last is None or self._last[0] != tip.commit:
            effective = policy_at(self._site.store, tip)
            policy = _or_shipped(effective).policy
            crew = crew_of(policy)
            backlog = self._intake.read(
                self._site.store, tip.commit, policy.backlog, crew, policy.backlog_markdown
            )
            paused = is_paused(self._site.store, tip.tree)
            self._last = (tip.commit, effective, backlog, paused)
        return self._last[1:]

    def _doubt(self, effective: Effective | BadFile, integrity: Integrity) -> Integrity:
        if isinstance(integrity, Frozen):
            return integrity
        if isinstance(effective, BadFile):
            return Frozen(why=f"{POLICY} at the target's tip is no policy: {effective}")
        return of_policy(effective.policy, self._site.target)


def _or_shipped(effective: Effective | BadFile | None) -> Effective:
    return effective if isinstance(effective, Effective) else shipped_policy()


def _candidate(mission: Mission) -> TreeId | None:
    return mission.candidate.tree if isinstance(mission, Proposed | Judged) else None


def _proposed_change(mission: Mission) -> ChangeId | None:
    return mission.candidate.change if isinstance(mission, Proposed | Judged) else None

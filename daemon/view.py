"""What one turn sees: the target's tip, its policy, its backlog, and a mission's place in them.

A `View` is of one commit; `daemon/eyes.py` makes a new one whenever the target has moved.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Literal

from daemon.builders.command import call_of
from daemon.environments.furnisher import Furnisher, Furnishing
from daemon.environments.wanted import Wanted
from daemon.gates.needed import Seen, after_of, required_of, voided
from daemon.mission.draft import Draft
from daemon.people.counsel import Counsel
from daemon.sandbox.probes import Conforms, Unavailable
from daemon.shortage import short_of_room
from daemon.site import Site
from daemon.start import good_tree, start_of
from gitops.landing.checkout import observe as observe_checkout
from gitops.landing.line import only_landings
from gitops.objects import read_blob
from gitops.observe import Tip, contains
from policy.backlog.forms import item_in
from policy.backlog.graph import Backlog, Filed
from policy.backlog.item import BacklogItem
from policy.backlog.parse import BadItem
from policy.gates.limits import within
from policy.ids import Digest, ItemId, MissionId, TreeId, item_of
from policy.landing.standing import Red
from policy.landing.turns import Judging, goes_first
from policy.mission.states import (
    History,
    Judged,
    Landing,
    Mission,
    Proposed,
    Reverting,
    Settled,
)
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
    Sound,
    Unchanged,
    Unjudged,
    Unprepared,
    Unreadable,
    Way,
    Wish,
    World,
    Yields,
)
from policy.people.standing import with_standing
from policy.problems import Unreadable as BadFile
from policy.rules.hours import quiet_until
from policy.rules.load import Effective, shipped_policy


class TargetLostError(Exception):
    """The target cannot be read as a commit: everything freezes until it can (F33)."""


class UnreadableItemError(Exception):
    """The item a mission was opened for is none any more: by another release, or by damage."""


Activity = Literal["active", "paused", "stopping"]
REMEMBERED = 32
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
    counsel: Counsel
    busy: frozenset[MissionId] = frozenset()
    """Missions something runs for now."""
    judging: tuple[Judging, ...] = ()
    """Candidates of this daemon whose gates run now."""
    last: Unjudged | Red | None = None
    """The last landing, where it is not judged green: all but its own mission wait."""

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
        return or_shipped(self.effective)

    def policy_of(self, draft: Draft) -> Effective:
        """Return what facts are recorded under: a broken policy has no name, the last one had."""
        effective = self.policy()
        if isinstance(self.effective, Effective) or not draft.records:
            return effective
        return replace(effective, digest=draft.records[-1].policy)

    def policy_for(self, item: BacklogItem) -> Effective:
        """Return the policy as it holds for *item*, which may ask for less."""
        effective = self.policy()
        policy = with_standing(effective.policy, self.counsel.standing)
        mission = within(policy.budgets.mission, item.budget)
        if mission is policy.budgets.mission:
            return replace(effective, policy=policy)
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
            good_tree=good_tree(self.site.store, mission, self.tip.tree),
            policy=effective.policy,
            policy_digest=effective.digest,
            wish=self.wish(history),
            integrity=self.doubt(history.mission),
            activity=self.activity,
            isolation=self._isolation(),
            short=self.short,
            checkout=self._checkout(mission),
            sighting=self._sighting(mission),
            way=self._way(history),
            busy=len(self.busy - {history.mission}),
            moved_by=self._moved_by(history),
            call=call,
            start=start_of(self.site.store, mission, call, effective.policy, self.tip.commit),
            preparation=Prepared() if isinstance(furnishing, Furnishing) else furnishing,
            required=required_of(mission, item, effective.policy),
            after=after_of(mission, item, effective.policy, self._seen(mission)),
            said=self.counsel.said(mission, item, effective),
            voided=voided(mission, item, self.policy().policy, effective.policy),
            now=self.now,
            quiet_until=self._quiet_until(mission),
        )

    def _quiet_until(self, mission: Mission) -> datetime | None:
        """Return until when *mission* starts no attempt; a red target is mended at any time."""
        if mission.history.repairing is not None or isinstance(mission, Settled):
            return None
        return self.quiet_until

    @property
    def quiet_until(self) -> datetime | None:
        return quiet_until(self.policy().policy.active_hours, self.now)

    def doubt(self, mission: MissionId | None = None) -> Integrity:
        """Return what stands against opening, or against what *mission* does, as to integrity."""
        if isinstance(self.integrity, Sound) and isinstance(self.last, Red):
            doubt = Frozen(why=self.last.why, needs=self.last.needs)
            return self.integrity if self.last.mission == mission else doubt
        return self.integrity

    @property
    def short(self) -> str | None:
        """Why this host has no room to start anything; looked at each time it is asked."""
        return short_of_room(self.site.outside)

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
        if history.repairing is not None and now.item.status != "done":
            return Removed()  # somebody has taken the landing back
        if history.repairing is None and now.item.status != "todo":
            return Cancelled(status=now.item.status)
        return Unchanged() if now.spec == history.opened.spec_hash else Changed()

    def _isolation(self) -> Isolation:
        match self.site.door.isolation():
            case Conforms():
                return Isolated()
            case Unavailable() as unavailable:
                return NoSandbox(why=str(unavailable))

    def _checkout(self, mission: Mission) -> Checkout:
        """Only a mission that may land or revert next asks: looking is as dear as `git status`.

        One whose landing has begun does not: the landing looks itself, with the index locked.
        """
        reverts = isinstance(mission, Settled) and mission.red
        if not isinstance(mission, Judged) and not reverts:
            return Free()
        return observe_checkout(self.site.store, self.tip.ref)

    def _sighting(self, mission: Mission) -> Sighting:
        if isinstance(mission, Landing):
            moved = mission.landing.landed
        elif isinstance(mission, Reverting):
            moved = mission.revert.commit
        else:
            return NotLanded()
        return OnTip() if contains(self.site.store, self.tip.commit, moved) else NotLanded()

    def _moved_by(self, history: History) -> Literal["landings", "others"]:
        following = history.following
        if following.rebuilds <= self.policy().policy.landing.rebuilds or following.base is None:
            return "others"
        store, trusted = self.site.store, self.site.trust.daemons
        ours = only_landings(store, following.base, self.tip.commit, trusted)
        return "landings" if ours else "others"

    def _seen(self, mission: Mission) -> Seen:
        place = self.place(item_of(mission.history.mission))
        return Seen(self.tip.commit, done=place is not None and place.item.status == "done")

    def _way(self, history: History) -> Way:
        limits = self.policy().policy.landing
        first = goes_first(self.judging, self.tip.commit, limits)
        if isinstance(self.last, Unjudged) and self.last.mission != history.mission:
            return self.last
        if first is None or first.mission == history.mission:
            return Clear()
        return Yields(to=first.mission, rebuilds=first.rebuilds)


_parsed = lru_cache(maxsize=REMEMBERED)(item_in)


def or_shipped(effective: Effective | BadFile | None) -> Effective:
    return effective if isinstance(effective, Effective) else shipped_policy()


def _candidate(mission: Mission) -> TreeId | None:
    return mission.candidate.tree if isinstance(mission, Proposed | Judged) else None

"""What selection is told, as far as it can be read from the repository alone.

Nothing is run: conditions that need the sandbox stay unobserved, and are shown so. Works in any
clone; what the clone lacks (open missions that were not fetched) the answer lacks as well.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from daemon.builders.command import crew_of
from daemon.cli.asked import Asking, asking
from daemon.cli.exits import Exit, RefusedError
from daemon.cli.hub import offline
from daemon.cli.missions import Known, Missions, Unknown
from daemon.cli.place import Place, policy_at
from daemon.cli.resting import Resting, last_said
from daemon.clock import SystemClock
from daemon.opening.spending import Spending
from daemon.outside import Outside
from daemon.shortage import short_of_room
from gitops import highwater
from gitops.highwater import Corrupt, HighWater
from gitops.intake import Intake, ItemCache
from gitops.landing.line import newest_landing
from gitops.ledger import BrokenDossierError, is_closed
from gitops.objects import DamagedObjectError, MissingObjectError, read_blob
from gitops.observe import POLICY, Tip, contains, is_paused
from gitops.refs import list_missions, mission_ref
from policy.backlog.forms import item_in
from policy.backlog.graph import Backlog
from policy.backlog.item import BacklogItem
from policy.backlog.scene import Closing, Open, Scene
from policy.backlog.selection import Selection, select
from policy.backlog.spending import RunSpent
from policy.ids import ItemId, MissionId, item_of
from policy.landing.standing import Red, Unread, last_landing, unread_landing
from policy.mission.integrity import of_policy, rewritten
from policy.mission.states import Mission, Waiting
from policy.mission.world import Frozen, Integrity, Sound, Unjudged
from policy.problems import Unreadable
from policy.rules.hours import quiet_until
from policy.rules.model import Policy


class BrokenPolicyError(RefusedError):
    """The policy at the tip cannot be read: nothing can be selected; the rest can still be told."""


@dataclass(frozen=True)
class Scenery:
    """A scene, what is selected in it, and the missions it was read from.

    Closed missions are read only of items that could be opened: there may be many.
    """

    scene: Scene
    selection: Selection
    missions: Missions
    opened: tuple[Known | Unknown, ...]
    asks: Mapping[ItemId, Asking]
    """What missions of items ask of people."""
    rests: Mapping[ItemId, Resting]
    """Why open missions of items do not go on, where a daemon of this host has said so."""


def scenery(place: Place, tip: Tip) -> Scenery:
    """Return what would be opened at *tip*; `BrokenPolicyError` has exit 3."""
    effective = policy_at(place, tip.tree)
    if isinstance(effective, Unreadable):
        raise BrokenPolicyError(
            Exit.INVALID,
            attempted="read",
            on=f"{POLICY} at {tip.commit[:12]} of {tip.ref}",
            why=[str(problem) for problem in effective.problems],
            then="Nothing lands until it is mended; `pawl schema policy` lists every key.",
        )
    policy = effective.policy
    now = SystemClock().now()
    missions = Missions(place)
    opened = tuple(missions.opened())
    crew = crew_of(policy)
    intake = Intake(cache=_cache(place))
    backlog = intake.read(place.store, tip.commit, policy.backlog, crew, policy.backlog_markdown)
    closed, unread = _closed(missions, backlog)
    last = last_landing(
        (one.state for one in opened if isinstance(one, Known)), _unread(place, tip, opened)
    )
    doubt = unread or _integrity(place, tip, policy)
    if isinstance(doubt, Sound) and isinstance(last, Red):
        doubt = Frozen(why=last.why, needs=last.needs)
    states = [one.state for one in opened if isinstance(one, Known)]
    spent = _spent(place, missions, policy, states, now)
    scene = Scene(
        backlog=backlog,
        policy=policy,
        policy_digest=effective.digest,
        now=now,
        today=now.date(),
        open=tuple(_open(place, one) for one in opened),
        closed=closed,
        integrity=doubt,
        offline=offline(place),
        short=short_of_room(place.outside) if isinstance(place.outside, Outside) else None,
        unjudged=last.why if isinstance(last, Unjudged) else None,
        activity="paused" if is_paused(place.store, tip.tree) else "active",
        spent=spent.why if spent is not None else None,
        spent_until=spent.until if spent is not None else None,
        quiet_until=quiet_until(policy.active_hours, now),
    )
    ids = {one.mission for one in opened}
    rests = {item_of(one): rest for one, rest in last_said(place).items() if one in ids}
    asks = {item_of(one.known.mission): one for one in asking(opened)}
    return Scenery(scene, select(scene), missions, opened, asks, rests)


def _cache(place: Place) -> ItemCache | None:
    """Return what the daemon of this host read before; a command adds nothing to it."""
    if not isinstance(place.outside, Outside):
        return None
    return ItemCache(place.outside.state / "cache", writes=False)


def _closed(
    missions: Missions, backlog: Backlog
) -> tuple[Mapping[ItemId, tuple[Closing, ...]], Frozen | None]:
    """Return how missions of items ended; or, as the daemon opens none then, why that is unread."""
    try:
        return missions.past().of(backlog), None
    except (BrokenDossierError, MissingObjectError, DamagedObjectError) as error:
        return {}, Frozen(why=str(error))


def _unread(place: Place, tip: Tip, opened: Iterable[Known | Unknown]) -> Unread | None:
    """Return the last landing's mission where its ledger says nothing of it; as in the daemon."""
    unread = {one.mission: one.why for one in opened if isinstance(one, Unknown)}
    unread |= {mission: f"its ledger {mission_ref(mission)} is gone" for mission in _gone(place)}
    if not unread or place.trusted is None:
        return None
    newest = newest_landing(place.store, tip.commit, place.trusted)
    return unread_landing(newest[1].mission if newest else None, unread)


def _gone(place: Place) -> Iterator[MissionId]:
    """Yield the missions that the daemon of this host has seen, and that are not there."""
    mark = highwater.read(place.outside.mark) if isinstance(place.outside, Outside) else None
    if not isinstance(mark, HighWater):
        return
    listed = list_missions(place.store)
    for mission in mark.missions.keys() - listed.open.keys() - listed.broken.keys():
        if not is_closed(place.store, mission):
            yield mission


def _spent(
    place: Place, missions: Missions, policy: Policy, opened: list[Mission], now: datetime
) -> RunSpent | None:
    """Return what is used up; where that cannot be read, why, as the daemon opens nothing then."""
    spending = Spending(place.store, lambda: missions.ledger)
    try:
        return spending.spent(policy.budgets.run, opened, now)
    except (BrokenDossierError, MissingObjectError, DamagedObjectError) as error:
        return RunSpent(f"nobody can tell what was used: {error}", None)


def _integrity(place: Place, tip: Tip, policy: Policy) -> Integrity:
    """Return what the daemon would say of this target; without trust nobody can."""
    if not isinstance(place.outside, Outside):
        return Sound()
    match highwater.read(place.outside.mark):
        case Corrupt(path=path, why=why):
            return Frozen(why=f"the high-water mark {path} cannot be believed: {why}")
        case HighWater(target=seen) if seen is not None:
            if not contains(place.store, tip.commit, seen):
                return rewritten(tip.ref, found=tip.commit, seen=seen)
        case HighWater() | None:
            pass
    return of_policy(policy, tip.ref)


def _open(place: Place, one: Known | Unknown) -> Open:
    if isinstance(one, Unknown):
        return Open(one.mission, (), waiting=f"its ledger cannot be believed: {one.why}")
    opened = one.state.history.opened
    content = read_blob(place.store, opened.item_blob)
    item = item_in(opened.item_path, content, item_of(one.mission))
    scope = item.write_scope if isinstance(item, BacklogItem) else ("**",)
    if not isinstance(one.state, Waiting):
        return Open(one.mission, scope)
    return Open(one.mission, scope, one.state.asked.why, one.state.asked.outcome)

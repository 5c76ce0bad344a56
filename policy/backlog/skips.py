"""What can be in an item's way, in the order it is asked: each check answers why not, or None.

The first that applies is the reason. What has to be observed with effort is asked last, so that no
command is run for an item that would not be opened anyway.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from policy.backlog.conditions import Condition
from policy.backlog.graph import Filed, needs
from policy.backlog.rank import Rank, rank, unblocked, wave_rank
from policy.backlog.ready import obstacles, unapproved, unobserved
from policy.backlog.reasons import Skip, SkipReason, listed
from policy.backlog.resolved import quarantined, unresolved
from policy.backlog.scene import Open, Scene
from policy.ids import ItemId, item_of
from policy.mission.world import Frozen, Sound
from policy.paths import intersect


@dataclass(frozen=True)
class Pending:
    """Nothing known is in the way, and this is not known yet."""

    conditions: tuple[Condition, ...]


class Surroundings:
    """What is asked of the scene for many items, found once."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.items = {name: one.item for name, one in scene.backlog.items.items()}
        self.waits = needs(self.items)
        self.open = {item_of(one.mission): one for one in scene.open}

    def ranked(self, ready: list[Filed]) -> list[Filed]:
        ways = unblocked(self.items, self.waits)

        def key(one: Filed) -> Rank:
            name = one.item.item_id
            return rank(one, self.scene.closed.get(name, ()), ways.get(name, 0))

        return sorted(ready, key=key)

    @cached_property
    def unfinished(self) -> dict[str, list[ItemId]]:
        """Items of each wave that are neither done nor cancelled, in the order of waves."""
        waves: dict[str, list[ItemId]] = {}
        for name, item in self.items.items():
            open_end = item.status in ("todo", "blocked") and item.slice != "umbrella"
            if item.wave is not None and open_end:
                waves.setdefault(item.wave, []).append(name)
        return {wave: sorted(waves[wave]) for wave in sorted(waves, key=wave_rank)}

    @cached_property
    def halted(self) -> Skip | None:
        why = self._halt()
        return None if why is None else Skip(SkipReason.HALTED, why)

    def _halt(self) -> str | None:
        """Return why nothing at all may be opened."""
        scene, rules = self.scene, self.scene.policy.selection
        match scene.integrity:
            case Frozen(why=why):
                return f"frozen: {why}"
            case Sound():
                pass
        if scene.short is not None:
            return scene.short
        if scene.offline is not None:
            return f"opening needs the hub: {scene.offline}"
        if scene.unjudged is not None:
            return scene.unjudged
        if rules.on_invalid == "halt" and scene.backlog.bad:
            paths = listed([one.path for one in scene.backlog.bad])
            return f"no item is opened while there are unreadable ones: mend {paths}"
        waiting = [one.mission for one in scene.open if _is_stuck(one)]
        if rules.on_escalation == "halt" and waiting:
            return f"no item is opened while a person is waited for: answer {listed([*waiting])}"
        return None


def _is_stuck(one: Open) -> bool:
    """Return whether something went wrong that a person has to see to: an approval is none."""
    return one.waiting is not None and one.asked != "APPROVAL_REQUESTED"


def first(one: Filed, around: Surroundings) -> Skip | Pending | None:
    """Return the first reason that applies; conditions nobody observed come after all others."""
    for check in _CHECKS:
        skip = check(one, around)
        if skip is not None:
            return skip
    open_questions = unobserved(one.item, around.scene)
    return Pending(open_questions) if open_questions else None


def overlap(scope: tuple[str, ...], others: tuple[Open, ...]) -> Open | None:
    """Return the first of *others* that may write a path that *scope* may write as well."""
    return next(
        (
            other
            for other in others
            if any(intersect(mine, its) for mine in scope for its in other.write_scope)
        ),
        None,
    )


def _status(one: Filed, _: Surroundings) -> Skip | None:
    match one.item.status:
        case "todo":
            return None
        case "done":
            return _DONE
        case "cancelled":
            return _CANCELLED
        case "blocked":
            why = one.held or "its status is blocked; set it to todo"
            return Skip(SkipReason.BLOCKED_BY_PERSON, why)


_DONE = Skip(SkipReason.DONE, "its status is done")
_CANCELLED = Skip(SkipReason.CANCELLED, "its status is cancelled")


def _running(one: Filed, around: Surroundings) -> Skip | None:
    mission = around.open.get(one.item.item_id)
    if mission is None:
        return None
    waits = f" and waits for a person: {mission.waiting}" if mission.waiting is not None else ""
    return Skip(SkipReason.RUNNING, f"mission {mission.mission} is open{waits}")


def _umbrella(one: Filed, _: Surroundings) -> Skip | None:
    if one.item.slice != "umbrella":
        return None
    return Skip(SkipReason.UMBRELLA, "an umbrella is never run; split it into items")


def _phase(one: Filed, around: Surroundings) -> Skip | None:
    phase, most = one.item.phase, around.scene.policy.selection.max_phase
    if phase is None or phase <= most:
        return None
    return Skip(SkipReason.PHASE_CAP, f"is of phase {phase}, selection.max_phase is {most}")


def _blocked(one: Filed, around: Surroundings) -> Skip | None:
    ways = [
        f"{name} ({_stands(name, around)})"
        for name in around.waits.get(one.item.item_id, ())
        if name not in around.items or around.items[name].status != "done"
    ]
    return Skip(SkipReason.BLOCKED_BY, f"waits for {listed(ways)}") if ways else None


def _stands(name: ItemId, around: Surroundings) -> str:
    """Return what an item that is waited for is: its status, or how its last mission ended."""
    if name not in around.items:
        return "unreadable"
    past = around.scene.closed.get(name, ())
    if around.items[name].status == "todo" and past and past[-1].outcome != "PASS":
        return f"{past[-1].outcome}: {past[-1].reason}"
    return around.items[name].status


def _ready(one: Filed, around: Surroundings) -> Skip | None:
    found = [*obstacles(one.item, around.scene)]
    if not found:
        return None
    ends = [obstacle.retry_at for obstacle in found if obstacle.retry_at is not None]
    retry_at = max(ends) if len(ends) == len(found) else None
    return Skip(SkipReason.NOT_READY, "; ".join(one.why for one in found), retry_at)


def _wave(one: Filed, around: Surroundings) -> Skip | None:
    wave = one.item.wave
    if wave is None:
        return None
    for earlier, names in around.unfinished.items():
        if wave_rank(earlier) < wave_rank(wave):
            why = f"wave {earlier} comes before wave {wave} and is not done: {listed([*names])}"
            return Skip(SkipReason.WAITING_WAVE, why)
    rest = [
        name
        for name in around.unfinished.get(wave, [])
        if around.items[name].kind != "integration" and name != one.item.item_id
    ]
    if one.item.kind == "integration" and rest:
        why = f"closes wave {wave}, which is not done: {listed([*rest])}"
        return Skip(SkipReason.WAITING_WAVE, why)
    return None


def _permission(one: Filed, around: Surroundings) -> Skip | None:
    missing = [approval.approved for approval in unapproved(one.item, around.scene)]
    if not missing:
        return None
    why = f"waits for a person's approval of {listed(missing)}: pawl approve"
    return Skip(SkipReason.AWAITING_PERMISSION, why)


def _scope(one: Filed, around: Surroundings) -> Skip | None:
    other = overlap(one.item.write_scope, around.scene.running)
    if other is None:
        return None
    return Skip(SkipReason.SCOPE_OVERLAP, f"may write what {other.mission} may write, which runs")


def _activity(_: Filed, around: Surroundings) -> Skip | None:
    match around.scene.activity:
        case "active":
            until = around.scene.quiet_until
            why = "nothing is opened outside active_hours"
            return Skip(SkipReason.PAUSED, why, until) if until is not None else None
        case "paused":
            return _PAUSED
        case "stopping":
            return _STOPPING


_PAUSED = Skip(SkipReason.PAUSED, "`.pawl/PAUSE` is on the target; `pawl unpause` goes on")
_STOPPING = Skip(SkipReason.PAUSED, "the daemon is stopping")


def _halted(_: Filed, around: Surroundings) -> Skip | None:
    return around.halted


def _spent(_: Filed, around: Surroundings) -> Skip | None:
    scene = around.scene
    if scene.spent is None:
        return None
    return Skip(SkipReason.BUDGET_EXHAUSTED, scene.spent, scene.spent_until)


_CHECKS: tuple[Callable[[Filed, Surroundings], Skip | None], ...] = (
    _status,
    _running,
    lambda one, around: unresolved(one, around.scene),
    _umbrella,
    _phase,
    _blocked,
    _ready,
    _wave,
    lambda one, around: quarantined(one, around.scene),
    _permission,
    _scope,
    _activity,
    _halted,
    _spent,
)
"""In the order of `SkipReason`."""

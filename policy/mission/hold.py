"""What stands in the way of an action: doubt, a pause, a person's wish, a host without its sandbox.

Each is asked in one place, here; `None` means that it does not stand in the way.
"""

from policy.mission.actions import (
    Action,
    Answer,
    Archive,
    Ask,
    AskTarget,
    BuildCandidate,
    BuildLanding,
    BuildRevert,
    Claim,
    Classify,
    Close,
    EndRepair,
    Interrupt,
    JudgeCandidate,
    JudgeTarget,
    Miss,
    MissRevert,
    MoveBack,
    MoveTarget,
    Notice,
    Prepare,
    RecordLanding,
    RecordRevert,
    Rest,
    RunBuilder,
    RunTarget,
    Withdraw,
)
from policy.mission.facts import MissionClosed
from policy.mission.prepare import prepare
from policy.mission.states import History
from policy.mission.totals import totals
from policy.mission.world import (
    Cancelled,
    Changed,
    Clear,
    Free,
    Frozen,
    Held,
    Isolated,
    NoSandbox,
    Prepared,
    Removed,
    Sound,
    Unchanged,
    Unjudged,
    Unprepared,
    Unreadable,
    World,
    Yields,
)
from policy.rules.outcomes import Reason


def held_back(action: Action, world: World) -> Action:
    """Return *action* unless it would start something while nothing may start."""
    match action:
        case RunBuilder():
            quiet = resting(world) or _quiet(world) or _crowded(world)
            return quiet or _unable(world) or _unprepared(world) or action
        case JudgeCandidate():
            still = resting(world) or _crowded(world)
            return still or _unable(world) or _unprepared(world) or action
        case RunTarget():
            return resting(world) or _unable(world) or _unprepared(world) or action
        case Prepare():
            return resting(world) or _unable(world) or action
        case BuildCandidate() | BuildLanding() | MoveTarget():
            return resting(world) or action
        case AskTarget() | BuildRevert() | MoveBack():
            return resting(world) or action
        case Classify() | Interrupt() | Miss() | RecordLanding() | JudgeTarget():
            return action
        case EndRepair() | RecordRevert() | MissRevert():
            return action
        case Ask() | Notice() | Answer() | Withdraw():
            return action
        case Close() | Archive() | Claim() | Rest():
            return action


def _unprepared(world: World) -> Prepare | Rest | None:
    """Return what is done about an environment that is not there, None where all are."""
    match world.preparation:
        case Prepared():
            return None
        case Unprepared() as unprepared:
            return prepare(unprepared, world.policy, world.now)


def _crowded(world: World) -> Rest | None:
    """Return why it is not this mission's turn: people may let more go on than may run at once."""
    most = world.policy.selection.max_agents
    if world.busy < most:
        return None
    return Rest(reason="yielding", why=f"{world.busy} run already (selection.max_agents: {most})")


def frozen(world: World) -> Rest | None:
    match world.integrity:
        case Frozen(why=why, needs=needs):
            return Rest(reason="frozen" if needs == "person" else "unjudged", why=why)
        case Sound():
            return None


def resting(world: World) -> Rest | None:
    """Return why nothing may be started or landed now, None if it may."""
    doubt = frozen(world)
    if doubt is not None:
        return doubt
    match world.activity:
        case "paused":
            return Rest(reason="paused", why=".pawl/PAUSE is at the target's tip")
        case "stopping":
            return Rest(reason="stopping", why="the daemon was told to stop")
        case "active":
            pass
    match world.wish:
        case Unreadable(why=why):
            return Rest(reason="item_unreadable", why=why)
        case Unchanged() | Changed() | Removed() | Cancelled():
            return None


def _quiet(world: World) -> Rest | None:
    """Return the rest until active hours; what is built already goes on without them."""
    if world.quiet_until is None:
        return None
    why = "no attempt is started outside active_hours"
    return Rest(reason="quiet", why=why, until=world.quiet_until)


def _unable(world: World) -> Rest | None:
    """Return why this host starts no process: it has no sandbox to run it in, or no room."""
    match world.isolation:
        case NoSandbox(why=why):
            return Rest(reason="no_sandbox", why=why)
        case Isolated():
            pass
    return Rest(reason="no_room", why=world.short) if world.short is not None else None


def cancelled(history: History, world: World) -> Close | None:
    """Return the end a person's commit means; a wish seen while frozen means nothing."""
    if frozen(world) is not None:
        return None
    match world.wish:
        case Cancelled(status=status):
            reason, why = Reason.BY_PERSON, f"the item was set to `status: {status}`"
        case Removed():
            reason, why = Reason.ITEM_REMOVED, "the item's file was removed from the target"
        case Changed():
            reason, why = Reason.ITEM_CHANGED, "the item asks for something else now"
        case Unchanged() | Unreadable():
            return None
    return Close(
        closed=MissionClosed(
            outcome="CANCELLED", reason=reason, failure=None, why=why, counts=totals(history)
        )
    )


def may_land(action: BuildLanding | MoveTarget | BuildRevert | MoveBack, world: World) -> Action:
    """Return *action* unless a checkout or a mission that goes first stands in its way."""
    match world.way:
        case Yields() as first:
            return resting(world) or _yields(first, world)
        case Unjudged(why=why):
            return resting(world) or Rest(reason="unjudged", why=why)
        case Clear():
            pass
    match world.checkout:
        case Held(why=why):
            return resting(world) or Rest(reason="held", why=why)
        case Free():
            return held_back(action, world)


def may_follow(action: BuildCandidate | JudgeCandidate, world: World) -> Action:
    """Return *action*, which repeats for a moved target what was done before, unless it is in vain.

    Where another mission goes first the target moves once more; gates run until then are for
    nothing, and take from the first what it needs to be in time.
    """
    match world.way:
        case Yields() as first:
            return resting(world) or _yields(first, world)
        case Unjudged() | Clear():
            return held_back(action, world)


def _yields(first: Yields, world: World) -> Rest:
    why = (
        f"{first.to} goes first: its candidate was built again {first.rebuilds} times because the "
        f"target moved (landing.rebuilds: {world.policy.landing.rebuilds}); this goes on when its "
        "gates are done"
    )
    return Rest(reason="yielding", why=why)

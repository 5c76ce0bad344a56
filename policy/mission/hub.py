"""What the hub has to agree to: a mission is one host's, and only what the hub takes has happened.

A step is recorded here first and published after. Three acts need the hub before they have any
effect: going on with what this host did not begin, landing, closing. With no hub nothing waits.
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
from policy.mission.decide import decide
from policy.mission.facts import MissionTaken
from policy.mission.states import Closed, Mission
from policy.mission.whose import Alone, Behind, Current, Elsewhere, Orphaned, Unclaimed
from policy.mission.world import Frozen, Sound, World


def agreed(mission: Mission, world: World) -> Action:
    """Return what `decide` says, or why it has to wait for the hub."""
    return _apart(mission, world) or _withheld(decide(mission, world), world)


def _apart(mission: Mission, world: World) -> Action | None:
    """Return what there is to do with a mission that the hub does not know as this host's."""
    match world.hub:
        case Alone() | Current() | Behind():
            return None
        case Unclaimed(why=why):
            return Rest(reason="awaiting_hub", why=why)
        case Elsewhere(host=host, why=why):
            return Rest(reason="elsewhere", why=f"{host} works on it; {why}")
        case Orphaned(host=host, why=why):
            return _taken(mission, world, host, why)


def _taken(mission: Mission, world: World, host: str, why: str) -> Action | None:
    match world.integrity:
        case Frozen(why=doubt):
            return Rest(reason="frozen", why=doubt)
        case Sound():
            pass
    match world.activity:
        case "active" | "paused":
            pass
        case "stopping":
            return Rest(reason="elsewhere", why=f"{host} worked on it; {why}")
    if isinstance(mission, Closed):
        return None  # closing moves its ref, so it is a claim itself
    return Claim(taken=MissionTaken(was=host, why=why))


def _withheld(action: Action, world: World) -> Action:
    match action:
        case BuildLanding() | MoveTarget() | BuildRevert() | MoveBack() | Archive():
            return _behind(world) or action
        case Prepare() | RunBuilder() | BuildCandidate() | JudgeCandidate() | Classify():
            return action
        case Interrupt() | AskTarget() | RunTarget() | EndRepair() | RecordRevert() | MissRevert():
            return action
        case Miss() | RecordLanding() | JudgeTarget() | Ask() | Notice() | Answer():
            return action
        case Withdraw() | Close() | Rest() | Claim():
            return action


def _behind(world: World) -> Rest | None:
    match world.hub:
        case Behind(why=why):
            return Rest(reason="awaiting_hub", why=why)
        case Alone() | Current() | Unclaimed() | Elsewhere() | Orphaned():
            return None

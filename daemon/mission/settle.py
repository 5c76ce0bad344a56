"""After a landing: what is put under way, and the revert with its intent before it."""

from daemon.mission.after import build_back
from daemon.mission.draft import Draft, Outcome
from daemon.mission.recording import record
from daemon.mission.turned import Resting, Turned
from daemon.mission.work import Work
from daemon.view import View
from policy.mission.actions import (
    AskTarget,
    BuildRevert,
    MoveBack,
    RecordRevert,
    Rest,
    RunTarget,
)

Settling = AskTarget | RunTarget | BuildRevert | MoveBack | RecordRevert


def settle(draft: Draft, view: View, action: Settling, work: Work) -> Turned | None:
    """Carry *action* out; return what the turn came to, None where it goes on."""
    match action:
        case AskTarget(judging=judging):
            draft.add(Outcome((judging,)))
        case RunTarget():
            record(draft, view)
            return work.judge_target(draft, view, action)
        case BuildRevert():
            draft.seal()
            draft.add(build_back(draft, view, action))
            record(draft, view)
        case MoveBack() | RecordRevert():
            back = work.hub.land(draft, view, action)
            if isinstance(back, Rest):
                return Resting(back)
            draft.add(back)
    return None

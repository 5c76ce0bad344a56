"""One mission's turn: from its facts to the next deed under way, or to rest.

    replay -> observe -> decide -> perform -> record, and again

Everything here runs in the main thread, the only writer of refs. A turn may be killed anywhere:
before a commit the next turn decides afresh, after it the next turn goes on from there.
"""

from collections.abc import Callable

from daemon.log import get_logger
from daemon.mission.after import conclude
from daemon.mission.begin import begin
from daemon.mission.close import close_mission, merging
from daemon.mission.draft import Draft, Outcome
from daemon.mission.land import build_landing
from daemon.mission.propose import build_candidate
from daemon.mission.recording import record
from daemon.mission.settle import settle
from daemon.mission.turned import Resting, Turned
from daemon.mission.work import Work
from daemon.people.asking import person
from daemon.view import View
from policy.mission.actions import (
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
from policy.mission.hub import agreed
from policy.mission.whose import Alone

_log = get_logger()

Look = Callable[[], View]


def turn(draft: Draft, eyes: Look, work: Work) -> Turned:
    """Take *draft*'s mission as far as it goes without waiting.

    The view is taken anew for each decision, since a landing of our own moves the target. Raises
    `LedgerMovedError`, `ContradictionError`, `TargetLostError` and whatever storing raises; what
    was recorded until then stays recorded.
    """
    while True:
        view = eyes()
        draft.effective = view.policy_of(draft)
        world = view.world(view.mission(draft))
        stand = work.hub.stand(draft)
        action = agreed(view.mission(draft), world.model_copy(update={"hub": stand}))
        match action:
            case Rest():
                record(draft, view)
                return Resting(action)
            case RunBuilder():
                draft.add(begin(draft, view, action))
                record(draft, view)
                return work.build(draft, view, action)
            case JudgeCandidate():
                record(draft, view)
                return work.judge(draft, view, action)
            case Prepare():
                record(draft, view)
                return work.prepare(draft, view, action)
            case BuildCandidate():
                draft.add(build_candidate(draft, view, action))
                if view.furnisher.reads_candidates:
                    record(draft, view)  # its objects are in the repository only then
            case BuildLanding():
                draft.seal()
                draft.add(build_landing(draft, view, action))
                record(draft, view)
            case MoveTarget() | RecordLanding():
                moved = work.hub.land(draft, view, action)
                if isinstance(moved, Rest):
                    return Resting(moved)
                draft.add(moved)
            case JudgeTarget():
                draft.add(conclude(draft, action))
            case AskTarget() | RunTarget() | BuildRevert() | MoveBack() | RecordRevert():
                turned = settle(draft, view, action, work)
                if turned is not None:
                    return turned
            case Classify(failure=fact) | Interrupt(interrupted=fact) | Miss(missed=fact):
                draft.add(Outcome((fact,)))
            case EndRepair(ended=fact) | MissRevert(missed=fact):
                draft.add(Outcome((fact,)))
            case Notice() | Answer() | Ask() | Withdraw():
                person(draft, view, action)
            case Close(closed=closed):
                close_mission(draft, view, closed)
            case Archive():
                alone = isinstance(stand, Alone)
                record(draft, view, merging(draft, view) if alone else None)
                ended = work.hub.archive(draft, view)
                if ended is not None:
                    return ended
            case Claim(taken=taken):
                draft.add(Outcome((taken,)))
                record(draft, view)

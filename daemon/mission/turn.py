"""One mission's turn: from its facts to the next deed under way, or to rest.

    replay -> observe -> decide -> perform -> record, and again

Everything here runs in the main thread, the only writer of refs. A turn may be killed anywhere:
before a commit the next turn decides afresh, after it the next turn goes on from there.
"""

from collections.abc import Callable

import structlog

from daemon.mission.begin import begin
from daemon.mission.close import ask_person, close_mission
from daemon.mission.draft import Draft, Outcome
from daemon.mission.land import build_landing, judge_target
from daemon.mission.propose import build_candidate
from daemon.mission.turned import Resting, Turned
from daemon.mission.work import Work
from daemon.view import View
from gitops.landing.move import Missed
from gitops.landing.work import Followed, follow
from gitops.refs import BrokenRefError
from policy.mission.actions import (
    Archive,
    Ask,
    BuildCandidate,
    BuildLanding,
    Claim,
    Classify,
    Close,
    Interrupt,
    JudgeCandidate,
    JudgeTarget,
    Miss,
    MoveTarget,
    Prepare,
    RecordLanding,
    Rest,
    RunBuilder,
)
from policy.mission.hub import agreed
from policy.mission.states import Closed, Mission, Settled
from policy.mission.world import Held

_log = structlog.get_logger()

Look = Callable[[], View]


def record(draft: Draft, view: View) -> None:
    """Commit what was added, and bring the work branch to the newest checkpoint.

    The branch is derived: what keeps it back (a person's commit on it, a checkout of it that is
    dirty) is said in the log and is no reason to wait.
    """
    draft.commit()
    own = view.mission(draft).history.checkpoints
    if not own or _has_landed(draft.state):
        return
    view.site.point("work-branch")
    site = view.site
    try:
        moved = follow(
            site.store,
            draft.mission,
            own[-1],
            own=own[:-1],
            watch=lambda moment: site.point(f"work-branch:{moment}"),
        )
    except BrokenRefError as error:
        _log.warning("work branch left as it is", mission=draft.mission, why=str(error))
        return
    match moved:
        case Followed(behind=behind):
            for checkout in behind:
                _log.warning("checkout left behind", mission=draft.mission, why=checkout.why)
        case Missed(found=found):
            _log.info("work branch left to a person", mission=draft.mission, found=found)
        case Held(why=why):
            _log.info("work branch held", mission=draft.mission, why=why)
    view.site.point("work-branch-moved")


def _has_landed(mission: Mission | None) -> bool:
    """Then its work branch is in nobody's way any more, and goes when it is closed."""
    passed = isinstance(mission, Closed) and mission.closed.outcome == "PASS"
    return passed or isinstance(mission, Settled)


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
        action = agreed(
            view.mission(draft), world.model_copy(update={"hub": work.hub.stand(draft)})
        )
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
                record(draft, view)
                draft.add(build_landing(draft, view, action))
                record(draft, view)
            case MoveTarget() | RecordLanding():
                moved = work.hub.land(draft, view, action)
                if isinstance(moved, Rest):
                    return Resting(moved)
                draft.add(moved)
            case JudgeTarget():
                draft.add(judge_target(draft, view, action))
            case Classify(failure=failure):
                draft.add(Outcome((failure,)))
            case Interrupt(interrupted=interrupted):
                draft.add(Outcome((interrupted,)))
            case Miss(missed=missed):
                draft.add(Outcome((missed,)))
            case Ask(asked=asked):
                ask_person(draft, view, asked)
            case Close(closed=closed):
                close_mission(draft, view, closed)
            case Archive():
                record(draft, view)
                ended = work.hub.archive(draft, view)
                if ended is not None:
                    return ended
            case Claim(taken=taken):
                draft.add(Outcome((taken,)))
                record(draft, view)

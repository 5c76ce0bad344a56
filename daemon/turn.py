"""One mission's turn: from its facts to the next deed under way, or to rest.

    replay -> observe -> decide -> perform -> record, and again

Everything here runs in the main thread, the only writer of refs. A turn may be killed anywhere:
before a commit the next turn decides afresh, after it the next turn goes on from there.
"""

from collections.abc import Callable

from daemon.close import archive, ask_person, close_mission
from daemon.draft import Draft, Outcome
from daemon.land import build_landing, judge_target, move_target
from daemon.propose import build_candidate
from daemon.turned import Archived, Resting, Turned
from daemon.view import View
from daemon.work import Work
from policy.mission.actions import (
    Archive,
    Ask,
    BuildCandidate,
    BuildLanding,
    Classify,
    Close,
    Interrupt,
    JudgeCandidate,
    JudgeTarget,
    Miss,
    MoveTarget,
    RecordLanding,
    Rest,
    RunBuilder,
)
from policy.mission.decide import decide
from policy.mission.world import Held

Look = Callable[[], View]


def turn(draft: Draft, eyes: Look, work: Work) -> Turned:
    """Take *draft*'s mission as far as it goes without waiting.

    The view is taken anew for each decision, since a landing of our own moves the target. Raises
    `LedgerMovedError`, `ContradictionError`, `TargetLostError` and whatever storing raises; what
    was recorded until then stays recorded.
    """
    while True:
        view = eyes()
        draft.effective = view.policy()
        action = decide(view.mission(draft), view.world(view.mission(draft)))
        match action:
            case Rest():
                draft.commit()
                return Resting(action)
            case RunBuilder(started=started):
                draft.add(Outcome((started,)))
                draft.commit()
                return work.build(draft, view, started)
            case JudgeCandidate():
                draft.commit()
                return work.judge(draft, view, action)
            case BuildCandidate():
                draft.add(build_candidate(draft, view, action))
            case BuildLanding():
                draft.commit()
                draft.add(build_landing(draft, view, action))
                draft.commit()
            case MoveTarget() | RecordLanding():
                moved = move_target(draft, view, action)
                if isinstance(moved, Held):
                    return Resting(Rest(reason="held", why=moved.why))
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
                draft.commit()
                if archive(draft, view):
                    return Archived()

"""Recording a step, and what follows from it at once: the work branch at the newest checkpoint."""

from daemon.log import get_logger
from daemon.mission.draft import Draft
from daemon.view import View
from gitops.landing.move import Missed
from gitops.landing.work import Followed, follow
from gitops.ledger.appending import Beside
from gitops.refs import BrokenRefError
from policy.mission.states import Closed, Mission, Settled
from policy.mission.world import Held

_log = get_logger()


def record(draft: Draft, view: View, beside: Beside | None = None) -> None:
    """Commit what was added, and bring the work branch to the newest checkpoint.

    *beside* adds what is saved with it, see `Draft.commit`.

    The branch is derived: what keeps it back (a person's commit on it, a checkout of it that is
    dirty) is said in the log and is no reason to wait.
    """
    draft.commit(beside)
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

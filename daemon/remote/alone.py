"""No hub: what people push to is the git dir itself, and what is recorded here has happened."""

from collections.abc import Mapping

from daemon.log import get_logger
from daemon.mission.after import Moving, move_back
from daemon.mission.close import archive
from daemon.mission.draft import Draft, Outcome
from daemon.mission.land import move_target
from daemon.mission.turned import Archived, Resting
from daemon.site import Site
from daemon.standing import Standing
from daemon.view import View
from gitops import refs
from policy.ids import CommitId, MissionId
from policy.mission.actions import MoveBack, MoveTarget, RecordLanding, RecordRevert, Rest
from policy.mission.whose import Alone, Hub
from policy.mission.world import Frozen, Held

_log = get_logger()


class NoHub:
    frozen: Frozen | None = None

    def bring(self, _standing: Standing) -> set[MissionId]:
        return set()

    def foreign(self) -> Mapping[MissionId, str]:
        return {}

    def closed_to_new(self) -> str | None:
        return None

    def stand(self, _draft: Draft) -> Hub:
        return Alone()

    def land(self, draft: Draft, view: View, action: Moving) -> Outcome | Rest:
        return landed_here(draft, view, action)

    def archive(self, draft: Draft, view: View) -> Archived | Resting | None:
        """Return None where somebody else moved the ledger: try again."""
        return Archived() if archive(draft, view) else None

    def takes_pages(self, _ledger: CommitId) -> bool:
        return True

    def put_pages(self, site: Site, ledger: CommitId, written: CommitId) -> None:
        """Move the ledger; where somebody else was first, the next reconcile looks again."""
        try:
            refs.move(site.store, refs.LEDGER, was=ledger, to=written)
        except refs.RefLockedError as error:
            _log.warning("pages are not written yet", why=str(error))

    def publish(self, _standing: Standing) -> None:
        return

    def hurry(self) -> None:
        return

    def check(self) -> None:
        return

    def stop(self) -> None:
        return

    def close(self) -> None:
        return


def landed_here(draft: Draft, view: View, action: Moving) -> Outcome | Rest:
    """Move the target here, to a landing or its revert, or find that it was moved."""
    match action:
        case MoveTarget() | RecordLanding():
            moved = move_target(draft, view, action)
        case MoveBack() | RecordRevert():
            moved = move_back(draft, view, action)
    return Rest(reason="held", why=moved.why) if isinstance(moved, Held) else moved

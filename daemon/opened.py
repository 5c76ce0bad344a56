"""The open missions as one reconcile has read them; what goes wrong with one stops no other."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import pygit2

from daemon.integrity import Doubt
from daemon.log import get_logger
from daemon.mission.draft import Draft, LedgerMovedError
from daemon.mission.land import IntegrityError
from daemon.opening.opener import UNREADABLE
from daemon.shortage import is_shortage
from daemon.site import Site
from gitops import ledger, refs
from gitops.ledger.reading import Trust
from gitops.refs import RefLockedError, UnwritableRefError
from policy.ids import MissionId
from policy.mission.actions import Rest
from policy.mission.states import Mission

_log = get_logger()


@dataclass
class Opened:
    """Each open mission is among the drafts or among the unread."""

    drafts: dict[MissionId, Draft] = field(default_factory=dict)
    """Those whose ledger is believed, each as far as it has come."""
    unread: dict[MissionId, Rest] = field(default_factory=dict)
    """Those whose ledger cannot be read or believed, or is gone."""

    def states(self) -> Iterator[Mission]:
        return (draft.state for draft in self.drafts.values() if draft.state is not None)

    def whys(self) -> dict[MissionId, str]:
        return {mission: rest.why for mission, rest in self.unread.items()}


def read_open(site: Site, doubt: Doubt, foreign: Mapping[MissionId, str]) -> Opened:
    """Read every open mission; *foreign* are those that are not what the hub says, and why."""
    listed = refs.list_missions(site.store)
    frozen = {**doubt.rewound(listed.open), **listed.broken, **foreign}
    opened = Opened(unread={one: Rest(reason="frozen", why=why) for one, why in frozen.items()})
    for mission in sorted(listed.open.keys() - frozen.keys()):

        def read(mission: MissionId = mission) -> Rest | None:
            return _read(site, mission, opened.drafts)

        rest = guarded(doubt, mission, read)
        if rest is not None:
            opened.unread[mission] = rest
    return opened


def _read(site: Site, mission: MissionId, drafts: dict[MissionId, Draft]) -> Rest | None:
    page = ledger.read(site.store, mission, trusted=site.trust.daemons)
    if page.verified is not Trust.VERIFIED:
        return Rest(reason="frozen", why=f"its ledger is not this daemon's: {page.why}")
    drafts[mission] = Draft(site, page)
    return None


def guarded(doubt: Doubt, mission: MissionId, act: Callable[[], Rest | None]) -> Rest | None:
    """Do something for one mission; return what it rests for, also where that went wrong.

    What nobody thought of rises, and so freezes everything.
    """
    try:
        return act()
    except UNREADABLE as error:
        _log.error("mission frozen", mission=mission, why=str(error))
        return Rest(reason="frozen", why=str(error))
    except (LedgerMovedError, RefLockedError, UnwritableRefError) as error:
        _log.warning("tried again in the next reconcile", mission=mission, why=str(error))
        return Rest(reason="backing_off", why=str(error))
    except (OSError, pygit2.GitError) as error:
        if not is_shortage(error):
            raise
        _log.error("out of a resource", mission=mission, why=str(error))
        return Rest(reason="backing_off", why=f"resource: {error}")
    except IntegrityError as error:
        _log.error("landings frozen", mission=mission, why=str(error))
        doubt.freeze(str(error))
        return Rest(reason="frozen", why=str(error))

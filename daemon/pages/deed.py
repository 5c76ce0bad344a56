"""What the worker does: it counts what was closed since, and makes each page."""

from dataclasses import dataclass
from datetime import datetime
from threading import Event

import pygit2

from daemon.pages.remembered import read_counted, write_counted
from daemon.site import Site
from gitops.ledger.counting import Counted, CountingStoppedError, count
from gitops.ledger.dossier import shard
from gitops.ledger.reading import BrokenDossierError
from gitops.objects import DamagedObjectError, MissingObjectError
from policy.backlog.remembered import holds_until
from policy.backlog.scene import Scene
from policy.backlog.selection import select
from policy.ids import CommitId, MissionId
from policy.mission.states import Mission
from policy.pages.glance import Glance
from policy.pages.pages import pages_of
from policy.rules.load import Effective


@dataclass(frozen=True)
class Task:
    """What pages are made of; *scene* as `neutral` makes it, *counted* as far as is known."""

    ledger: CommitId
    scene: Scene
    missions: tuple[Mission, ...]
    unread: frozenset[MissionId]
    effective: Effective
    counted: Counted | None


@dataclass(frozen=True)
class Made:
    pages: dict[str, bytes]
    """None where policy wants none written."""
    counted: Counted
    until: datetime | None
    """When time alone may change what they tell."""


@dataclass(frozen=True)
class Unmade:
    why: str


def make(site: Site, task: Task, stop: Event) -> Made | Unmade:
    """Make the pages, with the calling thread's own repository."""
    rules = task.effective.policy.pages
    before = task.counted or read_counted(site.state)
    try:
        counted = count(
            site.worker_store(),
            task.ledger,
            span=rules.window_days,
            before=before,
            stopped=stop.is_set,
        )
    except CountingStoppedError:
        return Unmade("the daemon stops")
    except (BrokenDossierError, MissingObjectError, DamagedObjectError) as error:
        return Unmade(str(error))
    except (OSError, pygit2.GitError) as error:
        return Unmade(f"{error}; tried again")
    if before is None or before.book != counted.book:
        write_counted(site.state, counted)
    if not rules.written:
        return Made({}, counted, None)
    selection = select(task.scene)
    now = Glance(
        scene=task.scene,
        selection=selection,
        missions=task.missions,
        unread=task.unread,
        book=counted.book,
        effective=task.effective,
        mode=site.trust.mode,
        folder=shard,
    )
    return Made(pages_of(now), counted, holds_until(selection, task.scene))

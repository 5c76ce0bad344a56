"""What the worker does: it counts what was closed since, and makes each page."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from threading import Event

import pygit2

from daemon.opening.conditions import in_tree
from daemon.pages.remembered import read_counted, write_counted
from daemon.site import Site
from gitops.ledger.counting import Counted, CountingStoppedError, count
from gitops.ledger.dossier import shard
from gitops.ledger.reading import BrokenDossierError
from gitops.objects import DamagedObjectError, MissingObjectError
from gitops.repository import Store
from policy.backlog.conditions import Answer, PathAbsent, PathExists, name_of
from policy.backlog.remembered import holds_until
from policy.backlog.scene import Scene
from policy.backlog.selection import select
from policy.ids import CommitId, MissionId, TreeId
from policy.mission.states import Mission
from policy.pages.glance import Glance
from policy.pages.pages import pages_of
from policy.rules.load import Effective


@dataclass(frozen=True)
class Task:
    """What pages are made of; *scene* as `neutral` makes it, *counted* as far as is known."""

    ledger: CommitId
    tree: TreeId
    """Of the target."""
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
    scene = replace(task.scene, answers=_answers(site.worker_store(), task))
    selection = select(scene)
    now = Glance(
        scene=scene,
        selection=selection,
        missions=task.missions,
        unread=task.unread,
        book=counted.book,
        effective=task.effective,
        mode=site.trust.mode,
        folder=shard,
    )
    return Made(pages_of(now), counted, holds_until(selection, scene))


def _answers(store: Store, task: Task) -> Mapping[str, Answer]:
    """Return what the target's tree says alone, the same on every host.

    What a command answers is one host's: it stays open on a page.
    """
    asked = [
        one
        for filed in task.scene.backlog.items.values()
        if filed.item.status == "todo"
        for one in (*filed.item.ready_when, *filed.item.not_ready_when)
        if isinstance(one, PathExists | PathAbsent)
    ]
    return {name_of(one): in_tree(store, task.tree, one) for one in asked}

"""Engines: the ways to run an operation. Both leave the same tree; they differ in cost and limits.

`bwrap-overlay` costs what is changed, but a directory of the base cannot be renamed in it (EXDEV).
`bwrap-copy` writes the whole tree out first and has no such difference to a plain directory.
"""

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from daemon.sandbox.box import Box, Job, Overlay, Plain
from daemon.sandbox.probed import EngineName
from daemon.sandbox.waiting import Ended
from gitops.objects import Batch
from gitops.repository import Store
from gitops.tree.ignore import BaseIgnores
from gitops.tree.layers import Layers, Use
from gitops.tree.snapshot import snapshot_copy, snapshot_overlay
from policy.bus.operation import Operation
from policy.bus.result import NotStarted, Refused, Snapshot, Taken
from policy.rules.sandbox import TreeLimits


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One operation being run in one thread: with that thread's own *store* and *layers*."""

    operation: Operation
    store: Store
    layers: Layers
    tree_limits: TreeLimits
    stop: threading.Event | None


@dataclass(frozen=True, slots=True)
class Left:
    """What a run ended with. *snapshot* may be called until the engine is left."""

    ended: Ended
    snapshot: Callable[[], Snapshot]


class Engine(Protocol):
    """Yields what came of a job; what the process left is gone afterwards."""

    @contextmanager
    def run(self, work: Work, job: Callable[[Overlay | Plain], Job]) -> Iterator[Left]: ...


def engines(box: Box, scratch: Path) -> Mapping[EngineName, Engine]:
    """Return every engine there is. *scratch* is a directory of the daemon's own."""
    return {"bwrap-overlay": OverlayEngine(box, scratch), "bwrap-copy": CopyEngine(box, scratch)}


@dataclass(frozen=True, slots=True)
class OverlayEngine:
    box: Box
    scratch: Path

    @contextmanager
    def run(self, work: Work, job: Callable[[Overlay | Plain], Job]) -> Iterator[Left]:
        use: Use = "build" if work.operation.changes == "kept" else "judge"
        lowers = work.layers.ensure(work.operation.tree, use)
        with self.box.run(job(Overlay(lowers)), work.stop) as ended:
            yield Left(ended, lambda: self._snapshot(work, ended))

    def _snapshot(self, work: Work, ended: Ended) -> Snapshot:
        if ended.upper is None:
            return _without_proof(work, ended)
        base, batch = work.operation.tree, Batch(work.store)
        with _ignores(work, self.scratch) as ignored:
            taken = snapshot_overlay(
                ended.upper,
                batch=batch,
                base=base,
                limits=work.tree_limits,
                ignored=ignored,
                entries_max=work.operation.limits.scratch_inodes,
            )
        return _saved(taken, batch)


@dataclass(frozen=True, slots=True)
class CopyEngine:
    box: Box
    scratch: Path

    @contextmanager
    def run(self, work: Work, job: Callable[[Overlay | Plain], Job]) -> Iterator[Left]:
        with self.box.workspaces.fresh() as directory:
            tree = directory / "tree"
            work.layers.copy(work.operation.tree, tree)
            with self.box.run(job(Plain(tree)), work.stop) as ended:
                yield Left(ended, lambda: self._snapshot(work, ended, tree))

    def _snapshot(self, work: Work, ended: Ended, tree: Path) -> Snapshot:
        if ended.upper is None:
            return _without_proof(work, ended)
        base, batch = work.operation.tree, Batch(work.store)
        opened = os.open(tree, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            with _ignores(work, self.scratch) as ignored:
                taken = snapshot_copy(
                    opened,
                    batch=batch,
                    base=base,
                    limits=work.tree_limits,
                    ignored=ignored,
                    entries_max=work.operation.limits.scratch_inodes,
                )
        finally:
            os.close(opened)
        return _saved(taken, batch)


def _ignores(work: Work, scratch: Path) -> BaseIgnores:
    return BaseIgnores(work.store, work.operation.tree, scratch)


def _saved(taken: Snapshot, batch: Batch) -> Snapshot:
    match taken:
        case Taken():
            batch.save()
        case Refused():
            pass
    return taken


def _without_proof(work: Work, ended: Ended) -> Snapshot:
    """Answer for a work tree nobody may read: untouched if nothing ran, else refused."""
    if isinstance(ended.ending, NotStarted):
        return Taken(tree=work.operation.tree, ignored=0)
    why = "the sandbox was killed before it could be shown that no process writes to it any more"
    return Refused(reason="changed", path="", why=why)

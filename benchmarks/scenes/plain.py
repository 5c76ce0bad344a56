"""A daemon whose processes run plain, on a copy of their tree: for measuring only.

The daemon has no such way (docs/decisions/0004): `daemon.serve` builds its one door by the name
`door_of`, and that name is bound to another for as long as the measurement lasts.
"""

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import daemon.serve
from benchmarks.scenes.house import House
from daemon.bus.door import Door
from daemon.bus.engines import Engine, Left, Work, _ignores, _saved
from daemon.hosting import sandbox_host
from daemon.outside import Outside
from daemon.sandbox.box import Job, Overlay, Plain
from daemon.sandbox.probes import Conforms, Isolation
from daemon.sandbox.waiting import Ended
from daemon.serve import Serving
from gitops.git import Durability
from gitops.objects import Batch
from gitops.repository import Store
from gitops.tree.snapshot import snapshot_copy
from policy.bus.result import Exited, Output, Snapshot, Usage
from policy.canonical import sha256
from policy.rules.load import shipped_policy


@contextmanager
def unsandboxed(house: House, durability: Durability) -> Iterator[Serving]:
    """Serve *house* in this process, its builders and gates as plain processes."""
    real = vars(daemon.serve)[_NAME]
    setattr(daemon.serve, _NAME, _plain_door)
    try:
        with house.serves(durability) as it:
            yield it
    finally:
        setattr(daemon.serve, _NAME, real)


_NAME = "door_of"


def _plain_door(outside: Outside, store: Store) -> Door:
    state = outside.state / "sandbox"
    tree_limits = shipped_policy().policy.sandbox.tree
    return _PlainDoor(
        host=sandbox_host(outside.host), state=state, store=store, tree_limits=tree_limits
    )


class _PlainDoor(Door):
    def isolation(self) -> Isolation:
        engine: Engine = _PlainEngine(self._box.workspaces.fresh, self._state)
        self._engines = {"bwrap-copy": engine}
        return Conforms("bwrap-copy")


@dataclass(frozen=True)
class _PlainEngine:
    fresh: Callable[[], AbstractContextManager[Path]]
    scratch: Path

    @contextmanager
    def run(self, work: Work, job: Callable[[Overlay | Plain], Job]) -> Iterator[Left]:
        with self.fresh() as directory:
            tree = directory / "tree"
            work.layers.copy(work.operation.tree, tree)
            ended = _run(job(Plain(tree)), tree)
            yield Left(ended, lambda: self._snapshot(work, tree))

    def _snapshot(self, work: Work, tree: Path) -> Snapshot:
        batch = Batch(work.store)
        opened = os.open(tree, os.O_RDONLY | os.O_DIRECTORY)
        try:
            with _ignores(work, self.scratch) as ignored:
                taken = snapshot_copy(
                    opened,
                    batch=batch,
                    base=work.operation.tree,
                    limits=work.tree_limits,
                    ignored=ignored,
                    entries_max=work.operation.limits.scratch_inodes,
                )
        finally:
            os.close(opened)
        return _saved(taken, batch)


def _run(job: Job, tree: Path) -> Ended:
    start = time.monotonic()
    done = subprocess.run(
        job.command, cwd=tree, stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    said = done.stdout + done.stderr
    return Ended(
        ending=Exited(code=done.returncode),
        output=Output(head=said.decode(), tail="", size=len(said), sha256=sha256(said)),
        usage=Usage(wall_s=time.monotonic() - start, cpu_s=0.0, max_rss_bytes=0),
        upper=None,
        report=None,
    )

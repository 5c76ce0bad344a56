"""One repository being served: what every part of the daemon is handed, built once at start.

Nothing here decides; it is the set of tools that `__main__` wires and the loop passes down.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from daemon.bus.door import Door
from daemon.clock import Clock
from daemon.environments.store import Environments
from daemon.lock import Instance
from daemon.outside import Outside
from gitops.repository import Store
from gitops.signing import DaemonKey
from policy.ids import RefName
from policy.people.trust import Trust

Point = Callable[[str], None]
"""Called at each place where a kill must be harmless, with its name; production does nothing."""


def nothing(_name: str) -> None:
    return


@dataclass(frozen=True)
class Site:
    outside: Outside
    trust: Trust
    target: RefName
    store: Store
    """The main thread's. Workers open their own with `worker_store`."""
    key: DaemonKey
    door: Door
    clock: Clock
    instance: Instance
    point: Point = nothing
    _local: threading.local = field(default_factory=threading.local)
    _spare: list[Store] = field(default_factory=list)

    @property
    def state(self) -> Path:
        return self.outside.state

    @property
    def environments(self) -> Environments:
        return self.door.environments

    def worker_store(self) -> Store:
        """Return the calling thread's own open repository."""
        store: Store | None = getattr(self._local, "store", None)
        if store is None:
            store = self._spare.pop() if self._spare else self.store.twin()
            self._local.store = store
        return store

    @contextmanager
    def working(self) -> Iterator[None]:
        """Do a deed in the calling thread; the repositories it opened are the next deed's.

        Those of a deed that raised are let go.
        """
        with self.door.working():
            yield
        store = self._local.__dict__.pop("store", None)
        if store is not None:
            self._spare.append(store)

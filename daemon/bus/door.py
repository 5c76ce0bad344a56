"""The door: `launch(Operation) -> EngineResult`, the only way to run a process for a mission.

Everything that may well happen is a value: denied by a check, or ran to one of its endings. A host
that cannot isolate is asked again at each launch, so what its operator repairs is noticed.
"""

import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from daemon.bus import checks
from daemon.bus.engines import Engine, Left, Work, engines
from daemon.environments.store import DamagedError, Environments
from daemon.ground import standing_on
from daemon.hosting import ENVIRONMENTS, SANDBOX, sandbox_host
from daemon.outside import Outside
from daemon.sandbox.box import Box, Furniture, Job, Overlay, Plain
from daemon.sandbox.bwrap import GIVEN_FILE, REPORT_FILE
from daemon.sandbox.egress.proxy import Proxy
from daemon.sandbox.launching import Launcher, SandboxUnavailableError
from daemon.sandbox.probes import Conforms, Isolation, Unavailable, probe
from daemon.sandbox.report import read_report
from daemon.sandbox.settings import SandboxHost
from gitops.objects import DamagedObjectError, MissingObjectError, parse_tree, read_object
from gitops.repository import Store
from gitops.tree.layers import Layers
from gitops.tree.laying import Owner, UnusableTreeError
from policy.bus.operation import Operation
from policy.bus.result import (
    Denied,
    EngineResult,
    Provenance,
    Ran,
)
from policy.egress import destination, rules
from policy.furnishing import environment_digest
from policy.ids import Digest
from policy.rules.load import shipped_policy
from policy.rules.sandbox import TreeLimits


class Door:
    """Thread-safe. Use as a context manager, holding the repository's lock.

    *state* is a directory of the door's own; *store* is only cloned, once for each thread;
    *tree_limits* hold for snapshots whose launch names none.
    """

    def __init__(
        self,
        *,
        host: SandboxHost,
        state: Path,
        store: Store,
        tree_limits: TreeLimits,
        launcher: Launcher | None = None,
    ) -> None:
        self._host, self._state, self._store = host, state, store
        self._tree_limits = tree_limits
        self._launcher = launcher or Launcher()
        self._box = Box(host, state, self._launcher)
        self._engines = engines(self._box, state)
        self.environments = Environments(state / ENVIRONMENTS, host.builder)
        self._isolation: Isolation | None = None
        self._probing = threading.Lock()
        self._own = threading.local()
        self._spare: list[tuple[Store, Layers]] = []
        """Of threads that have done their deed; opening a repository is dear."""

    def __enter__(self) -> Self:
        with standing_on(self._state):
            self._state.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._box.prepare()
            self.environments.prepare()
        self.isolation()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._launcher.close()

    def isolation(self) -> Isolation:
        """Say whether sandboxes hold here; an `Unavailable` host is probed again each time."""
        with self._probing:
            if not isinstance(self._isolation, Conforms):
                self._isolation = probe(self._box, self._host, self._state, self._launcher)
            return self._isolation

    @contextmanager
    def working(self) -> Iterator[None]:
        """Hand on what the calling thread opened for its launches, once all of them went well."""
        yield
        own = self._own.__dict__.pop("pair", None)
        if own is not None:
            self._spare.append(own)

    def environment(self) -> Digest:
        """Return the digest of what this host contributes to every run."""
        return self._box.environment()

    def launch(
        self,
        operation: Operation,
        *,
        stop: threading.Event | None = None,
        tree_limits: TreeLimits | None = None,
        granted: frozenset[checks.Capability] = checks.COMMITTED,
        furniture: Furniture | None = None,
    ) -> EngineResult:
        """Run *operation* to its end in the calling thread; *stop* ends it early as `Stopped`.

        *furniture* is what a set-up command fills; other operations name a built environment.
        *granted* is what the source of the argv allows it (DESIGN 5.1: a shell is a capability).
        Raises `GitError` and, where the host cannot take a snapshot, `OSError`.
        """
        denied = checks.refusal(operation, granted) or self._integrity(operation)
        if denied:
            return denied
        match self.isolation():
            case Unavailable() as unavailable:
                return Denied(check="G-ISOLATION", why=str(unavailable))
            case Conforms(engine=name):
                pass
        store, layers = self._of_this_thread()
        work = Work(
            operation=operation,
            store=store,
            layers=layers,
            tree_limits=tree_limits or self._tree_limits,
            stop=stop,
        )
        try:
            with self._furnished(operation, furniture) as furnished:
                return self._run(name, self._engines[name], work, furnished)
        except SandboxUnavailableError as error:
            return Denied(check="G-ISOLATION", why=str(error))
        except (
            UnusableTreeError, MissingObjectError, DamagedObjectError, DamagedError,
        ) as error:  # fmt: skip
            return Denied(check="G-INTEGRITY", why=str(error))

    def retain(self, keep: int) -> None:
        """Remove base trees but the *keep* used last. Only while nothing is being launched."""
        _, layers = self._of_this_thread()
        layers.retain(keep, ())

    @contextmanager
    def _furnished(
        self, operation: Operation, furniture: Furniture | None
    ) -> Iterator[Furniture | None]:
        if operation.environment is None:
            yield furniture if operation.role == "environment" else None
            return
        with self.environments.opened(operation.environment) as (directory, about):
            yield Furniture(directory=directory, path=about.path, env=about.env, links=about.links)

    def _run(
        self, name: str, engine: Engine, work: Work, furniture: Furniture | None
    ) -> EngineResult:
        operation = work.operation
        argv = tuple(word.replace("{report}", REPORT_FILE) for word in operation.argv)
        provenance = Provenance(
            engine=name,
            argv=argv,
            tree=operation.tree,
            environment=environment_digest(
                self.environment(), [operation.environment] if operation.environment else []
            ),
        )
        with self._given(operation) as given:

            def job(tree: Overlay | Plain) -> Job:
                return self._job(operation, argv, tree, furniture, given)

            with engine.run(work, job) as left:
                return self._result(operation, left, provenance)

    @contextmanager
    def _given(self, operation: Operation) -> Iterator[Path | None]:
        if operation.given is None:
            yield None
            return
        with self._box.workspaces.written(operation.given.text) as path:
            yield path

    def _job(
        self,
        operation: Operation,
        argv: tuple[str, ...],
        tree: Overlay | Plain,
        furniture: Furniture | None,
        given: Path | None,
    ) -> Job:
        spill = self._state / "output" / f"{operation.step}-{uuid.uuid4().hex}"
        return Job(
            command=argv,
            tree=tree,
            limits=self._host.within(operation.limits),
            cwd=operation.cwd,
            env=(*operation.env, *_told(operation)),
            given=given,
            spill=spill if self._host.spill_bytes else None,
            proxy=self._proxy(operation),
            furniture=furniture,
        )

    def _proxy(self, operation: Operation) -> Proxy | None:
        if not operation.egress:
            return None
        via = self._host.egress_proxy
        return Proxy(
            rules(operation.egress, self._host.egress),
            self._host.egress_limits,
            via=destination(via) if via else None,
        )

    def _result(self, operation: Operation, left: Left, provenance: Provenance) -> Ran:
        ended = left.ended
        report = None
        if operation.report != "none" and ended.report is not None:
            report = read_report(ended.report, self._host.report_bytes)
        return Ran(
            ending=ended.ending,
            output=ended.output,
            report=report,
            usage=ended.usage,
            snapshot=left.snapshot() if operation.changes == "kept" else None,
            provenance=provenance,
            contacts=ended.contacts,
        )

    def _integrity(self, operation: Operation) -> Denied | None:
        """Refuse a tree that is not there or does not read back as what its id says."""
        store, _ = self._of_this_thread()
        try:
            parse_tree(read_object(store, operation.tree, "tree"), operation.tree)
        except (MissingObjectError, DamagedObjectError) as error:
            return Denied(check="G-INTEGRITY", why=str(error))
        return None

    def _of_this_thread(self) -> tuple[Store, Layers]:
        own: tuple[Store, Layers] | None = getattr(self._own, "pair", None)
        if own is None and self._spare:
            own = self._own.pair = self._spare.pop()
        if own is None:
            store, builder = self._store.twin(), self._host.builder
            owner = Owner(builder.uid, builder.gid) if builder else None
            own = (store, Layers(store, self._state / "layers", owner=owner))
            self._own.pair = own
        return own


def _told(operation: Operation) -> tuple[tuple[str, str], ...]:
    given = operation.given
    return ((given.variable, GIVEN_FILE),) if given is not None else ()


def door_of(outside: Outside, store: Store) -> Door:
    """Return the door of a repository, as its host file says. Not open yet: use `with`."""
    return Door(
        host=sandbox_host(outside.host),
        state=outside.state / SANDBOX,
        store=store,
        tree_limits=shipped_policy().policy.sandbox.tree,
    )

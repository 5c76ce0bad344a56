"""Building one environment: its set-up commands, each in the sandbox, over the key files alone.

Runs in a worker. What it answers is kept in the state directory, whole or not at all; a failure is
remembered there too, and is nobody's mission's fault.
"""

import threading
from dataclasses import dataclass
from pathlib import Path

from daemon.bus.checks import CONNECTED
from daemon.clock import rfc3339
from daemon.environments.contents import RefusedError
from daemon.environments.store import Failure, Place, Setup
from daemon.environments.wanted import Wanted
from daemon.log import get_logger
from daemon.mission.draft import Outcome
from daemon.pool import Pool
from daemon.sandbox.box import Furniture
from daemon.site import Site
from gitops.objects import TREE_MODE, Batch
from gitops.remembered import Entries
from policy.bus.operation import Operation
from policy.bus.result import (
    Contact,
    Denied,
    EngineResult,
    Exited,
    Killed,
    NotStarted,
    Ran,
    Stopped,
    TimedOut,
)
from policy.furnishing import KeyFile
from policy.ids import MissionId, TreeId
from policy.mission.steps import step_id
from policy.rules.failures import FailureClass

_log = get_logger()
INSIDE = "/environment"


KEY = "environment "
"""How the pool's keys of builds begin: one an environment, whoever needs it."""


def start_build(site: Site, pool: Pool[Outcome], wanted: Wanted) -> None:
    """Put the building of *wanted* under way, unless it is."""
    key = f"{KEY}{wanted.key}"
    if key in pool.under_way():
        return
    build = EnvironmentBuild(site, wanted)

    def deed(stop: threading.Event) -> Outcome:
        build(stop)
        return Outcome(())

    pool.start(key, f"environment {wanted.name}", deed)


@dataclass(frozen=True)
class _Bad:
    failure: FailureClass
    why: str
    output: str = ""
    contacts: tuple[Contact, ...] = ()


@dataclass(frozen=True)
class EnvironmentBuild:
    site: Site
    wanted: Wanted

    def __call__(self, stop: threading.Event) -> None:
        """Build it and keep it, or remember why not; nothing where it was stopped."""
        environments, wanted = self.site.environments, self.wanted
        if environments.find(wanted.key) is not None or environments.reclaim(wanted.key):
            return
        self.site.point("environment-start")
        with environments.building() as place:
            ran = self._set_up(place, stop)
            if ran is None:
                return
            bad = ran if isinstance(ran, _Bad) else self._keep(place, ran)
        if bad is not None:
            self._fail(bad)
        self.site.point("environment-end")
        host = self.site.outside.host
        environments.prune(most=host.environments_kept, most_bytes=host.environments_bytes)

    def _set_up(self, place: Place, stop: threading.Event) -> tuple[Setup, ...] | _Bad | None:
        missing = [file.path for file in self.wanted.files if file.oid is None]
        if missing:
            why = f"its key file {missing[0]} is not in the tree"
            return _Bad(FailureClass.ENVIRONMENT_ERROR, why)
        tree = self._tree()
        done: list[Setup] = []
        for argv in self.wanted.spec.setup:
            result = self._launch(argv, tree, place, stop)
            if isinstance(result, Ran) and isinstance(result.ending, Stopped):
                return None
            bad = _judged(argv, result)
            if bad is not None:
                return bad
            if isinstance(result, Ran):
                done.append(
                    Setup(
                        argv=argv,
                        wall_s=result.usage.wall_s,
                        output=result.output.sha256,
                        contacts=result.contacts,
                    )
                )
        return tuple(done)

    def _launch(
        self, argv: tuple[str, ...], tree: TreeId, place: Place, stop: threading.Event
    ) -> EngineResult:
        spec, setup = self.wanted.spec, self.wanted.policy.sandbox.setup
        wall = min(spec.timeout_s or setup.wall_s, setup.wall_s)
        own = {**spec.limits.model_dump(exclude_none=True), "wall_s": float(wall)}
        operation = Operation(
            mission=None,
            step=step_id(
                MissionId(""),
                stage="environment",
                attempt=1,
                level=0,
                name=self.wanted.name,
                inputs=(self.wanted.key, *argv),
            ),
            role="environment",
            argv=argv,
            tree=tree,
            changes="dropped",
            egress=spec.egress,
            limits=setup.asked().model_copy(update=own),
        )
        return self.site.door.launch(
            operation, stop=stop, granted=CONNECTED, furniture=self._furniture(place.directory)
        )

    def _furniture(self, directory: Path) -> Furniture:
        path, env, links = self._use()
        return Furniture(directory=directory, writable=True, path=path, env=env, links=links)

    def _use(
        self,
    ) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...], tuple[tuple[str, str], ...]]:
        spec = self.wanted.spec
        path = tuple(f"{INSIDE}/{folder}" for folder in spec.path)
        return path, tuple(sorted(spec.env.items())), tuple(sorted(spec.links.items()))

    def _keep(self, place: Place, setup: tuple[Setup, ...]) -> _Bad | None:
        path, env, links = self._use()
        try:
            about = self.site.environments.keep(
                place,
                name=self.wanted.name,
                key=self.wanted.key,
                size=self.wanted.policy.sandbox.environment,
                at=rfc3339(self.site.clock.now()),
                setup=setup,
                path=path,
                env=env,
                links=links,
            )
        except RefusedError as refused:
            return _Bad(FailureClass.ENVIRONMENT_ERROR, str(refused))
        _log.info("environment built", name=about.name, key=about.key, bytes=about.bytes)
        return None

    def _fail(self, bad: _Bad) -> None:
        environments, key = self.site.environments, self.wanted.key
        before = environments.failure(key)
        _log.error("environment not built", name=self.wanted.name, key=key, why=bad.why)
        environments.fail(
            Failure(
                name=self.wanted.name,
                key=key,
                failure=bad.failure,
                why=bad.why,
                output=bad.output,
                contacts=bad.contacts,
                at=self.site.clock.now(),
                failures=1 + (before.failures if before else 0),
            )
        )

    def _tree(self) -> TreeId:
        """Write the tree that has the key files and nothing else."""
        batch = Batch(self.site.worker_store())
        tree = _written(batch, [(file.path.encode(), file) for file in self.wanted.files])
        batch.save()
        return tree


def _written(batch: Batch, files: list[tuple[bytes, KeyFile]]) -> TreeId:
    entries: Entries = {}
    below: dict[bytes, list[tuple[bytes, KeyFile]]] = {}
    for path, file in files:
        name, _, rest = path.partition(b"/")
        if rest:
            below.setdefault(name, []).append((rest, file))
        elif file.oid is not None:
            entries[name] = (file.mode, file.oid)
    for name, inside in below.items():
        if name not in entries:  # else the whole folder is a key file already
            entries[name] = (TREE_MODE, _written(batch, inside))
    return batch.tree(entries)


def _judged(argv: tuple[str, ...], result: EngineResult) -> _Bad | None:
    said = " ".join(argv)
    match result:
        case Denied(check="G-ISOLATION", why=why):
            return _Bad(FailureClass.SANDBOX_UNAVAILABLE, why)
        case Denied(check=check, why=why):
            return _Bad(FailureClass.ENVIRONMENT_ERROR, f"{said}: {check}: {why}")
        case Ran(ending=ending, output=output, contacts=contacts):
            pass
    failure = FailureClass.ENVIRONMENT_ERROR
    match ending:
        case Exited(code=0):
            return None
        case Exited(code=code):
            failure, why = FailureClass.DEPENDENCY_ERROR, f"exited {code}: {_last(output.text)}"
        case Killed(signal=number):
            why = f"was killed by signal {number}: out of memory or of room, or over a limit"
        case TimedOut(limit=limit, seconds=seconds):
            why = f"ran into its {limit} limit of {seconds:g} s"
        case NotStarted(why=not_started):
            why = not_started
        case Stopped():
            why = "was stopped"
    denied = [f"{each.host}:{each.port}: {each.why}" for each in contacts if not each.allowed]
    refused = f"; the proxy refused {denied[0]}" if denied else ""
    return _Bad(failure, f"{said}: {why}{refused}", output.text, contacts)


def _last(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it printed nothing"

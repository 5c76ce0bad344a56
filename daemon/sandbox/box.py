"""One command in one sandbox over one tree: puts the pieces together.

What is left behind (the writable layer, the report) is read inside the `with`; afterwards the run's
directory, cgroup and descriptors are gone.
"""

import os
import platform
import subprocess
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from daemon.sandbox import bwrap, cgroup, etc
from daemon.sandbox.egress.proxy import Proxy
from daemon.sandbox.launcher.wire import Request
from daemon.sandbox.launching import Launcher, SandboxUnavailableError
from daemon.sandbox.output import Capture
from daemon.sandbox.settings import SandboxHost
from daemon.sandbox.waiting import Ended, Floor, Waiting, output_pipe
from daemon.sandbox.workspace import Workspaces
from policy.bus.operation import Limits
from policy.canonical import digest
from policy.ids import Digest

_ROOT_LINKS = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
_GROUP_PREFIX = "pawl-"
_FURNITURE = "environment"


@dataclass(frozen=True, slots=True)
class Overlay:
    """A work tree over *lowers*, topmost first, each owned by the builder's uid and gid."""

    lowers: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Plain:
    """A private directory, written to directly."""

    directory: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Furniture:
    """A folder of the host that is /environment inside, and what goes with it.

    *path* comes before the host's PATH; *links* are names in the root and where inside they lead.
    """

    directory: Path
    writable: bool = False
    path: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = ()
    links: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What to run. *limits* are within the host's already.

    *spill* takes the whole output, *tap* hears it as it comes (in the thread that waits).
    """

    command: tuple[str, ...]
    tree: Overlay | Plain
    limits: Limits
    cwd: str = "."
    env: tuple[tuple[str, str], ...] = ()
    spill: Path | None = None
    tap: Callable[[bytes], None] | None = None
    proxy: Proxy | None = None
    """Serves this job alone; without one it has no network."""
    furniture: Furniture | None = None
    given: Path | None = None
    """A file that is read inside, at `bwrap.GIVEN_FILE`."""


class Box:
    """Runs jobs; thread-safe. *state* is the daemon's own directory for sandboxes."""

    def __init__(self, host: SandboxHost, state: Path, launcher: Launcher) -> None:
        self._host, self._launcher = host, launcher
        self._etc = state / "etc"
        self.workspaces = Workspaces(state / "runs", host.builder)
        self._links, self._mounts = _root_of_host(host.mounts)
        self._version = ""
        self._environment: Digest | None = None
        """Never another while this process lives, once there is a bwrap."""

    def prepare(self) -> None:
        """Sweep leftovers and write the sandbox's /etc. Once, at start, holding the lock."""
        self.workspaces.sweep()
        cgroup.sweep(self._host.cgroups, _GROUP_PREFIX)
        etc.make(self._etc, self._host.mounts)

    @contextmanager
    def run(self, job: Job, stop: threading.Event | None = None) -> Iterator[Ended]:
        """Run *job* to its end and yield what came of it.

        Raises `SandboxUnavailableError`; what goes wrong later is an ending.
        """
        with ExitStack() as stack:
            try:
                waiting = self._prepared(job, stack, stop)
            except OSError as error:
                raise SandboxUnavailableError(
                    f"a sandbox could not be prepared: {error}"
                ) from error
            ended = waiting.wait()
            stack.callback(ended.close)
            yield ended

    def _prepared(self, job: Job, stack: ExitStack, stop: threading.Event | None) -> Waiting:
        name = f"{_GROUP_PREFIX}{uuid.uuid4().hex}"
        groups = stack.enter_context(
            cgroup.group(self._host.cgroups, name, job.limits, self._host.shm_bytes)
        )
        on_disk = self._host.scratch == "disk" or isinstance(job.tree, Plain)
        scratch = stack.enter_context(self.workspaces.fresh()) if on_disk else None
        return self._start(job, groups, scratch, stop)

    def _start(
        self, job: Job, groups: list[str], scratch: Path | None, stop: threading.Event | None
    ) -> Waiting:
        read_end, write_end = output_pipe()
        try:
            run = self._launcher.submit(self.request(job, groups, scratch), write_end)
        except BaseException:
            os.close(read_end)
            raise
        finally:
            os.close(write_end)
        spill_bytes = self._host.spill_bytes
        capture = Capture(
            job.limits.output_bytes, spill=job.spill, spill_bytes=spill_bytes, tap=job.tap
        )
        filling = scratch or _filled(job.furniture)
        floor = Floor(str(filling), self._host.free_bytes) if filling else None
        return Waiting(run, read_end, capture, job.limits, stop, floor, job.proxy)

    def request(self, job: Job, groups: list[str], scratch: Path | None) -> Request:
        limits, builder = job.limits, self._host.builder
        staged = {inside: f"m{n}" for n, inside in enumerate(self._mounts)}
        binds = {bwrap.ETC: str(self._etc)} | {name: inside for inside, name in staged.items()}
        furniture = job.furniture
        if furniture is not None:
            binds[_FURNITURE] = str(furniture.directory)
        if job.given is not None:
            binds[bwrap.GIVEN] = str(job.given)
        in_cgroup = cgroup.limits_memory(self._host.cgroups)
        return Request(
            binds=binds,
            lowers=[str(lower) for lower in job.tree.lowers]
            if isinstance(job.tree, Overlay)
            else [],
            plain=str(job.tree.directory) if isinstance(job.tree, Plain) else None,
            scratch_dir=str(scratch) if scratch else None,
            scratch_bytes=limits.scratch_bytes,
            scratch_inodes=limits.scratch_inodes,
            builder=(builder.uid, builder.gid) if builder else None,
            cgroups=groups,
            data_bytes=None if in_cgroup else limits.memory_bytes,
            processes=limits.processes,
            open_files=limits.open_files,
            file_bytes=limits.file_bytes,
            bwrap=str(self._host.bwrap),
            options=bwrap.options(
                usr_links=self._links,
                mounts=staged,
                env=self._env(job),
                cwd=job.cwd,
                tmp_bytes=limits.tmp_bytes,
                shm_bytes=self._host.shm_bytes,
                egress=job.proxy is not None,
                given=job.given is not None,
                environment=None
                if furniture is None
                else bwrap.Environment(_FURNITURE, furniture.writable, furniture.links),
            ),
            command=list(job.command),
            listen=None if job.proxy is None else bwrap.PROXY_PORT,
        )

    def _env(self, job: Job) -> tuple[tuple[str, str], ...]:
        own = job.furniture or Furniture(directory=Path("/"))
        path = ("PATH", ":".join((*own.path, *self._host.path)))
        return (path, *self._host.env, *own.env, *job.env)

    def environment(self) -> Digest:
        """Return the digest of what the host contributes to any run (see `Provenance`)."""
        if self._version and self._environment:
            return self._environment
        host = self._host
        self._version = self._version or bwrap_version(host.bwrap)
        self._environment = digest(
            {
                "kernel": platform.release(),
                "machine": platform.machine(),
                "bwrap": self._version,
                "mounts": [str(mount) for mount in host.mounts],
                "path": host.path,
                "env": host.env,
            }
        )
        return self._environment


def _filled(furniture: Furniture | None) -> Path | None:
    """Return the folder of the host that a run fills, where it has no size of its own."""
    return furniture.directory if furniture is not None and furniture.writable else None


def bwrap_version(program: Path) -> str:
    """Return what `bwrap --version` prints; nothing if there is no bwrap."""
    if not os.access(program, os.X_OK):
        return ""
    done = subprocess.run(  # noqa: S603  (the host file's own path)
        [str(program), "--version"], check=False, capture_output=True, text=True, env={}
    )
    return done.stdout.strip()


def _root_of_host(mounts: tuple[Path, ...]) -> tuple[dict[str, str], list[str]]:
    """Return the links of a merged /usr, and what is mounted: real /bin and the like, *mounts*."""
    links: dict[str, str] = {}
    mounted: list[str] = []
    for name in _ROOT_LINKS:
        path = Path("/", name)
        if path.is_symlink():
            links[name] = os.readlink(path)  # noqa: PTH115  (its text, as it is)
        elif path.is_dir():
            mounted.append(str(path))
    return links, [*mounted, *(str(mount) for mount in mounts)]

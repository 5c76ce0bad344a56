"""The host file: what only the operator of the build host may decide about one repository.

A repository can ask for less than this file allows, never for more (DESIGN 4.1): `ceilings` is
the most that any process limit of a policy may come to.
"""

import re
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from policy.egress import Allowed, Asked
from policy.exposed import Exposed
from policy.notifying.destinations import Destination, NotifyLimits
from policy.notifying.rules import Destination as Named
from policy.remote import Remote
from policy.value import Value

RESERVED = (
    "/", "/dev", "/environment", "/etc", "/mission", "/proc", "/report", "/sys", "/tmp", "/usr",  # noqa: S108  # names inside the sandbox
)  # fmt: skip
"""Places of the sandbox that no mount may cover."""
DEFAULT_PATH = ("/usr/local/bin", "/usr/bin", "/bin")
AbsolutePath = Annotated[str, StringConstraints(pattern=r"^/[^\x00:]*$", max_length=4095)]
_WITH_USER = re.compile(r"[a-z][a-z0-9+.-]*://[^/\s@]+@", re.IGNORECASE)
AtLeastOne = Annotated[int, Field(ge=1)]
UnprivilegedId = Annotated[int, Field(ge=1, le=2**32 - 2)]


class Ceilings(Value):
    """The most a process may use here, whatever a policy says. Bytes, seconds, counts."""

    wall_s: AtLeastOne = 4 * 3600
    idle_s: AtLeastOne | None = None
    """None: policy's own limit stands."""
    output_bytes: AtLeastOne = 1024**2
    memory_bytes: AtLeastOne = 8 * 1024**3
    processes: AtLeastOne = 2048
    open_files: AtLeastOne = 4096
    file_bytes: AtLeastOne = 4 * 1024**3
    scratch_bytes: AtLeastOne = 4 * 1024**3
    scratch_inodes: AtLeastOne = 1_000_000
    tmp_bytes: AtLeastOne = 1024**3


class EgressLimits(Value):
    """What one process with a network may do there."""

    connections: AtLeastOne = 64
    """At once; more wait or are refused."""
    bytes: AtLeastOne = 8 * 1024**3
    """Sent and received together."""
    header_bytes: AtLeastOne = 16 * 1024
    """A larger request header is refused."""
    connect_s: AtLeastOne = 30
    """For a request to come, for its host to be found and to answer."""
    idle_s: AtLeastOne = 300
    """A connection on which nothing passes for so long is closed."""
    lines: AtLeastOne = 2000
    """So many requests are recorded one by one; the rest is counted and refused."""


class Builder(Value):
    """A numeric user and group that own nothing else; they need no account."""

    uid: UnprivilegedId
    gid: UnprivilegedId


class Upkeep(Value):
    """What is kept low in a repository that is `owned`, and how often that is looked at."""

    every_s: AtLeastOne = 6 * 3600
    loose_refs: AtLeastOne = 256
    """So many files of the daemon's own refs, and all refs are packed."""
    loose_objects: AtLeastOne = 4096
    """About so many objects that are files of their own, and they are packed."""
    grace_days: Annotated[int, Field(ge=14)] = 14
    """What nothing refers to is kept for so long: somebody may be about to refer to it."""


class KeySearch(Value):
    """How far a daemon that starts looks for approvers' private keys. Folders below, files."""

    depth: AtLeastOne = 8
    files: AtLeastOne = 4096
    """In each `.ssh` and in pawl's own folders. Where there is more, nothing starts."""
    mount_depth: AtLeastOne = 3
    mount_files: AtLeastOne = 4096
    """In each of `mounts`, nearest to its top first. The rest of it is not looked at."""


class Host(Value):
    schema_version: Literal[1] = Field(alias="schema")
    git_dir: AbsolutePath
    """The main git directory this file, its trust file and its state belong to."""
    durability: Literal["full", "process"] = "full"
    """full: an acknowledged step survives power loss. process: it survives SIGKILL."""
    engine: Literal["auto", "overlay", "copy"] = "auto"
    """How a work tree is made. copy: where overlays are missing or directories are renamed."""
    scratch: Literal["memory", "disk"] = "memory"
    """Where a work tree's changes lie while a process runs: a sized tmpfs, or the state folder."""
    builder: Builder | None = None
    """Whom builders and gates run as. None: as the daemon's own user, which then is not root."""
    mounts: tuple[AbsolutePath, ...] = ()
    """Read-only in every sandbox, at their own path: toolchains. `/usr` needs no mention."""
    path: tuple[AbsolutePath, ...] = DEFAULT_PATH
    """PATH inside, in this order."""
    env: dict[str, str] = Field(default_factory=dict)
    """Added to the cleared environment inside."""
    egress: tuple[Allowed, ...] = ()
    """Hosts that sandboxes may be allowed to reach, `host` (port 443) or `host:port`. Addresses
    that are not public only where they are named with their port: `10.0.0.0/8:3141`, a mirror."""
    egress_proxy: Asked | None = None
    """The host's own way out, `proxy.example:3128`, where it reaches hosts through a proxy only.
    It finds them then, so their addresses are not judged here; the names still are."""
    egress_limits: EgressLimits = EgressLimits()
    ceilings: Ceilings = Ceilings()
    cgroups: tuple[AbsolutePath, ...] = ()
    """Control groups the daemon may make groups in. None: memory is limited per process only."""
    report_bytes: AtLeastOne = 32 * 1024**2
    """A larger test report is no report."""
    spill_bytes: AtLeastOne = 64 * 1024**2
    """So much of a process's output is kept whole, in the state folder, for a while."""
    shm_bytes: AtLeastOne = 64 * 1024**2
    free_bytes: AtLeastOne = 1024**3
    """Floor: with less room where the state folder or the repository's objects lie, nothing is
    started. What runs goes on, unless it fills that disk itself (`scratch: disk`, the copy engine,
    an environment being built): it is killed, and begun again without charge once there is room."""
    environments_kept: AtLeastOne = 16
    """Built environments kept, used last first; others are built again when needed."""
    environments_bytes: AtLeastOne = 20 * 1024**3
    """Of all of them together."""
    trees_kept: AtLeastOne = 16
    """Base trees kept ready for the next run, newest first; others are made again when needed."""
    lock_grace_s: AtLeastOne = 900
    """A stale lock file in a repository the daemon does not own is left alone for so long."""
    remote: Remote | None = None
    """The hub that this clone belongs to. None: the git dir itself is what people push to."""
    notify: dict[Named, Destination] = Field(default_factory=dict)
    """Where the names lead that the policy's `notifications` are `to`: an address and its secret
    are the operator's alone."""
    notify_limits: NotifyLimits = NotifyLimits()
    metrics: Exposed | None = None
    """Where the figures of METRICS are served as Prometheus text, on loopback. None: nowhere."""
    owned: bool = False
    """Whether the git directory is the daemon's to keep in order: a hub on the build host. In a
    person's repository nothing is packed or pruned but the daemon's own packs."""
    upkeep: Upkeep = Upkeep()
    stop_s: AtLeastOne = 30
    """On SIGTERM, running processes are gone and checkpointed within this."""

    openssh_s: AtLeastOne = 20
    """For one answer of ssh-keygen or of an agent; without one nobody's signature is believed."""
    key_search: KeySearch = KeySearch()
    stale_s: AtLeastOne = 6 * 3600
    """A deed that takes longer than this, all its processes together, makes health red."""
    key: Literal["file", "credential"] = "file"
    """Where the daemon's key is. file: beside this file. credential: handed over by systemd."""

    @model_validator(mode="after")
    def _env_holds_no_credentials(self) -> "Host":
        for name, value in self.env.items():
            if _WITH_USER.search(value):
                raise ValueError(
                    f"env: {name} holds an address with a user in it; whatever runs in a sandbox "
                    "can read it: use a mirror that asks for none"
                )
        return self

    @model_validator(mode="after")
    def _mounts_are_no_way_out(self) -> "Host":
        for mount in self.mounts:
            if mount.rstrip("/") in {place.rstrip("/") for place in RESERVED}:
                raise ValueError(f"mounts: {mount} is a place of the sandbox's own; leave it out")
            if ".." in mount.split("/"):
                raise ValueError(f"mounts: {mount} goes up with `..`; write the path out")
            if _holds(mount, self.git_dir):
                raise ValueError(
                    f"mounts: {mount} holds the git directory {self.git_dir}, which a builder "
                    "must never see; mount the folders of the toolchain instead"
                )
            for secret, what in self._secrets():
                if _holds(mount, secret):
                    raise ValueError(f"mounts: {mount} holds {secret}, which {what}")
        return self

    def _secrets(self) -> Iterator[tuple[str, str]]:
        for path in (self.remote.ssh_key, self.remote.credentials) if self.remote else ():
            if path is not None:
                yield path, "opens the hub"
        for name, destination in self.notify.items():
            yield destination.secret_file, f"is the secret of notify.{name}"


def _holds(folder: str, path: str) -> bool:
    top = folder.rstrip("/")
    return path == top or path.startswith(f"{top}/")

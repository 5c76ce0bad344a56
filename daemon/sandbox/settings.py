"""What the host's operator decides about sandboxes; a repository can ask for less, never for more.

Filled from the host file. No path here may come from a repository.
"""

from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Literal

from policy.bus.operation import Limits
from policy.canonical import digest
from policy.host import EgressLimits
from policy.ids import Digest

RESERVED = (
    "/", "/dev", "/environment", "/etc", "/mission", "/proc", "/report", "/sys", "/tmp", "/usr",  # noqa: S108  # names inside the sandbox
)  # fmt: skip
"""Places of the sandbox that no host mount may cover."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Builder:
    """The numeric user a root daemon drops to before anything else. Needs no account."""

    uid: int
    gid: int

    def __post_init__(self) -> None:
        if self.uid <= 0 or self.gid <= 0:
            raise ValueError(
                f"the builder's uid and gid must be numbers above 0, not {self.uid}:{self.gid}: "
                "set `builder: {uid, gid}` in the host file to a user that owns nothing else"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxHost:
    """The host's share of a sandbox.

    *builder* is None for an ordinary user's daemon (builders run as that user, in namespaces)
    and required for root's. *mounts* appear inside at their own path, read-only. *ceilings*
    cap what an operation asks for, field by field. *cgroups* are directories this daemon may
    create sub-directories in (one of version 2, or one each of version 1's memory and pids);
    without them memory is limited per process only. *report_bytes* is the largest report read.
    *spill_bytes* of an operation's output are kept whole in the state directory; 0: none.
    """

    ceilings: Limits
    report_bytes: int
    spill_bytes: int
    shm_bytes: int
    egress: tuple[str, ...] = ()
    """What sandboxes may be allowed to reach (policy/egress.py); none: nothing."""
    egress_proxy: str | None = None
    egress_limits: EgressLimits = field(default_factory=EgressLimits)
    builder: Builder | None = None
    mounts: tuple[Path, ...] = ()
    path: tuple[str, ...] = ("/usr/local/bin", "/usr/bin", "/bin")
    env: tuple[tuple[str, str], ...] = ()
    engine: Literal["auto", "overlay", "copy"] = "auto"
    scratch: Literal["memory", "disk"] = "memory"
    """Where the writable layer lies: a sized tmpfs (kernel >= 6.6), or the state directory."""
    free_bytes: int = 0
    """Less than this kills a run that fills a disk: `scratch: disk`, the copy engine, a set-up."""
    cgroups: tuple[Path, ...] = ()
    bwrap: Path = field(default=Path("/usr/bin/bwrap"))

    def __post_init__(self) -> None:
        for mount in self.mounts:
            name = PurePosixPath(mount)
            if not name.is_absolute() or ".." in name.parts or str(name) in RESERVED:
                raise ValueError(
                    f"cannot mount {mount} into the sandbox: `mounts` in the host file takes "
                    f"absolute paths without `..`, other than {', '.join(RESERVED)}"
                )

    def within(self, asked: Limits) -> Limits:
        """Return *asked*, cut to the host's ceilings."""
        return asked.model_copy(
            update={name: self._cut(asked, name) for name in Limits.model_fields}
        )

    def _cut(self, asked: Limits, name: str) -> float | None:
        wanted: float | None = getattr(asked, name)
        ceiling: float | None = getattr(self.ceilings, name)
        if wanted is None or ceiling is None:
            return ceiling if wanted is None else wanted
        return min(wanted, ceiling)

    def digest(self) -> Digest:
        """Return the digest of everything here: probes are cached by it."""
        return digest(
            {
                "ceilings": self.ceilings.model_dump(mode="json"),
                "report_bytes": self.report_bytes,
                "shm_bytes": self.shm_bytes,
                "builder": [self.builder.uid, self.builder.gid] if self.builder else None,
                "mounts": [str(mount) for mount in self.mounts],
                "path": self.path,
                "env": self.env,
                "engine": self.engine,
                "scratch": self.scratch,
                "egress": self.egress,
                "egress_proxy": self.egress_proxy,
                "egress_limits": self.egress_limits.model_dump(mode="json"),
                "cgroups": [str(group) for group in self.cgroups],
                "bwrap": str(self.bwrap),
            }
        )

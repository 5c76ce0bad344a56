"""Environments: what builders and gates find installed, as the policy file declares it (DESIGN 7).

An environment is a folder, `/environment` inside, that its set-up commands fill once; afterwards it
is read-only for everybody. They see the key files and nothing else of the repository, so that what
is not part of the key cannot have been part of the result either.
"""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from policy.backlog.words import Argv, RepoPath
from policy.egress import Asked
from policy.value import Value

NONE = "none"
"""Names no environment, where a default would be meant otherwise."""
Seconds = Annotated[int, Field(ge=1)]
Bytes = Annotated[int, Field(ge=1)]
AtLeastOne = Annotated[int, Field(ge=1)]
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OWN_VARIABLES = frozenset({"PATH", "HOME"})
_ROOT_NAME = re.compile(r"[a-z][a-z0-9_.-]{0,63}")
_TAKEN_IN_THE_ROOT = frozenset((
    "bin", "boot", "dev", "environment", "etc", "home", "lib", "lib32", "lib64", "libx32", "media",
    "mission", "mnt", "opt", "proc", "report", "root", "run", "sbin", "srv", "sys", "tmp", "usr",
    "var",
))  # fmt: skip


def _variable(name: str) -> str:
    if not _VARIABLE.fullmatch(name) or name in _OWN_VARIABLES:
        raise ValueError(f"{name!a} is not a variable that can be set; folders belong into `path`")
    return name


def _root_name(name: str) -> str:
    if not _ROOT_NAME.fullmatch(name) or name in _TAKEN_IN_THE_ROOT:
        raise ValueError(f"{name!a} is not a free name in the root of a sandbox")
    return name


Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,31}$")]
Variable = Annotated[str, AfterValidator(_variable)]
RootName = Annotated[str, AfterValidator(_root_name)]


class EnvironmentLimits(Value):
    """Overrides of `sandbox.setup` for one environment."""

    memory_bytes: Bytes | None = None
    """Instead of what `sandbox.setup` says."""
    processes: AtLeastOne | None = None
    """Instead of that."""
    tmp_bytes: Bytes | None = None
    """Instead of that."""
    output_bytes: Bytes | None = None
    """Instead of that."""


class Environment(Value):
    """A folder of tools and dependencies, made by commands from files of the repository."""

    setup: tuple[Argv, ...] = Field(min_length=1)
    """Commands, each run in a sandbox of its own at the top of a tree that has the key files and
    nothing else; what they leave in `/environment` is the environment."""
    key_files: tuple[RepoPath, ...] = ()
    """Files (or folders) that decide what is installed: lock files. Read from the base."""
    egress: tuple[Asked, ...] = ()
    """Hosts the set-up may reach, `host` (port 443) or `host:port`; the host file's `egress` must
    allow them too. Builders and gates in the environment have no network."""
    path: tuple[RepoPath, ...] = ()
    """Folders of the environment that come first in PATH: `bin`."""
    env: dict[Variable, str] = Field(default_factory=dict)
    """Variables, in the set-up and wherever the environment is used."""
    links: dict[RootName, RepoPath] = Field(default_factory=dict)
    """Names in the root of the sandbox that lead into the environment:
    `node_modules: node_modules` is where Node looks last, above the work tree."""
    key_changes: Literal["refused", "rebuilt"] = "refused"
    """A mission that changes a key file. refused: it is protected, people change it. rebuilt: its
    gates run in an environment of its own; what it wrote decides what is run with egress."""
    timeout_s: Seconds | None = None
    """Of each command; `sandbox.setup.wall_s` where it is left out."""
    limits: EnvironmentLimits = EnvironmentLimits()
    """Of each command."""


class EnvironmentSize(Value):
    """What an environment may come to; over it there is none."""

    max_bytes: Bytes
    """Of all its files."""
    max_files: AtLeastOne
    """Files, folders and links."""

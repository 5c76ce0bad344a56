"""The host file: what only the operator of the build host may decide about one repository.

A repository can ask for less than this file allows, never for more (DESIGN 4.1): `ceilings` is
the most that any process limit of a policy may come to.
"""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from policy.value import Value

AbsolutePath = Annotated[
    str, StringConstraints(pattern=r"^/[^\x00]*$", min_length=1, max_length=4095)
]
AtLeastOne = Annotated[int, Field(ge=1)]
UnprivilegedId = Annotated[int, Field(ge=1, le=2**32 - 2)]


class Ceilings(Value):
    """The most a process may use here, whatever policy says. None: policy's own limit stands."""

    wall_s: AtLeastOne | None = None
    output_bytes: AtLeastOne | None = None
    memory_bytes: AtLeastOne | None = None
    processes: AtLeastOne | None = None
    open_files: AtLeastOne | None = None
    file_bytes: AtLeastOne | None = None
    scratch_bytes: AtLeastOne | None = None
    scratch_inodes: AtLeastOne | None = None
    tmp_bytes: AtLeastOne | None = None


class Host(Value):
    schema_version: Literal[1] = Field(alias="schema")
    git_dir: AbsolutePath
    """The main git directory this file, its trust file and its state belong to."""
    durability: Literal["full", "process"] = "full"
    """full: an acknowledged step survives power loss. process: it survives SIGKILL."""
    engine: Literal["auto", "overlay", "copy"] = "auto"
    """How a work tree is made. copy: where overlays are missing or directories are renamed."""
    builder_uid: UnprivilegedId | None = None
    builder_gid: UnprivilegedId | None = None
    """The numeric user and group of every builder and gate. None: the daemon's own, which must
    then not be root; a root daemon refuses to start without them."""
    mounts: tuple[AbsolutePath, ...] = ()
    """Read-only in every sandbox, at their own path: toolchains. `/usr` needs no mention."""
    path: tuple[AbsolutePath, ...] = ("/usr/local/bin", "/usr/bin", "/bin")
    """PATH inside, in this order."""
    env: dict[str, str] = {}
    """Added to the cleared environment inside."""
    ceilings: Ceilings = Ceilings()
    free_bytes: AtLeastOne = 1024**3
    """Floor: with less room where workspaces lie nothing new is started."""
    lock_grace_s: AtLeastOne = 900
    """A stale lock file in a repository the daemon does not own is left alone for so long."""
    stop_s: AtLeastOne = 30
    """On SIGTERM, running processes are gone and checkpointed within this."""

    @model_validator(mode="after")
    def _builder_is_whole(self) -> "Host":
        if (self.builder_uid is None) != (self.builder_gid is None):
            raise ValueError("builder_uid and builder_gid go together: set both or neither")
        return self

    @model_validator(mode="after")
    def _nothing_of_the_repository_is_mounted(self) -> "Host":
        for mount in self.mounts:
            if _inside(self.git_dir, mount):
                raise ValueError(
                    f"mounts: {mount} holds the git directory {self.git_dir}, which a builder "
                    "must never see; mount the folders of the toolchain instead"
                )
        return self


def _inside(path: str, folder: str) -> bool:
    top = folder.rstrip("/")
    return path == top or path.startswith(f"{top}/")

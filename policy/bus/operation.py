"""An operation: one process, in one sandbox, over one tree. The only way to ask for a process."""

from typing import Literal

from policy.canonical import digest
from policy.egress import Asked
from policy.ids import Digest, MissionId, StepId, TreeId
from policy.value import Value

Role = Literal["builder", "verification", "gate", "condition", "probe", "environment"]


class Limits(Value):
    """What a process may use. Bytes, seconds, counts; inclusive. Numbers come from policy files."""

    wall_s: float
    idle_s: float | None = None
    """Seconds without a byte of output; None: no such limit."""
    output_bytes: int
    """Kept of stdout and stderr together, head and tail; more is drained and counted, not kept."""
    memory_bytes: int
    processes: int
    open_files: int
    file_bytes: int
    scratch_bytes: int
    """Size of the writable layer of the work tree."""
    scratch_inodes: int
    tmp_bytes: int


class Furnished(Value):
    """An environment that is there: what it was made from, and what came of it."""

    name: str
    key: Digest
    contents: Digest


class Given(Value):
    """A text the process finds in a file it can only read, at the path in the variable."""

    variable: str
    text: str


class Operation(Value):
    """`poe-1.0`. What is run, on which tree, with what limits.

    `{report}` in *argv* stands for a fresh path outside the work tree (DESIGN 5.1).
    """

    schema_id: Literal["poe-1.0"] = "poe-1.0"
    mission: MissionId | None
    step: StepId
    role: Role
    argv: tuple[str, ...]
    cwd: str = "."
    """Relative to the root of the work tree; must not leave it."""
    env: tuple[tuple[str, str], ...] = ()
    """Added to the sandbox's own; a cleared environment otherwise."""
    given: Given | None = None
    tree: TreeId
    changes: Literal["kept", "dropped"]
    """kept: the work tree is snapshotted once the last process is gone."""
    report: Literal["none", "junit"] = "none"
    egress: tuple[Asked, ...] = ()
    """Hosts it may reach, of those that the host file allows; none: it has no network at all."""
    environment: Furnished | None = None
    """What is mounted, read-only; of a set-up command, nothing yet."""
    limits: Limits

    def definition(self) -> Digest:
        """Return the digest of what is run, apart from on what, where and for whom."""
        return digest(
            self.model_dump(mode="json", exclude={"mission", "step", "tree", "environment"})
        )

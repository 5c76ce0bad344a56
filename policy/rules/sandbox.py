"""What processes of a mission may use, and what they may leave, as the policy asks for it.

The host file can lower each of these, never raise it.
"""

from typing import Annotated

from pydantic import Field

from policy.bus.operation import Limits
from policy.rules.environments import EnvironmentSize
from policy.rules.words import AtLeastOne, Bytes, Seconds
from policy.value import Value


class ProcessLimits(Value):
    """What a builder or a gate may use; the host file can only lower it."""

    wall_s: Seconds
    """Seconds it may run."""
    idle_s: Seconds | None
    """Seconds without any output; null: no limit."""
    output_bytes: Bytes
    """Of output that is kept."""
    memory_bytes: Bytes
    """Of each process, or of all where the host has control groups."""
    processes: AtLeastOne
    """At once."""
    open_files: AtLeastOne
    """Of each process."""
    file_bytes: Bytes
    """Of one file."""
    scratch_bytes: Bytes
    """Of what it changes in its work tree."""
    scratch_inodes: AtLeastOne
    """Files it makes there."""
    tmp_bytes: Bytes
    """Of /tmp."""

    def asked(self) -> Limits:
        """Return these limits as an operation asks for them."""
        return Limits.model_validate(self.model_dump(), strict=False)


class TreeLimits(Value):
    """What a snapshot or a candidate may be; over it the workspace is refused."""

    max_files: AtLeastOne
    """New or changed files, directories and links in one attempt."""
    max_bytes: Bytes
    """Of new or changed files together."""
    max_file_bytes: Bytes
    """Of one file."""
    max_depth: Annotated[int, Field(ge=1, le=256)]
    """Folders below folders; the walker keeps a descriptor a level."""
    max_name_bytes: AtLeastOne
    """Of one name."""
    max_path_bytes: AtLeastOne
    """Of a path from the top."""


class Sandbox(Value):
    builder: ProcessLimits
    """Of builders."""
    gate: ProcessLimits
    """Of gates, and of an item's tests."""
    condition: ProcessLimits
    """Of `check` conditions."""
    setup: ProcessLimits
    """Of the commands that make an environment."""
    environment: EnvironmentSize
    """What an environment may come to."""
    tree: TreeLimits
    """What an attempt may leave."""

"""What an operation answered: how the process ended, what it wrote, what it left in the tree."""

from typing import Annotated, Literal

from pydantic import Field

from policy.ids import Digest, TreeId
from policy.value import Value


class Exited(Value):
    kind: Literal["exited"] = "exited"
    code: int


class Killed(Value):
    """By a signal that was not ours: a crash, an out-of-memory kill, somebody's `kill`."""

    kind: Literal["killed"] = "killed"
    signal: int


class TimedOut(Value):
    kind: Literal["timed-out"] = "timed-out"
    limit: Literal["wall", "idle"]
    seconds: float


class Stopped(Value):
    """By us, on the daemon's own stop or the mission's cancellation. Says nothing of the work."""

    kind: Literal["stopped"] = "stopped"


class NotStarted(Value):
    """The sandbox could not start it: a missing tool (origin item) or a broken sandbox."""

    kind: Literal["not-started"] = "not-started"
    cause: Literal["tool_missing", "sandbox"]
    why: str


Ending = Annotated[Exited | Killed | TimedOut | Stopped | NotStarted, Field(discriminator="kind")]


class Output(Value):
    """stdout and stderr, interleaved as they came: head and tail, and what the whole was.

    Text is UTF-8 with undecodable bytes replaced; *sha256* and *size* are of the raw whole.
    """

    head: str
    tail: str
    size: int
    sha256: Digest

    @property
    def text(self) -> str:
        if not self.tail:
            return self.head
        return f"{self.head}\n[... {self.size} bytes in all ...]\n{self.tail}"


class Usage(Value):
    wall_s: float
    cpu_s: float
    max_rss_bytes: int


class Taken(Value):
    """A snapshot: the tree the process left behind."""

    kind: Literal["taken"] = "taken"
    tree: TreeId
    ignored: int
    """Untracked files dropped because the base's .gitignore names them."""


class Refused(Value):
    """The work tree cannot be a git tree within the limits; nothing of it was stored."""

    kind: Literal["refused"] = "refused"
    reason: Literal[
        "fifo", "socket", "device", "nested_repository", "too_many_files", "too_large",
        "file_too_large", "too_deep", "bad_name", "overlay_attribute", "unreadable", "changed",
    ]  # fmt: skip
    path: str
    why: str


Snapshot = Annotated[Taken | Refused, Field(discriminator="kind")]


class Contact(Value):
    """One request of a process for the network, and the proxy's answer. Bytes as passed on."""

    host: str
    """As it was asked for; of a request that could not be read, what could."""
    port: int
    allowed: bool
    why: str = ""
    """Why it was denied, or why what was allowed ended early."""
    address: str = ""
    """What *host* resolved to and was connected to."""
    sent: int = 0
    received: int = 0


class Provenance(Value):
    """Who ran it and where: enough to say whether another run would be the same run."""

    engine: str
    """`bwrap-overlay`, `bwrap-copy`."""
    argv: tuple[str, ...]
    tree: TreeId
    environment: Digest
    """Of the host's share: kernel, sandbox version, mounts, path, env."""


class Ran(Value):
    """A process was asked for and its end is known."""

    kind: Literal["ran"] = "ran"
    ending: Ending
    output: Output
    report: bytes | None
    """The bytes at `{report}`, None if nothing (or no regular file) was there or it was too big."""
    usage: Usage
    snapshot: Snapshot | None
    """None unless the operation keeps its changes."""
    provenance: Provenance
    contacts: tuple[Contact, ...] = ()
    """What was asked of the network, in order; nothing where it has none."""

    @property
    def status(self) -> Literal["succeeded", "failed"]:
        match self.ending:
            case Exited(code=0):
                return "succeeded"
            case Exited() | Killed() | TimedOut() | Stopped() | NotStarted():
                return "failed"


class Denied(Value):
    """A check of the bus said no before any engine ran."""

    kind: Literal["denied"] = "denied"
    check: Literal[
        "G-SCHEMA", "G-CAP", "G-INTEGRITY", "G-BUDGET", "G-PROVENANCE", "G-DET", "G-ISOLATION"
    ]
    why: str


EngineResult = Annotated[Ran | Denied, Field(discriminator="kind")]

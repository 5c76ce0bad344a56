"""What a decision may look at beside the mission: read once per tick, at one target commit."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from policy.ids import CommitId, Digest, GateName, MissionId, PolicyDigest, TreeId
from policy.mission.persons import NOTHING_SAID, Said
from policy.mission.whose import Alone, Hub
from policy.rules.failures import FailureClass
from policy.rules.model import Policy
from policy.value import Value


class Unchanged(Value):
    """The item on the target asks for what the mission was opened for."""

    kind: Literal["unchanged"] = "unchanged"


class Changed(Value):
    """Its spec hash differs: the mission works on what nobody wants any more."""

    kind: Literal["changed"] = "changed"


class Removed(Value):
    kind: Literal["removed"] = "removed"


class Cancelled(Value):
    """A person committed a status that ends the mission; `done` says they did it themselves."""

    kind: Literal["cancelled"] = "cancelled"
    status: Literal["cancelled", "done", "blocked"] = "cancelled"


class Unreadable(Value):
    """Its file is broken now: nothing of this mission lands until a person mends it."""

    kind: Literal["unreadable"] = "unreadable"
    why: str


Wish = Annotated[
    Unchanged | Changed | Removed | Cancelled | Unreadable, Field(discriminator="kind")
]


class Sound(Value):
    kind: Literal["sound"] = "sound"


class Frozen(Value):
    """Doubt about integrity, or a red target: nothing opens, nothing lands, until it is over.

    *needs*: a person who looks, or nobody: a mission is at it.
    """

    kind: Literal["frozen"] = "frozen"
    why: str
    needs: Literal["person", "nobody"] = "person"


Integrity = Annotated[Sound | Frozen, Field(discriminator="kind")]


class Free(Value):
    """No checkout of the target stands in the way of a landing."""

    kind: Literal["free"] = "free"


Obstacle = Literal[
    "dirty",
    "operation",
    "locked",
    "unfinished",
    "filtered",
    "in_the_way",
    "hidden",
    "sparse",
    "submodule",
    "unreadable",
    "foreign_owner",
    "missing",
    "checked_out",
]
"""Why a checkout cannot be brought along."""


class Held(Value):
    """A checkout of the target cannot be brought along (DESIGN 4.5): dirty, merging, locked."""

    kind: Literal["held"] = "held"
    reason: Obstacle
    why: str


Checkout = Annotated[Free | Held, Field(discriminator="kind")]


class OnTip(Value):
    """The landed commit of the mission's `landing-started` is the target's tip or below it."""

    kind: Literal["on-tip"] = "on-tip"


class NotLanded(Value):
    kind: Literal["not-landed"] = "not-landed"


Sighting = Annotated[OnTip | NotLanded, Field(discriminator="kind")]


class Isolated(Value):
    """The host holds its sandbox: processes may be started."""

    kind: Literal["isolated"] = "isolated"


class NoSandbox(Value):
    """It does not, and *why* says what to mend: nothing is started, and nothing is charged."""

    kind: Literal["no-sandbox"] = "no-sandbox"
    why: str


Isolation = Annotated[Isolated | NoSandbox, Field(discriminator="kind")]


class Clear(Value):
    """No other mission goes first: it may land."""

    kind: Literal["clear"] = "clear"


class Yields(Value):
    """The mission *to* goes first: its gates run on the target as it is (policy/landing/turns)."""

    kind: Literal["yields"] = "yields"
    to: MissionId
    rebuilds: int


class Unjudged(Value):
    """The last landing, of *mission*, is not judged yet: nothing opens, nothing lands."""

    kind: Literal["unjudged"] = "unjudged"
    mission: MissionId
    why: str


Way = Annotated[Clear | Yields | Unjudged, Field(discriminator="kind")]


class Prepared(Value):
    """Every environment the mission needs now is there."""

    kind: Literal["prepared"] = "prepared"


class Unprepared(Value):
    """One is not; *failures* is how often building it failed, the rest is of the last time."""

    kind: Literal["unprepared"] = "unprepared"
    name: str
    key: Digest
    failures: int = 0
    failure: FailureClass | None = None
    why: str = ""
    at: datetime | None = None


Preparation = Annotated[Prepared | Unprepared, Field(discriminator="kind")]


class BuilderCall(Value):
    """How the item's builder is invoked."""

    builder: str
    argv: tuple[str, ...]
    chosen_by: Literal["item", "level"] = "item"
    """level: the item names nobody, so the builder is that of the escalation level."""
    deterministic: bool
    """Equal argv, start tree and environment give an equal result: not run twice in vain."""
    environment: Digest
    """Of the host's share and of every environment the mission needs; see `preparation`."""


class FromTarget(Value):
    """The next attempt starts from the target's tip."""

    kind: Literal["from-target"] = "from-target"


class FromPerson(Value):
    """A person committed on the work branch: the next attempt starts from there."""

    kind: Literal["from-person"] = "from-person"
    commit: CommitId
    tree: TreeId


class FromOwnWork(Value):
    """The next attempt goes on from what the last one left, on *base*."""

    kind: Literal["from-own-work"] = "from-own-work"
    commit: CommitId
    tree: TreeId
    base: CommitId


class Anew(Value):
    """What the last attempt left conflicts with the target: it is made anew from there."""

    kind: Literal["anew"] = "anew"
    patch: str
    """The last attempt's diff, cut to `feedback.patch_bytes`."""
    patch_bytes: int
    """Of all of it."""


Start = Annotated[FromTarget | FromPerson | FromOwnWork | Anew, Field(discriminator="kind")]


class World(Value):
    target: CommitId
    target_tree: TreeId
    good_tree: TreeId
    """Of the commit the mission's landing is built on; *target_tree* where it has not landed."""
    policy: Policy
    """Effective at *target*; gates and routes come from here."""
    policy_digest: PolicyDigest
    wish: Wish
    integrity: Integrity
    activity: Literal["active", "paused", "stopping"]
    """paused: `.pawl/PAUSE` is at the target's tip. stopping: the daemon was told to end."""
    isolation: Isolation
    short: str | None = None
    """Why the host has no room for what a process would leave; None where it has."""
    checkout: Checkout
    sighting: Sighting
    way: Way
    busy: int = 0
    """Other missions something runs for now."""
    moved_by: Literal["landings", "others"]
    """Who moved the target since the mission's candidate: this daemon's landings alone, or others.
    Only asked for where it makes a difference; others else."""
    call: BuilderCall
    start: Start
    required: tuple[GateName, ...]
    """Gates the candidate needs, in judging order."""
    preparation: Preparation = Prepared()
    after: tuple[tuple[GateName, Digest], ...]
    """What judges the target where the mission has landed: gates and their definitions."""
    said: Said = NOTHING_SAID
    voided: bool = False
    """Whether the gates that judged it are others now: a standing waiver has come or gone."""
    now: datetime
    quiet_until: datetime | None = None
    """When the next active hours begin; None where it is within some."""
    hub: Hub = Alone()

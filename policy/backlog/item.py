"""A backlog item: a wish, committed by a person as a file (DESIGN 5.1).

Unknown keys are errors and nothing is coerced. *running* is not a status: it is derived from the
missions, so a file can never contradict the ledger.
"""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, model_validator

from policy.backlog.conditions import AnyCondition
from policy.backlog.verification import Verification
from policy.backlog.words import Argv, Filled, Glob, Id, Line, RepoPath, Text, Title, Written
from policy.ids import ItemId
from policy.paths import matches_any
from policy.problems import faulty
from policy.rules.words import Kind, Risk

Priority = Literal["P0", "P1", "P2", "P3"]
Status = Literal["todo", "done", "blocked", "cancelled"]
Slice = Literal["small", "medium", "large", "umbrella"]
AtLeastOne = Annotated[int, Field(ge=1)]
COMMAND = "command"
"""The built-in builder: it runs the item's `command`."""


class PlannedTest(Written):
    name: Line
    validates: Text
    """What of the contract it proves."""
    expected: Text


class PlannedFile(Written):
    path: RepoPath
    action: Literal["create", "modify", "delete"]


class Reference(Written):
    """Something that exists already and is worth reading first."""

    what: Line
    where: Line
    why: Text


class Package(Written):
    id: Line
    layer: Line | None = None
    spec_id: Line | None = None
    framework_id: Line | None = None
    plane_id: Line | None = None
    assets: tuple[RepoPath, ...] = ()
    dependencies: tuple[Line, ...] = ()


class ItemBudget(Written):
    """Less than `budgets.mission` of the policy allows; more than that has no effect."""

    attempts: AtLeastOne | None = None
    iterations: AtLeastOne | None = None
    tokens: AtLeastOne | None = None
    cost: AtLeastOne | None = None
    active_minutes: AtLeastOne | None = None
    changed_lines: AtLeastOne | None = None
    changed_files: AtLeastOne | None = None


class BacklogItem(Written):
    id: Id
    """Unique in the backlog, ignoring case, and the file's name without `.yaml`."""
    title: Title
    """One line: the subject of the commit that will land."""
    priority: Priority
    """P0 first."""
    status: Status = "todo"
    """done is set when the item lands; cancelled ends a running mission; blocked: not yet."""
    kind: Kind = "build"
    """integration closes the wave it is in; the others differ in the gates policy asks for."""
    risk: Risk = "low"
    """Chooses the stages of the mission, from the policy's pipeline."""
    phase: Annotated[int, Field(ge=0)] | None = None
    """Items of a later phase than the policy's selection.max_phase wait."""
    wave: Line | None = None
    """Items of a wave wait until the earlier waves are done; 2 comes before 10."""
    slice: Slice = "small"
    """An umbrella is never run: it must be split."""
    contract: Text
    """The behaviour to deliver."""
    acceptance: Annotated[tuple[Text, ...], *Filled]
    """Each criterion needs evidence at the end."""
    design: Text | None = None
    """How it is to be built, where that is not the builder's choice."""
    constraints: tuple[Text, ...] = ()
    """What must hold whatever is built."""
    steps: tuple[Text, ...] = ()
    """The order to build it in."""
    test_plan: tuple[PlannedTest, ...] = ()
    """Tests to write."""
    files: tuple[PlannedFile, ...] = ()
    """Files expected to change; a binary file may only change if it is listed here."""
    principles: tuple[Text, ...] = ()
    """What to prefer where there is a choice."""
    references: tuple[Reference, ...] = ()
    """What exists already and is worth reading first."""
    out_of_scope: tuple[Text, ...] = ()
    """What is not to be built."""
    packages: tuple[Package, ...] = ()
    """Packages the item makes or changes."""
    write_scope: Annotated[tuple[Glob, ...], *Filled]
    """What may change: globs from the top of the repository; `src/**` is all that is in src."""
    read_context: tuple[RepoPath, ...] = ()
    """Files shown to the builder."""
    blocked_by: tuple[Id, ...] = ()
    """Items that must be done before."""
    unblocks: tuple[Id, ...] = ()
    """Items that wait for this one; the same as `blocked_by` there."""
    ready_when: tuple[AnyCondition, ...] = ()
    """All of them must hold."""
    not_ready_when: tuple[AnyCondition, ...] = ()
    """None of them may hold."""
    tests: Annotated[tuple[Verification, ...], *Filled]
    """The gate `tests`: commands that fail before the change and hold after it."""
    done_when: tuple[Verification, ...] = ()
    """The gate `done`: the done signal."""
    expect_base: Literal["fail", "pass"] = "fail"
    """pass: the tests hold before the change too, as in a refactoring; needs expect_base_reason."""
    expect_base_reason: Text | None = None
    """Why the tests hold already, with expect_base: pass."""
    builder: Line | None = None
    """Name of an adapter in .pawl/builders, or `command`; the policy's chain where left out."""
    command: Argv | None = None
    """The command of the built-in builder `command`, as a list of words."""
    environment: Line | None = None
    """One of the policy's environments, for the builder and the tests, or `none`."""
    reopen: AtLeastOne = 1
    """Raise it to run a finished item again."""
    requires_approval: bool = False
    """A person approves the change before it lands."""
    requested_by: Line | None = None
    """Who wants it; may not approve it, unless the trust file says so."""
    owner: Line | None = None
    """Whom to ask about it."""
    tags: tuple[Line, ...] = ()
    """For people to find it; nothing reads them."""
    budget: ItemBudget = ItemBudget()
    """What its mission may use, where that is less than policy allows."""

    @property
    def item_id(self) -> ItemId:
        return ItemId(self.id)

    @model_validator(mode="after")
    def _fits_together(self) -> "BacklogItem":
        faults = [*_barring(self), *_base(self), *_builder(self), *_files(self)]
        if faults:
            raise faulty(faults)
        return self


Faults = Iterator[tuple[str, str]]


def _barring(item: BacklogItem) -> Faults:
    """Yield the gates none of whose parts can bar: each would be always open."""
    for name, parts in (("tests", item.tests), ("done_when", item.done_when)):
        if parts and not any(part.blocking for part in parts):
            yield name, "none of them is blocking"


def _base(item: BacklogItem) -> Faults:
    if item.expect_base == "pass" and item.expect_base_reason is None:
        yield "expect_base", "pass needs expect_base_reason: why the tests hold already"
    if item.expect_base == "fail" and item.expect_base_reason is not None:
        yield "expect_base_reason", "belongs to expect_base: pass"


def _builder(item: BacklogItem) -> Faults:
    if item.command is None and item.builder == COMMAND:
        yield "builder", "command needs `command: [...]`, the words of the command to run"
    if item.command is not None and item.builder not in (None, COMMAND):
        yield "command", f"is for the builder `command`, not for {item.builder}; leave one out"


def _files(item: BacklogItem) -> Faults:
    for file in item.files:
        if not matches_any(item.write_scope, file.path):
            yield "files", f"{file.path} is outside write_scope, so it could never land"

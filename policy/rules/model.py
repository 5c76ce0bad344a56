"""The policy model: parser, JSON Schema and consumer are this one type (pitfall P-01).

Every limit, count, timeout and route the daemon uses is a field here or in the host file; no
module holds a number of its own. Defaults are not in this file: they are in `default.yaml`, so
that what ships is what is read.
"""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from policy.ids import GateName
from policy.notifying.rules import Event, Notices, Notification, Requests
from policy.paths import fault_of_path
from policy.people.roles import APPROVER, BACKLOG, POLICY, Permissions, Waivers
from policy.rules.asking import Approval, Checkpoint
from policy.rules.budgets import Budgets, InAll
from policy.rules.environments import NONE, Environment
from policy.rules.environments import Name as EnvironmentName
from policy.rules.escalation import Chain
from policy.rules.failures import FailureClass
from policy.rules.gates import BUILT_IN_GATES, GateCommand, RedFirst
from policy.rules.hours import ActiveHours
from policy.rules.pages import Pages
from policy.rules.progress import Progress
from policy.rules.routes import Route
from policy.rules.sandbox import Sandbox
from policy.rules.words import AtLeastOne, Bytes, Count, Risk, Seconds, StageName
from policy.signs.signature import Classify
from policy.value import Value


class Selection(Value):
    """Which item is next, and when none may be opened (DESIGN 5.2)."""

    max_agents: AtLeastOne
    """How many missions may run at once: a cap, never a quota."""
    max_phase: Count
    """Items of a later phase wait."""
    quarantine_after: AtLeastOne
    """Item-caused BLOCKED endings with one spec hash after which the item is quarantined."""
    on_invalid: Literal["halt", "hold"]
    """halt: one unreadable item stops every opening. hold: only itself."""
    on_escalation: Literal["halt", "continue"]
    """halt: a mission that waits for a person stops every opening; not one that only waits for
    their approval."""
    interruptions: Count
    """Interrupted attempts a mission may have, uncharged, before a person is asked."""
    rerun_on_policy_change: bool
    """A BLOCKED item runs again when the policy digest changed."""
    environment_backoff_s: Seconds
    """A BLOCKED item whose ending was not its own fault runs again after this."""


class Feedback(Value):
    """How much an attempt is told of the failure before it (`PAWL_FAILURE`)."""

    names: Count
    """Failing tests, and conflicting paths, each."""
    text_chars: Count
    """Of the sentence why."""
    patch_bytes: Count
    """Of its own diff, where that has to be made anew."""


class Command(Value):
    """The built-in `command` builder."""

    deterministic: bool
    """Equal argv, start tree and environment give an equal result: it is not run twice for a
    failure of the item's own, and is told nothing of it. False for a command that asks a model."""
    usage: Literal["none", "printed"]
    """none: it asks no model. printed: the last line it prints says what it used,
    `PAWL_USAGE {"tokens": 1200, "cost": 3}`; one that does not has not told."""


class AfterLanding(Value):
    """How the target is judged once a mission has landed (DESIGN 8.7)."""

    gates: Literal["all"] | Annotated[tuple[GateName, ...], Field(min_length=1)]
    """all: those its candidate needed. Else `tests`, `done` and names of `gates`, whatever their
    `when`: `when: {risk: []}` is a gate that is asked after landings only. What said so of exactly
    this product, by this definition in this environment, is adopted and not run again."""
    reruns: Count
    """How often gates that bar are asked again: with a pass among them they are flaky."""
    repair: Annotated[int, Field(ge=0, le=1)]
    """Attempts to mend a target that stays red, if nobody has built on it."""
    revert: bool
    """Then: one commit with the last good tree, if still nobody has. False: freeze at once."""


class Landing(Value):
    """How a moving target is followed (DESIGN 8.6)."""

    rebuilds: Count
    """Rebuilds in a row after which a mission goes first among those of this daemon."""
    backoff_s: Seconds
    """Waited where even that comes late, doubled each time..."""
    backoff_max_s: Seconds
    """... up to this: it is never given up."""


class Evidence(Value):
    """What stays in every clone for ever; more is kept head + tail, the whole in the state dir."""

    piece_bytes: Bytes
    """Of one piece."""
    mission_bytes: Bytes
    """Of all pieces of a mission."""
    retention_days: AtLeastOne
    """So long the whole is kept in the state folder."""


class Policy(Chain):
    """The effective policy: the shipped file with the repository's overrides merged in."""

    schema_version: Literal[1] = Field(alias="schema")
    target: str
    """Branch name, without `refs/heads/`."""
    repo_name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
    """What permissions and pages call the repository."""
    backlog: str
    """Folder of the items."""
    backlog_markdown: str | None
    """A Markdown file whose checkbox lines are items too, where it is there; null reads none."""
    protected: tuple[str, ...]
    """Globs added to those that are always protected (DESIGN 4.1)."""
    test_paths: tuple[str, ...]
    """Globs of files that hold tests: `tests_from` and red_first read them."""
    selection: Selection
    pipeline: dict[Risk, tuple[StageName, ...]]
    """Stages of each risk, in order. One that no adapter plays makes its items invalid."""
    red_first: RedFirst
    """The gate that looks whether the item's tests fail without the change."""
    gates: tuple[GateCommand, ...]
    """Commands, in order. The built-in gates are always required and are not listed."""
    environments: dict[EnvironmentName, Environment]
    """Commands that install something, by name (docs/environments.md)."""
    environment: str | None
    """The one in which builders, gates, items' verifications and conditions run that name none."""
    budgets: Budgets
    """What may be used up."""
    limits: InAll
    """Over all classes of failure."""
    active_hours: ActiveHours | None
    """When items are opened and attempts started; null: always."""
    checkpoints: tuple[Checkpoint, ...]
    """Pauses after a stage."""
    approvals: tuple[Approval, ...]
    """Those of an item with `requires_approval` come on top: at `land`."""
    command: Command
    """The built-in builder."""
    failures: dict[FailureClass, Route]
    """Where each class leads."""
    progress: Progress
    """When attempts lead nowhere."""
    classify: Classify
    """How output is read (docs/classification.md)."""
    feedback: Feedback
    """What the next attempt is told."""
    landing: Landing
    """How a moving target is followed."""
    after_landing: AfterLanding
    """How the target is judged afterwards."""
    sandbox: Sandbox
    """What processes may use."""
    evidence: Evidence
    """What is kept of output."""
    notifications: tuple[Notification, ...]
    """Who is told of what; where that goes, `notify` of the host file says."""
    notices: Notices
    """How people are told."""
    permissions: Permissions
    """Who may do what."""
    waivers: Waivers
    """How far a permission may go."""
    requests: Requests
    """What is shown to people who decide, and how they are reminded."""
    pages: Pages
    reconcile_s: Seconds
    """One reconcile each so many seconds is sufficient; events only shorten the wait."""

    @field_validator("backlog_markdown")
    @classmethod
    def _is_a_path(cls, path: str | None) -> str | None:
        fault = None if path is None else fault_of_path(path)
        if fault is None and path is not None and not path.endswith(".md"):
            fault = f"{path} must end in .md"
        if fault is not None:
            raise ValueError(fault)
        return path

    @model_validator(mode="after")
    def _every_class_has_a_route(self) -> "Policy":
        missing = sorted(set(FailureClass) - set(self.failures))
        if missing:
            raise ValueError(f"failures: no route for {', '.join(missing)}")
        return self

    @model_validator(mode="after")
    def _every_event_has_a_priority(self) -> "Policy":
        missing = sorted(set(Event) - set(self.notices.priorities))
        if missing:
            raise ValueError(f"notices.priorities: none for {', '.join(missing)}")
        return self

    @model_validator(mode="after")
    def _what_is_asked_can_be(self) -> "Policy":
        for fault in self._in_vain():
            raise ValueError(fault)
        return self

    def _in_vain(self) -> Iterator[str]:
        """Yield what would never be asked, or could never be answered."""
        there = {"open", "land"}.union(*self.pipeline.values())
        named: list[tuple[str, str]] = [("approvals: at", one.at) for one in self.approvals]
        named += [(f"checkpoints: {one.name}: after", one.after) for one in self.checkpoints]
        for where, stage in named:
            if stage not in there:
                yield f"{where}: no tier of `pipeline` has the stage {stage}"
        given = (self.permissions.others, *self.permissions.roles.values())
        asked = [("approvals: role", one.role) for one in self.approvals]
        asked += [
            (f"permissions.gates: {gate}", role) for gate, role in self.permissions.gates.items()
        ]
        for where, role in asked:
            if not any({role, APPROVER} <= set(one) for one in given):
                yield (
                    f"{where}: `permissions` gives nobody both roles, {role} and {APPROVER}; "
                    f"it takes {APPROVER} to sign anything in waivers/"
                )
        yield from self._unknown()

    def _unknown(self) -> Iterator[str]:
        """Yield names that nothing has: a misspelled one would silently mean nothing."""
        gates = {*BUILT_IN_GATES, *(gate.name for gate in self.gates)}
        said = [("waivers.non_waivable", gate) for gate in self.waivers.non_waivable]
        said += [("permissions.gates", gate) for gate in self.permissions.gates]
        for where, gate in said:
            if gate not in gates:
                yield f"{where}: there is no gate {gate}; there are: {', '.join(sorted(gates))}"
        used = {POLICY, APPROVER, BACKLOG, *(one.role for one in self.approvals)}
        used.update(self.permissions.gates.values())
        for who, roles in self.permissions.roles.items():
            for role in roles:
                if role not in used:
                    yield f"permissions.roles: {who}: nothing asks for the role {role}"

    @model_validator(mode="after")
    def _gate_names_are_unique_and_free(self) -> "Policy":
        names = [gate.name for gate in self.gates]
        taken = [name for name in names if name in BUILT_IN_GATES or names.count(name) > 1]
        if taken:
            raise ValueError(f"gates: the name {taken[0]} is used twice or is a built-in gate's")
        return self

    @model_validator(mode="after")
    def _environments_are_there(self) -> "Policy":
        known = {NONE, *self.environments}
        named = [("environment", self.environment)]
        named += [(f"gates: {gate.name}: environment", gate.environment) for gate in self.gates]
        for where, name in named:
            if name is not None and name not in known:
                there = ", ".join(sorted(known))
                raise ValueError(f"{where}: there is no environment {name}; there are: {there}")
        if NONE in self.environments:
            raise ValueError(f"environments: {NONE} means that there is none; choose another name")
        return self

    @model_validator(mode="after")
    def _gates_after_landing_are_there(self) -> "Policy":
        if self.after_landing.gates != "all":
            there = {gate.name for gate in self.gates} | {"tests", "done"}
            unknown = sorted(set(self.after_landing.gates) - there)
            if unknown:
                raise ValueError(
                    f"after_landing.gates: {unknown[0]} is none of `gates`, tests and done"
                )
        return self

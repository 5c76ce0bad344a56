"""The chain of builders a mission climbs, from the first level to a person.

A level says who builds and with which model; what it leaves out is as the item and its adapter say.
Two levels that differ in nothing but their name are no step up from one another: a chain that was
not mapped to anything leads from its first level straight to the hard gate.
"""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, model_validator

from policy.rules.words import AtLeastOne, Name
from policy.value import Value

HardGate = Literal["HARD_GATE"]
"""The end of every chain: the mission waits for a person."""
HARD_GATE: HardGate = "HARD_GATE"
Told = Annotated[str, Field(pattern=r"^[!-~](?:[ -~]{0,198}[!-~])?$")]
"""What a builder finds in a variable: one line that can be read."""
DropBack = Literal["always", "never", "smart"]


class Level(Value):
    """A level of the chain. Its builder is told *name*, *model* and *variant*."""

    name: Name
    """`PAWL_LEVEL`."""
    builder: Name | None = None
    """For items that name neither a builder nor a command."""
    model: Told | None = None
    """`PAWL_MODEL`."""
    variant: Told | None = None
    """`PAWL_VARIANT`: another way to use the same model, such as another adapter of it."""
    iterations: AtLeastOne
    """Item-caused failures a mission may have at it; then the next one is tried."""
    is_cloud: bool = False
    """Sends what it is shown out of the house: left out unless `cloud_allowed`."""

    def is_step_from(self, other: "Level") -> bool:
        """Return whether it builds otherwise than *other*."""
        mine = self.builder, self.model, self.variant
        return mine != (other.builder, other.model, other.variant)


class Chain(Value):
    """Mixed into the policy: the chain and what governs climbing it."""

    escalation: tuple[Level | HardGate, ...]
    """Levels from the first one up, then HARD_GATE."""
    drop_back: DropBack
    """Whether a step up is taken back once what it was taken for is overcome. smart: only where
    that class is `isolated`."""
    pause_points: tuple[Name, ...]
    """Levels before whose first attempt a person is asked."""
    cloud_allowed: bool
    """Whether levels that are `is_cloud` may be used."""
    enable_distillation: bool
    """Whether `summary.json` names the attempt that failed before a step up, and the one at a
    higher level that passed. Only a record."""

    @property
    def levels(self) -> tuple[Level, ...]:
        return tuple(one for one in self.escalation if isinstance(one, Level))

    @property
    def usable(self) -> tuple[int, ...]:
        """Indexes of the levels that may be used."""
        return tuple(
            index for index, one in enumerate(self.levels) if self.cloud_allowed or not one.is_cloud
        )

    @model_validator(mode="after")
    def _chain_is_one(self) -> "Chain":
        for fault in _faults(self):
            raise ValueError(fault)
        return self


def _faults(chain: Chain) -> Iterator[str]:
    if chain.escalation[-1:] != (HARD_GATE,) or len(chain.levels) != len(chain.escalation) - 1:
        yield "escalation: must end in HARD_GATE, and have it nowhere else"
    if not chain.levels:
        yield "escalation: needs a level before HARD_GATE; nobody would build anything"
    elif not chain.usable:
        yield "escalation: every level is_cloud, and cloud_allowed is false; nobody would build"
    names = [one.name for one in chain.levels]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        yield f"escalation: the name {twice[0]} is used twice"
    unknown = [name for name in chain.pause_points if name not in names]
    if unknown:
        there = ", ".join(names)
        yield f"pause_points: {unknown[0]} is no level of `escalation`; there are: {there}"

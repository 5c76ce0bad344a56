"""Whose a mission is, as far as this host knows: its own, another's, or nobody's any more."""

from typing import Annotated, Literal

from pydantic import Field

from policy.value import Value


class Alone(Value):
    """There is no hub: what is recorded here has happened."""

    kind: Literal["alone"] = "alone"


class Current(Value):
    """The hub knows the mission as this host's, and was heard of just now."""

    kind: Literal["current"] = "current"


class Behind(Value):
    """The mission is this host's; hub and target are not as they were last seen, or not known."""

    kind: Literal["behind"] = "behind"
    why: str


class Unclaimed(Value):
    """The hub has not agreed, or not lately enough, that this host has the mission."""

    kind: Literal["unclaimed"] = "unclaimed"
    why: str


class Elsewhere(Value):
    """Another host works on it, as far as is known."""

    kind: Literal["elsewhere"] = "elsewhere"
    host: str
    why: str


class Orphaned(Value):
    """Another host worked on it and was not heard of for longer than its lease."""

    kind: Literal["orphaned"] = "orphaned"
    host: str
    why: str


Hub = Annotated[
    Alone | Current | Behind | Unclaimed | Elsewhere | Orphaned, Field(discriminator="kind")
]

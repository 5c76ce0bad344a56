"""What builders used of models, and whether a mission may use more.

What a builder did not tell is not nothing: where a budget counts it, a person is asked (P-49).
"""

from typing import Annotated, Literal

from pydantic import Field, ValidationError

from policy.value import Value

MARK = "PAWL_USAGE "


class NothingSpent(Value):
    """The adapter declares that it asks no model (`usage: none`)."""

    kind: Literal["nothing"] = "nothing"


class Told(Value):
    """The builder says what it used. *cost* is in hundredths of its currency."""

    kind: Literal["told"] = "told"
    tokens: Annotated[int, Field(ge=0)]
    cost: Annotated[int, Field(ge=0)] = 0


class Untold(Value):
    """The builder should have said what it used, and did not."""

    kind: Literal["untold"] = "untold"
    why: str


Spent = Annotated[NothingSpent | Told | Untold, Field(discriminator="kind")]


class _Line(Value):
    tokens: Annotated[int, Field(ge=0, le=10**12)]
    cost: Annotated[int, Field(ge=0, le=10**12)] = 0


def told_in(output: str) -> Told | Untold:
    """Return what the last line of *output* says that was used: `PAWL_USAGE {"tokens": 1200}`."""
    lines = output.rstrip().rsplit("\n", 1)
    last = lines[-1].strip()
    if not last.startswith(MARK):
        return Untold(why=f"its last line does not begin with {MARK.strip()}")
    try:
        line = _Line.model_validate_json(last.removeprefix(MARK))
    except ValidationError as error:
        return Untold(why=f"its last line says {MARK.strip()}, but {error.errors()[0]['msg']}")
    return Told(tokens=line.tokens, cost=line.cost)


class Used(Value):
    """The sum over attempts. *untold* are the numbers of those that did not say."""

    tokens: int = 0
    cost: int = 0
    """In hundredths of the builders' currency."""
    active_s: float = 0.0
    untold: tuple[int, ...] = ()

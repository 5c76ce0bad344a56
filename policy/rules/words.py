"""Words that several parts of the policy are written with: counts, and what an item may be."""

from typing import Annotated, Literal

from pydantic import Field

Count = Annotated[int, Field(ge=0)]
AtLeastOne = Annotated[int, Field(ge=1)]
Seconds = Annotated[int, Field(ge=1)]
Bytes = Annotated[int, Field(ge=1)]
Risk = Literal["low", "medium", "high"]
Kind = Literal["build", "content", "hygiene", "integration", "proposal"]
StageName = Literal[
    "design", "design-review", "questions", "plan", "plan-review", "build", "build-review", "docs"
]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?$")]
"""Of a level, a builder or a checkpoint: it stands in facts, requests and commands."""

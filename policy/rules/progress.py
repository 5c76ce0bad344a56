"""When attempts lead nowhere: told by the trees that gates have judged, never by a builder's words.

Either leads to the next level of the chain; *then* is what it leads to where there is none.
"""

from typing import Annotated, Literal

from pydantic import Field

from policy.value import Value

Then = Literal["terminate", "escalate"]
"""terminate: the mission is BLOCKED. escalate: a person is asked."""


class NoProgress(Value):
    """The same again, and again failed."""

    lookback: Annotated[int, Field(ge=1, le=100)]
    """So many attempts before the last one left the very same tree."""
    then: Then
    """Where there is no further level. terminate: BLOCKED. escalate: a person is asked."""


class Oscillation(Value):
    """To and fro between trees that failed."""

    window: Annotated[int, Field(ge=3, le=100)]
    """The last attempt's tree has been there within so many attempts, with another in between."""
    then: Then
    """As of `no_progress`."""


class Progress(Value):
    no_progress: NoProgress | None
    """null: not looked at. A prompt that was sent before is not sent again all the same."""
    oscillation: Oscillation | None
    """null: not looked at."""

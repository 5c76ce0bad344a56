"""Where a failure leads: an action, how often, and whose fault it is; a class, never a case."""

from typing import Annotated, Literal

from pydantic import Field

from policy.rules.failures import Origin
from policy.value import Value

Count = Annotated[int, Field(ge=0)]


class Route(Value):
    """What a failure of one class leads to.

    *limit* is how often the action is taken in one mission, counted over the mission and not
    only consecutively (P-09); after that, *then*.
    """

    action: Literal["retry", "escalate", "waiver", "terminate"]
    limit: Count = 0
    then: Literal["terminate", "escalate"] = "terminate"
    origin: Origin
    backoff_s: Count = 0
    """Waited before a retry, doubled each time."""
    start: Literal["afresh", "continue"] = "afresh"
    """continue: a retry goes on from what the last attempt left, carried over to the target as it
    is. Where that conflicts it starts from the target, with its own diff to make anew. A
    deterministic builder always starts afresh."""

    @property
    def ends_with_a_person(self) -> bool:
        """Whether, however often it happens, a person is asked in the end."""
        match self.action:
            case "retry":
                return self.then == "escalate"
            case "escalate" | "waiver":
                return True
            case "terminate":
                return False

"""Where a failure leads: an action, how often, and whose fault it is; a class, never a case."""

from typing import Literal

from policy.rules.failures import Origin
from policy.rules.words import Count
from policy.value import Value


class Route(Value):
    """What a failure of one class leads to."""

    action: Literal["retry", "escalate", "waiver", "terminate"]
    """escalate: a step up the chain, where the fault is the item's, and at its end a person; what
    is no fault of the item's is a person's at once, since no better builder mends it."""
    limit: Count = 0
    """How often it is tried again in one mission, counted over the mission and not only
    consecutively (P-09). Of `retry` only."""
    then: Literal["terminate", "escalate"] = "terminate"
    """After that."""
    isolated: bool = False
    """A step up that was taken for it is taken back once another class has come after it, with
    `drop_back: smart`."""
    origin: Origin
    """Whose fault it is. Only `item` counts against an item."""
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

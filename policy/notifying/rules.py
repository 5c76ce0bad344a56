"""Policy's part: which events are told to whom, by priority, and how often a request is repeated.

*Whom* is a name. What that name is, an address or a secret, only the host file says: no repository
can have anything sent anywhere its operator has not allowed.
"""

from enum import StrEnum
from typing import Annotated, Literal, get_args

from pydantic import Field, StringConstraints

from policy.value import Value

Destination = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,31}$")]
Priority = Literal["info", "warning", "action", "urgent"]
"""In rising order. action: somebody is waited for. urgent: everything is waited for."""
RANK: dict[Priority, int] = {one: rank for rank, one in enumerate(get_args(Priority))}


class Event(StrEnum):
    """What is told of; each is a transition, never a state that lasts."""

    WAITING = "waiting"
    """A mission begins to wait for a person."""
    REMINDER = "reminder"
    """A request is not answered yet."""
    DENIED = "denied"
    """A permission somebody committed does not count."""
    LANDED = "landed"
    BLOCKED = "blocked"
    CANCELLED = "cancelled"
    FROZEN = "frozen"
    """Nothing is opened, nothing lands, until a person has looked."""
    THAWED = "thawed"
    TARGET_RED = "target_red"
    """The target is red, and is being mended."""
    TARGET_GREEN = "target_green"
    HELD = "held"
    """One mission cannot go on before a person has seen to something: a dirty checkout, say."""
    INVALID = "invalid"
    """Items of the backlog cannot be read."""
    STALLED = "stalled"
    """This host starts nothing, or something it does takes too long: its operator is needed."""
    TRIED = "tried"
    """Somebody looked whether it arrives (`pawl doctor --tell`)."""
    OMITTED = "omitted"
    """Some were not told, because there were more than `notices.per_hour`."""


class Notification(Value):
    """Who is told of what. All that apply count; whoever two of them name is told once."""

    to: Destination
    """A name in `notify` of the host file."""
    events: tuple[Event, ...] = tuple(Event)
    """Which events."""
    at_least: Priority = "info"
    """Only events of this priority or a higher one (`notices.priorities`)."""


class Notices(Value):
    """How notifications are made."""

    priorities: dict[Event, Priority]
    """Of each event."""
    per_hour: Annotated[int, Field(ge=1, le=1000)]
    """To one destination; what is more is counted, and told in one."""
    text_chars: Annotated[int, Field(ge=80, le=10_000)]
    """Of a reason; more is cut."""


class Requests(Value):
    """What a request to a person shows, and how often they are reminded of it."""

    paths: Annotated[int, Field(ge=1)]
    """Changed paths that are listed, and failing tests of each gate; the rest is counted."""
    remind_s: Annotated[int, Field(ge=60)]
    """Nobody has answered: after the request, then each time after twice as long."""
    reminders: Annotated[int, Field(ge=0, le=20)]
    """At most so many."""


class Rules(Value):
    """All of it, as it is remembered for as long as the policy cannot be read."""

    notifications: tuple[Notification, ...]
    notices: Notices
    requests: Requests

    def told(self, event: Event) -> tuple[Destination, ...]:
        """Return who is told of *event*, each once."""
        rank = RANK[self.notices.priorities[event]]
        chosen = (
            rule.to
            for rule in self.notifications
            if event in rule.events and rank >= RANK[rule.at_least]
        )
        return tuple(dict.fromkeys(chosen))

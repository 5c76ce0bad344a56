"""What a person may answer to a request, as the command to type: one place for all who say it."""

from policy.ids import MissionId, item_of
from policy.mission.persons import PersonAsked

Answer = tuple[str, str]
"""A command, and what it does."""


def answers(mission: MissionId, asked: PersonAsked) -> tuple[Answer, ...]:
    """Return the commands that answer what *mission* asked."""
    item = item_of(mission)
    del asked  # until permissions are there, the answers are those of plain commits
    return (
        (f"pawl retry {item}", "commits `reopen: n+1`: a new mission"),
        (f"pawl cancel {item}", "commits `status: cancelled`"),
    )

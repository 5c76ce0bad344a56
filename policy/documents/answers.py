"""What a person may answer to a request, as commands to type: one place for pages."""

from policy.ids import MissionId, item_of
from policy.mission.persons import PersonAsked
from policy.people.verbs import verbs_for

Answer = tuple[str, str]
"""A command, and what it does."""


def answers(mission: MissionId, asked: PersonAsked) -> tuple[Answer, ...]:
    """Return the commands that answer what *mission* asked."""
    item = item_of(mission)
    signed = "commits a file of `waivers/`, signed"
    return (
        *((f"pawl {verb} {mission} --reason ...", signed) for verb in verbs_for(asked.need)),
        (f"pawl retry {item}", "commits `reopen: n+1`: a new mission"),
        (f"pawl cancel {item}", "commits `status: cancelled`"),
    )

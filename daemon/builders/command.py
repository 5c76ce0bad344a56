"""The built-in `command` builder: the item's argv, in the sandbox, needing no model.

Policy says whether it is deterministic (`command`): then, with equal argv, start tree and
environment, it is not run twice for a failure of the item's own (DESIGN 7).
"""

from policy.backlog.crew import Crew
from policy.backlog.item import COMMAND, BacklogItem
from policy.ids import Digest
from policy.mission.world import BuilderCall
from policy.rules.model import Policy
from policy.rules.words import StageName

PLAYS: dict[str, frozenset[StageName]] = {COMMAND: frozenset({"build"})}
"""What the adapters there are can play; more come with `.pawl/builders`."""


def crew_of(policy: Policy) -> Crew:
    """Return who can do what under *policy*, and where."""
    return Crew(
        plays=PLAYS,
        pipeline=policy.pipeline,
        environments=frozenset(policy.environments),
        chain=tuple(policy.levels[index].builder for index in policy.usable),
    )


def call_of(item: BacklogItem, environment: Digest, policy: Policy) -> BuilderCall:
    """Return how *item*'s builder is invoked.

    Intake has refused items whose builder is not known here or that name no command, so what is
    left is the built-in one.
    """
    return BuilderCall(
        builder=item.builder or COMMAND,
        chosen_by="item" if item.builder or item.command else "level",
        argv=item.command or (),
        deterministic=policy.command.deterministic,
        environment=environment,
    )

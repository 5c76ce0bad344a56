"""The id of a step: equal inputs, equal step, so a step whose effect is visible is not repeated."""

from policy.canonical import digest
from policy.ids import MissionId, StepId


def step_id(
    mission: MissionId,
    *,
    stage: str,
    attempt: int,
    level: int,
    name: str,
    inputs: tuple[str, ...],
) -> StepId:
    """Return `Pawl-Step` (DESIGN 4.3). *inputs* are ids of what the step reads; never a time.

    *stage* is the stage or micro-task, *name* what is done in it: `builder`, `gate:suite`.
    """
    return StepId(digest([mission, stage, attempt, level, name, list(inputs)]))

"""The account of a failure: what the next attempt is told of the last one, cut to size.

A builder that is asked again without being told what was wrong does the same again. What it is
told is evidence of the daemon's, cut to size by `feedback`; nothing here grants or decides.
"""

from typing import Literal

from pydantic import ConfigDict, Field

from policy.canonical import canonical
from policy.ids import GateName, MissionId
from policy.mission.states import Setback
from policy.rules.failures import FailureClass, Origin
from policy.rules.model import Feedback
from policy.rules.outcomes import Stage
from policy.value import Value

WorkTree = Literal["target", "own_work", "persons_work"]
"""What the attempt finds: the target as it is, its own earlier work on it, or a person's on top."""


class Account(Value):
    """`PAWL_FAILURE`. *more_tests* and *more_paths* count what was left out."""

    schema_version: Literal[1] = Field(default=1, alias="schema")
    mission: MissionId
    attempt: int
    """The attempt that failed."""
    failure: FailureClass = Field(alias="class")
    origin: Origin
    stage: Stage
    why: str
    gate: GateName | None
    tests: tuple[str, ...]
    """Failing tests, or the paths a gate names."""
    more_tests: int
    paths: tuple[str, ...]
    """That the target and the attempt changed in ways that contradict each other."""
    more_paths: int
    work_tree: WorkTree
    patch: str
    """The attempt's own diff where it has to be made anew on the target, else empty."""
    patch_bytes: int
    """Of the whole diff."""

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    def to_json(self) -> bytes:
        return canonical(self.model_dump(mode="json", by_alias=True)) + b"\n"


def account_of(
    mission: MissionId,
    setback: Setback,
    limits: Feedback,
    *,
    work_tree: WorkTree,
    patch: str = "",
    patch_bytes: int = 0,
) -> Account:
    failure = setback.failure
    return Account(
        mission=mission,
        attempt=failure.n,
        failure=failure.failure,
        origin=failure.origin,
        stage=failure.stage,
        why=failure.why[: limits.text_chars],
        gate=setback.gate,
        tests=setback.tests[: limits.names],
        more_tests=max(0, len(setback.tests) - limits.names),
        paths=setback.paths[: limits.names],
        more_paths=max(0, len(setback.paths) - limits.names),
        work_tree=work_tree,
        patch=patch,
        patch_bytes=patch_bytes,
    )

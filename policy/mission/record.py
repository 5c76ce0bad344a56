"""A fact as it is stored: the fact in its envelope, one canonical JSON object a file.

The file is the truth; the commit message that carries it is for people (DESIGN 4.3).
"""

import json
from typing import Literal

from pydantic import Field, ValidationError

from policy.canonical import canonical
from policy.ids import MissionId, PolicyDigest, StepId
from policy.mission.facts import AnyFact
from policy.problems import Unreadable, problems_of
from policy.value import Value


class Recorded(Value):
    """A fact, and where it stands: who wrote it, when, as which fact of which mission."""

    schema_version: Literal[1] = Field(default=1, alias="schema")
    mission: MissionId
    seq: int
    """Counted from 1 within the mission."""
    step: StepId
    at: str
    """RFC 3339, UTC, seconds, `Z`. Informational: order is ancestry and *seq*."""
    host: str
    epoch: int
    policy: PolicyDigest
    fact: AnyFact

    def to_json(self) -> bytes:
        """Return `{"kind": ..., "payload": {...}, ...envelope}` as canonical JSON."""
        envelope = self.model_dump(mode="json", by_alias=True, exclude={"fact"})
        payload = self.fact.model_dump(mode="json", by_alias=True)
        kind = payload.pop("kind")
        return canonical({**envelope, "kind": kind, "payload": payload})


class UnreadableFactError(Exception):
    """The file is no fact of this schema: the ledger was edited, or is another release's."""


def from_json(content: bytes) -> Recorded:
    """Return the recorded fact in *content*; raise `UnreadableFactError` for anything else."""
    try:
        row = json.loads(content)
        payload = {**row.pop("payload"), "kind": row.pop("kind")}
        return Recorded.model_validate_json(json.dumps({**row, "fact": payload}))
    except ValidationError as error:
        raise UnreadableFactError(str(Unreadable(problems_of(error, {})))) from error
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise UnreadableFactError(str(error)) from error

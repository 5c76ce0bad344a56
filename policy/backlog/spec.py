"""The spec hash: everything of an item a builder is asked to satisfy, as one digest (DESIGN 5.1).

Quarantine and permissions bind to it. Defaults are left out, so a field pawl learns tomorrow does
not change what was asked yesterday.
"""

from typing import Any

from policy.backlog.item import BacklogItem
from policy.canonical import digest
from policy.ids import SpecHash

_NOT_ASKED_OF_A_BUILDER = frozenset(
    ("status", "priority", "owner", "tags", "requested_by", "phase", "wave")
)


def spec_hash(item: BacklogItem) -> SpecHash:
    asked = item.model_dump(mode="json", exclude_defaults=True, exclude={*_NOT_ASKED_OF_A_BUILDER})
    return SpecHash(digest(asked))


def schema() -> dict[str, Any]:
    """Return the JSON Schema of an item's file; `pawl schema item` says what its keys mean."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **BacklogItem.model_json_schema(),
        "title": "A backlog item of pawl",
    }

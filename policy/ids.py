"""Names that must not be mixed up. All are `str` at run time; object ids are 40 lower-case hex."""

from typing import NewType

ItemId = NewType("ItemId", str)
"""`H-12`: the id of a backlog item (DESIGN 5.1)."""
MissionId = NewType("MissionId", str)
"""`H-12` for the first mission of an item, `H-12@2` for the second."""
GateName = NewType("GateName", str)
CommitId = NewType("CommitId", str)
TreeId = NewType("TreeId", str)
BlobId = NewType("BlobId", str)
RefName = NewType("RefName", str)
"""A full ref name: `refs/heads/main`."""
StepId = NewType("StepId", str)
"""sha256 over what makes a step the same step; unique in a mission (DESIGN 4.3)."""
SpecHash = NewType("SpecHash", str)
"""sha256 of everything of an item that a builder is asked to satisfy (DESIGN 5.1)."""
ChangeId = NewType("ChangeId", str)
"""sha256 over the sorted entries of a diff: what a person approves (DESIGN 2)."""
PolicyDigest = NewType("PolicyDigest", str)
"""sha256 of the canonical effective policy and the evaluator's version (DESIGN 7)."""
Digest = NewType("Digest", str)
"""Any other sha256, 64 lower-case hex."""


def item_of(mission: MissionId) -> ItemId:
    """Return the item a mission is about: `H-12@2` is about `H-12`."""
    return ItemId(mission.partition("@")[0])


def mission_of(item: ItemId, ordinal: int) -> MissionId:
    """Return the id of an item's *ordinal*-th mission, counted from 1."""
    return MissionId(item if ordinal == 1 else f"{item}@{ordinal}")


def ordinal_of(mission: MissionId) -> int:
    """Return which mission of its item this is, counted from 1."""
    return int(mission.partition("@")[2] or "1")

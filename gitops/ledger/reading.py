"""A mission's facts, read from the tree at the tip of its ref; no history is walked.

The signature of the tip covers everything before it. A foreign tip gives a page without facts:
what somebody else wrote is not read as ours, and the mission is frozen.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from gitops import objects, refs, signing
from gitops.ledger import dossier
from gitops.objects import TREE_MODE, DamagedObjectError, MissingObjectError
from gitops.repository import Store
from policy.ids import CommitId, MissionId, StepId, TreeId
from policy.mission.record import Recorded, UnreadableFactError, from_json


class Trust(Enum):
    """What is known of who wrote a page."""

    VERIFIED = "verified"
    UNVERIFIED = "unverified"
    """No daemon key was given to compare with."""
    FOREIGN = "foreign"
    """Unsigned, malformed, or signed by another key: freeze the mission."""


@dataclass(frozen=True)
class Page:
    """A mission's facts, oldest first, and the commit they were read at.

    *tip* is None, and nothing else is there, where the mission has no ref. For a closed mission
    *tip* is the tip of the ledger branch it was read at.
    """

    mission: MissionId
    tip: CommitId | None
    records: tuple[Recorded, ...]
    verified: Trust
    tree: TreeId | None
    why: str = ""
    """Why the page is foreign."""


class BrokenDossierError(Exception):
    """A mission's dossier is torn or contradicts itself: the ledger was edited or damaged."""

    def __init__(self, mission: MissionId, tip: str, why: str) -> None:
        super().__init__(
            f"cannot read the ledger of {mission} at {tip}: {why}; compare with a clone "
            "(git fetch), restore the ref, or cancel the item"
        )
        self.mission = mission
        self.why = why


def read(store: Store, mission: MissionId, *, trusted: str | None) -> Page:
    """Return the facts of an open mission.

    *trusted* is the daemon's public key line; without one nothing is verified, and the page says
    so. Raises `BrokenDossierError`, and `refs.BrokenRefError` for a damaged ref.
    """
    tip = refs.read(store, refs.mission_ref(mission))
    if tip is None:
        return Page(mission, None, (), Trust.UNVERIFIED, None)
    return read_at(store, mission, tip, trusted=trusted)


def read_at(store: Store, mission: MissionId, tip: CommitId, *, trusted: str | None) -> Page:
    """Return the facts as they were at *tip*, a ledger commit of the mission."""
    cached = store.remembered.get(_key(mission))
    if isinstance(cached, tuple) and cached[0] == (tip, trusted) and isinstance(cached[1], Page):
        return cached[1]
    try:
        raw = objects.read_object(store, tip, "commit")
        page = _page(store, mission, tip, tree_of(raw), trust(raw, trusted))
    except (MissingObjectError, DamagedObjectError) as error:
        raise BrokenDossierError(mission, tip, str(error)) from error
    store.remembered[_key(mission)] = ((tip, trusted), page)
    return page


def extend(
    store: Store,
    mission: MissionId,
    records: Sequence[Recorded],
    *,
    after: CommitId | None,
    tip: CommitId,
    tree: TreeId,
) -> None:
    """Remember that *records* follow what was read at *after*: they need not be read at *tip*.

    Nothing is remembered of a mission that was not read, or not believed.
    """
    cached = store.remembered.get(_key(mission))
    if not isinstance(cached, tuple) or not isinstance(cached[1], Page):
        return
    (known, trusted), page = cached
    if known == after and page.verified is not Trust.FOREIGN:
        longer = Page(mission, tip, (*page.records, *records), page.verified, tree)
        store.remembered[_key(mission)] = ((tip, trusted), longer)


def forget(store: Store, mission: MissionId) -> None:
    """Drop what was remembered of a mission that is closed."""
    store.remembered.pop(_key(mission), None)


def steps(page: Page) -> Mapping[StepId, tuple[Recorded, ...]]:
    """Return what is recorded of each step, so that a step with a visible effect is adopted."""
    found: dict[StepId, tuple[Recorded, ...]] = {}
    for record in page.records:
        found[record.step] = (*found.get(record.step, ()), record)
    return found


def trust(raw: bytes, trusted: str | None) -> tuple[Trust, str]:
    """Tell who wrote the raw commit, and where it is not the daemon: why that is thought."""
    if trusted is None:
        return Trust.UNVERIFIED, ""
    match signing.verify(raw, trusted):
        case signing.Good():
            return Trust.VERIFIED, ""
        case signing.Unsigned():
            return Trust.FOREIGN, "the commit is not signed"
        case signing.Foreign(fingerprint=fingerprint):
            return Trust.FOREIGN, f"the commit is signed by another key, {fingerprint}"
        case signing.Malformed(why=why):
            return Trust.FOREIGN, why


def tree_of(raw: bytes) -> TreeId:
    """Return the tree of a raw commit."""
    return TreeId(raw[5:45].decode("ascii", "replace"))


def read_facts(store: Store, mission: MissionId, tip: str, tree: TreeId) -> tuple[Recorded, ...]:
    """Return the facts in a dossier's tree; raise `BrokenDossierError`."""
    root = objects.read_tree(store, tree)
    mode, facts = root.get(dossier.FACTS.encode(), (0, ""))
    if mode != TREE_MODE:
        raise BrokenDossierError(mission, tip, "it has no folder of facts")
    records: list[Recorded] = []
    # By name: zero-padded to four digits, longer numbers follow by their length.
    entries = objects.read_tree(store, facts)
    for name in sorted(entries, key=lambda name: (len(name.partition(b"-")[0]), name)):
        content = objects.read_blob(store, entries[name][1])
        records.append(_fact(mission, tip, name, content, len(records) + 1))
    return tuple(records)


def _page(
    store: Store, mission: MissionId, tip: CommitId, tree: TreeId, trusted: tuple[Trust, str]
) -> Page:
    verified, why = trusted
    records = () if verified is Trust.FOREIGN else read_facts(store, mission, tip, tree)
    return Page(mission, tip, records, verified, tree, why)


def _fact(mission: MissionId, tip: str, name: bytes, content: bytes, seq: int) -> Recorded:
    shown = f"fact {name.decode(errors='replace')}"
    try:
        record = from_json(content)
    except (UnreadableFactError, RecursionError) as error:
        raise BrokenDossierError(mission, tip, f"{shown} is unreadable: {error}") from error
    if record.mission != mission:
        raise BrokenDossierError(mission, tip, f"{shown} is of mission {record.mission}")
    if record.seq != seq or name != dossier.fact_name(record).encode() + b".json":
        raise BrokenDossierError(mission, tip, f"{shown} is not the fact number {seq}")
    return record


def _key(mission: MissionId) -> str:
    return f"page {mission}"

"""How an item's missions ended: read from their summaries on `pawl/ledger`, once per ledger shard.

Only items that could be opened are looked up, and what was read is kept as long as the mission's
dossier is the same tree, so that a hundred thousand closed missions cost nothing per tick.
"""

from collections.abc import Mapping
from datetime import datetime

from daemon.mission.close import SUMMARY
from daemon.site import Site
from gitops import ledger, refs
from policy.backlog.graph import Filed
from policy.backlog.scene import Closing
from policy.documents.summary import Summary
from policy.ids import CommitId, ItemId, MissionId, mission_of, ordinal_of


class Past:
    def __init__(self, site: Site) -> None:
        self._site = site
        self._at: CommitId | None = None
        self._last: dict[ItemId, MissionId | None] = {}
        self._closings: dict[MissionId, Closing] = {}
        """A closed mission never changes, so what was read once holds."""

    def last(self, item: ItemId) -> MissionId | None:
        """Return the item's last closed mission."""
        self._turn_to_tip()
        if item not in self._last:
            self._last[item] = ledger.closed_of(self._site.store, item, ledger=self._at)
        return self._last[item]

    def of(self, items: Mapping[ItemId, Filed]) -> dict[ItemId, tuple[Closing, ...]]:
        """Return every closing of those of *items* that could be opened, oldest first."""
        todo = (name for name, one in items.items() if one.item.status == "todo")
        found = ((name, self._of(name)) for name in todo)
        return {name: closings for name, closings in found if closings}

    def _of(self, item: ItemId) -> tuple[Closing, ...]:
        last = self.last(item)
        if last is None:
            return ()
        missions = (mission_of(item, n) for n in range(1, ordinal_of(last) + 1))
        return tuple(self._closings.get(one) or self._read(one) for one in missions)

    def _read(self, mission: MissionId) -> Closing:
        content = ledger.read_closed_file(self._site.store, mission, SUMMARY, ledger=self._at)
        if content is None:
            raise ledger.BrokenDossierError(mission, self._at or "", f"it has no {SUMMARY}")
        closing = closing_of(Summary.model_validate_json(content))
        self._closings[mission] = closing
        return closing

    def _turn_to_tip(self) -> None:
        tip = refs.read(self._site.store, refs.LEDGER)
        if tip != self._at:
            self._at = tip
            self._last = {}


def closing_of(summary: Summary) -> Closing:
    """Return what selection needs to know of a closed mission; `ValueError` for an open one."""
    match summary.outcome:
        case "PASS" | "BLOCKED" | "CANCELLED" as outcome:
            pass
        case other:
            raise ValueError(f"{summary.id} is not closed: {other}")
    if summary.reason is None:
        raise ValueError(f"{summary.id} has no reason")
    return Closing(
        mission=summary.id,
        outcome=outcome,
        reason=summary.reason,
        origin=summary.origin,
        spec=summary.spec_hash,
        policy=summary.policy,
        at=datetime.fromisoformat(summary.at),
    )

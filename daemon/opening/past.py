"""How an item's missions ended: read from their summaries on `pawl/ledger`, once per ledger shard.

Only items that could be opened are looked up, and what was read is kept as long as the mission's
dossier is the same tree, so that a hundred thousand closed missions cost nothing per tick.
"""

from collections.abc import Mapping

from daemon.site import Site
from gitops import ledger, refs
from policy.backlog.graph import Filed
from policy.backlog.scene import Closing
from policy.documents.closing import closing_of
from policy.documents.summary import SUMMARY, Summary
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
        try:
            closing = closing_of(Summary.model_validate_json(content)) if content else None
        except ValueError:
            closing = None
        if closing is None:
            why = f"its {SUMMARY} does not say how it ended"
            raise ledger.BrokenDossierError(mission, self._at or "", why)
        self._closings[mission] = closing
        return closing

    def _turn_to_tip(self) -> None:
        tip = refs.read(self._site.store, refs.LEDGER)
        if tip != self._at:
            self._at = tip
            self._last = {}

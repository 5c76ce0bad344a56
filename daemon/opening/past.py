"""How an item's missions ended: read from their summaries on `pawl/ledger`.

Only items that could be opened are looked up. What was read is kept; when the ledger moves, only
the missions whose dossiers differ are looked up again, so that a hundred thousand closed missions
cost nothing per tick.
"""

from collections.abc import Callable, Mapping

from gitops import ledger
from gitops.repository import Store
from policy.backlog.graph import Backlog
from policy.backlog.scene import Closing
from policy.documents.closing import closing_of
from policy.documents.summary import SUMMARY, Summary
from policy.ids import CommitId, ItemId, MissionId, item_of, mission_of, ordinal_of


class Past:
    """The past at one tip of the ledger; *tip* is asked for it each time."""

    def __init__(self, store: Store, tip: Callable[[], CommitId | None]) -> None:
        self._store = store
        self._tip = tip
        self._at: CommitId | None = None
        self._last: dict[ItemId, MissionId | None] = {}
        self._closings: dict[MissionId, Closing] = {}
        self._of: tuple[Backlog, Mapping[ItemId, tuple[Closing, ...]]] | None = None

    def last(self, item: ItemId) -> MissionId | None:
        """Return the item's last closed mission."""
        self._turn_to_tip()
        return self._looked_up(item)

    def of(self, backlog: Backlog) -> Mapping[ItemId, tuple[Closing, ...]]:
        """Return every closing of those items that could be opened, oldest first.

        The very same answer as long as neither backlog nor ledger has changed.
        """
        self._turn_to_tip()
        if self._of is None or self._of[0] is not backlog:
            todo = [name for name, one in backlog.items.items() if one.item.status == "todo"]
            self._look_up(todo)
            found = ((name, self._closings_of(name)) for name in todo)
            self._of = (backlog, {name: closings for name, closings in found if closings})
        return self._of[1]

    def _look_up(self, items: list[ItemId]) -> None:
        unknown = [name for name in items if name not in self._last]
        if unknown:
            closed = ledger.Closed(self._store, self._at)
            self._last.update((name, closed.last_of(name)) for name in unknown)

    def _looked_up(self, item: ItemId) -> MissionId | None:
        if item not in self._last:
            self._last[item] = ledger.closed_of(self._store, item, ledger=self._at)
        return self._last[item]

    def _closings_of(self, item: ItemId) -> tuple[Closing, ...]:
        last = self._looked_up(item)
        if last is None:
            return ()
        missions = (mission_of(item, n) for n in range(1, ordinal_of(last) + 1))
        return tuple(self._closings.get(one) or self._read(one) for one in missions)

    def _read(self, mission: MissionId) -> Closing:
        content = ledger.read_closed_file(self._store, mission, SUMMARY, ledger=self._at)
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
        tip = self._tip()
        if tip == self._at:
            return
        if tip is None or self._at is None:
            self._last, self._closings, self._of = {}, {}, None
        else:
            for mission in ledger.changed_between(self._store, self._at, tip):
                self._last.pop(item_of(mission), None)
                self._closings.pop(mission, None)
                self._of = None
        self._at = tip

"""What missions of the run's window used: read from their summaries, newest first.

Only where the policy has a budget for the run. What was read is kept: a closed mission does not
change. The line of closings is walked when the ledger has moved, and no further than the window.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from gitops import ledger
from gitops.repository import Store
from policy.backlog.spending import RunSpent, Use, run_spent, window_begins
from policy.documents.summary import SUMMARY, Summary, used_by
from policy.ids import CommitId, MissionId
from policy.mission.states import Mission
from policy.rules.budgets import RunBudget


class Spending:
    """*tip* of the ledger is asked for each time."""

    def __init__(self, store: Store, tip: Callable[[], CommitId | None]) -> None:
        self._store = store
        self._tip = tip
        self._read: dict[MissionId, Use] = {}
        self._window: tuple[CommitId | None, int, list[Use]] | None = None

    def spent(self, budget: RunBudget, opened: Iterable[Mission], now: datetime) -> RunSpent | None:
        """Return which budgets of the run are used up; None where none is, or none is set."""
        if not budget.is_set:
            return None
        open_now = [open_use(one) for one in opened]
        ids = {one.mission for one in open_now}
        closed = [one for one in self._closed(budget, now) if one.mission not in ids]
        return run_spent(budget, [*open_now, *closed], now)

    def _closed(self, budget: RunBudget, now: datetime) -> list[Use]:
        tip = self._tip()
        kept = self._window
        if kept is None or kept[:2] != (tip, budget.window_s):
            found = [*self._newest(tip, window_begins(budget, now))]
            self._read = {one.mission: one for one in found}
            self._window = (tip, budget.window_s, found)
            return found
        return kept[2]

    def _newest(self, tip: CommitId | None, begins: datetime) -> Iterator[Use]:
        if tip is None:
            return
        for mission in ledger.order_of_closing(self._store, ledger=tip):
            use = self._read.get(mission) or self._use(mission, tip)
            if use.closed is not None and use.closed <= begins:
                return
            yield use

    def _use(self, mission: MissionId, tip: CommitId) -> Use:
        content = ledger.read_closed_file(self._store, mission, SUMMARY, ledger=tip)
        try:
            summary = Summary.model_validate_json(content or b"")
        except ValueError:
            why = f"its {SUMMARY} does not say what it used"
            raise ledger.BrokenDossierError(mission, tip, why) from None
        return Use(
            mission=mission,
            closed=datetime.fromisoformat(summary.at),
            tokens=summary.used.tokens,
            cost=summary.used.cost,
            active_s=summary.used.active_s,
            untold=bool(summary.used.untold),
        )


def open_use(state: Mission) -> Use:
    """Return what an open mission used so far."""
    used = used_by(state)
    return Use(
        mission=state.history.mission,
        closed=None,
        tokens=used.tokens,
        cost=used.cost,
        active_s=used.active_s,
        untold=bool(used.untold),
    )

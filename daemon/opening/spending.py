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
        self._at: CommitId | None = None
        self._window_s = 0
        self._closed: tuple[Use, ...] = ()
        """Within the window when the ledger moved last, newest first."""

    def spent(self, budget: RunBudget, opened: Iterable[Mission], now: datetime) -> RunSpent | None:
        """Return which budgets of the run are used up; None where none is, or none is set."""
        if not budget.is_set:
            return None
        self._turn_to_tip(budget, now)
        open_now = [open_use(one) for one in opened]
        ids = {one.mission for one in open_now}
        closed = [one for one in self._closed if one.mission not in ids]
        return run_spent(budget, [*open_now, *closed], now)

    def _turn_to_tip(self, budget: RunBudget, now: datetime) -> None:
        tip = self._tip()
        if tip == self._at and budget.window_s == self._window_s:
            return
        if budget.window_s != self._window_s:
            self._closed = ()  # how far back it was read is not far enough, or too far
        begins = window_begins(budget, now)
        self._closed = (*self._newer(tip, begins), *self._within(begins))
        self._at, self._window_s = tip, budget.window_s

    def _within(self, begins: datetime) -> Iterator[Use]:
        return (one for one in self._closed if one.closed is not None and one.closed > begins)

    def _newer(self, tip: CommitId | None, begins: datetime) -> Iterator[Use]:
        """Yield what was closed since the last look, and in the window, newest first."""
        known = {one.mission for one in self._closed}
        for mission in ledger.order_of_closing(self._store, ledger=tip) if tip else ():
            if mission in known:
                return
            use = self._use(mission, tip)
            if use.closed is not None and use.closed <= begins:
                return
            yield use

    def _use(self, mission: MissionId, tip: CommitId | None) -> Use:
        content = ledger.read_closed_file(self._store, mission, SUMMARY, ledger=tip)
        try:
            summary = Summary.model_validate_json(content or b"")
        except ValueError:
            why = f"its {SUMMARY} does not say what it used"
            raise ledger.BrokenDossierError(mission, tip or "", why) from None
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

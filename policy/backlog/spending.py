"""What all missions of a while used together, against the budget of the run (DESIGN 7).

Pure sums over what is told of each mission; who counts is whoever is open, or was closed within the
window. A mission that did not tell what it used is not one that used nothing.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from policy.ids import MissionId
from policy.rules.budgets import RunBudget


@dataclass(frozen=True)
class Use:
    """What one mission used. *closed* is when it was closed, None while it is open."""

    mission: MissionId
    closed: datetime | None
    tokens: int = 0
    cost: int = 0
    active_s: float = 0.0
    untold: bool = False
    """Whether an attempt of it did not tell its tokens."""


@dataclass(frozen=True)
class RunSpent:
    """*until* is when enough of it is out of the window; None where time does not end it."""

    why: str
    until: datetime | None


def window_begins(budget: RunBudget, now: datetime) -> datetime:
    return now - timedelta(seconds=budget.window_s)


def run_spent(budget: RunBudget, uses: Sequence[Use], now: datetime) -> RunSpent | None:
    """Return which budgets of the run are used up, None where none is. Inclusive."""
    begins = window_begins(budget, now)
    within = [one for one in uses if one.closed is None or one.closed > begins]
    spent = [*_spent(budget, within)]
    if not spent:
        return None
    untils = [until for _, until in spent]
    until = None if None in untils else max(one for one in untils if one is not None)
    return RunSpent("; ".join(why for why, _ in spent), until)


def _spent(budget: RunBudget, uses: list[Use]) -> Iterator[tuple[str, datetime | None]]:
    window = timedelta(seconds=budget.window_s)
    rows: tuple[tuple[str, int | None, Callable[[Use], float]], ...] = (
        ("missions", budget.missions, lambda _: 1),
        ("tokens", budget.tokens, lambda one: one.tokens),
        ("cost", budget.cost, lambda one: one.cost),
        ("active_minutes", budget.active_minutes, lambda one: one.active_s / 60),
    )
    for name, limit, share in rows:
        if limit is not None and sum(map(share, uses)) >= limit:
            used = sum(map(share, uses))
            why = f"{used:.0f} of {limit} of budgets.run.{name} in {budget.window_s} s"
            yield why, _until(uses, limit, share, window)
    silent = [one for one in uses if one.untold]
    if silent and (budget.tokens is not None or budget.cost is not None):
        why = f"{silent[0].mission} did not tell what it used, and budgets.run counts it"
        yield why, _until(silent, 1, lambda _: 1, window)


def _until(
    uses: list[Use], limit: float, share: Callable[[Use], float], window: timedelta
) -> datetime | None:
    """Return when the sum is below *limit* as closed missions leave the window, oldest first."""
    left = sum(map(share, uses))
    closed = ((one.closed, share(one)) for one in uses if one.closed is not None)
    for at, part in sorted(closed):
        left -= part
        if left < limit:
            return at + window
    return None

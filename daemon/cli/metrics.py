"""The command `metrics`: the figures of all closed missions, and of the last days.

Counted from the ledger alone, so any clone answers alike; what the daemon of this host has counted
already is not counted again.
"""

from pathlib import Path

from daemon.cli import output
from daemon.cli.exits import Exit, RefusedError
from daemon.cli.missions import Missions
from daemon.cli.place import Place, open_place, policy_at, target_of, tip_of
from daemon.outside import Outside
from daemon.pages.remembered import read_counted
from gitops.ledger.counting import count
from gitops.observe import Tip
from policy.pages.book import Book
from policy.pages.metrics import figures, rows
from policy.problems import Unreadable
from policy.rules.load import shipped_policy


def metrics(start: Path, *, as_json: bool) -> Exit:
    place = open_place(start)
    tip = tip_of(place, target_of(place))
    book = _book(place, tip)
    if as_json:
        output.dump({**figures(book), "doubt": place.doubt})
        return Exit.OK
    if not book.total.closed:
        output.say("no mission is closed yet: there is nothing to count")
    else:
        window = f"the last {book.span} days, from {book.since} to {book.newest}"
        output.table(("", "all missions", window), rows(book))
    if place.doubt:
        output.warn(place.doubt)
    return Exit.OK


def _book(place: Place, tip: Tip) -> Book:
    missions = Missions(place)
    why = missions.foreign()
    if why is not None:
        raise RefusedError(
            Exit.GIT,
            attempted="count",
            on=f"the ledger at {missions.ledger}",
            why=why,
            then="`pawl doctor` says what to do about it.",
        )
    span = _span(place, tip)
    if missions.ledger is None:
        return Book(span=span)
    before = read_counted(place.outside.state) if isinstance(place.outside, Outside) else None
    return count(place.store, missions.ledger, span=span, before=before).book


def _span(place: Place, tip: Tip) -> int:
    """Return the days of the window; the shipped ones where the policy cannot be read."""
    effective = policy_at(place, tip.tree)
    policy = (shipped_policy() if isinstance(effective, Unreadable) else effective).policy
    return policy.pages.window_days

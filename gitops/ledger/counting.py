"""The tallies of closed missions, read at a commit of the ledger: all, or what has come since.

A closed dossier never changes: where one does differ between two commits, or an older commit is no
part of the newer, everything is counted anew.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from gitops.ledger import closed
from gitops.ledger.reading import BrokenDossierError
from gitops.objects import DamagedObjectError, MissingObjectError
from gitops.repository import Store
from policy.documents.summary import SUMMARY, Summary
from policy.documents.tally import Tally, tally_of
from policy.ids import CommitId, MissionId
from policy.pages.book import Book, day_of


class CountingStoppedError(Exception):
    """Whoever asked does not want the answer any more."""


@dataclass(frozen=True)
class Counted:
    """The *book* of what was closed at the ledger commit *tip*."""

    tip: CommitId
    book: Book


def count(
    store: Store,
    tip: CommitId,
    *,
    span: int,
    before: Counted | None = None,
    stopped: Callable[[], bool] = lambda: False,
) -> Counted:
    """Return the book at *tip*, going on from *before* where that is part of it.

    Raises `BrokenDossierError`, `MissingObjectError`, `DamagedObjectError` for what cannot be read:
    figures that leave something out would be lies; `CountingStoppedError`.
    """
    if before is not None and before.book.span == span:
        new = _new(store, before.tip, tip)
        if new is not None:
            return Counted(tip, before.book.with_closed(_tallies(store, new, tip, stopped)))
    every = closed.closed_missions(store, ledger=tip)
    return Counted(tip, Book(span=span).with_closed(_tallies(store, every, tip, stopped)))


def _new(store: Store, old: CommitId, new: CommitId) -> list[MissionId] | None:
    """Return what was closed after *old*; None where that does not say it all."""
    if old == new:
        return []
    try:
        differing = [*closed.changed_between(store, old, new)]
        if any(closed.is_closed(store, one, ledger=old) for one in differing):
            return None
    except (MissingObjectError, DamagedObjectError):
        return None
    return differing


def _tallies(
    store: Store, missions: Iterable[MissionId], tip: CommitId, stopped: Callable[[], bool]
) -> Iterator[tuple[str, Tally]]:
    for mission in missions:
        if stopped():
            raise CountingStoppedError
        yield _stored(store, mission, tip) or _counted(store, mission, tip)


def _stored(store: Store, mission: MissionId, tip: CommitId) -> tuple[str, Tally] | None:
    """Return the day a mission closed and its tally as its summary has them."""
    content = closed.read_closed_file(store, mission, SUMMARY, ledger=tip)
    try:
        summary = Summary.model_validate_json(content or b"")
    except ValueError:
        return None
    return None if summary.tally is None else (day_of(summary.at), summary.tally)


def _counted(store: Store, mission: MissionId, tip: CommitId) -> tuple[str, Tally]:
    """Return the same from the facts, for what other releases have closed."""
    page = closed.read_closed(store, mission, trusted=None, ledger=tip)
    tally = tally_of(page.records) if page is not None and page.records else None
    if page is None or tally is None:
        raise BrokenDossierError(mission, tip, "its facts do not say how it ended")
    return day_of(page.records[-1].at), tally

"""Which changed files hold tests, and so change what a gate asks instead of what it is asked of."""

from collections.abc import Iterable

from policy.change import Entry
from policy.paths import matches_any


def changed_tests(entries: Iterable[Entry], test_paths: tuple[str, ...]) -> tuple[str, ...]:
    """Return the paths of *entries* that hold tests, sorted: added, changed and deleted ones."""
    return tuple(sorted(e.path for e in entries if matches_any(test_paths, e.path)))


def added_tests(entries: Iterable[Entry], test_paths: tuple[str, ...]) -> frozenset[str]:
    added = (entry.path for entry in entries if entry.old is None)
    return frozenset(path for path in added if matches_any(test_paths, path))

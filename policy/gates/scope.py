"""Gate `scope`: did the mission change only what its item allows.

A rename is a deletion and an addition, so both names are judged; a changed mode is a change. A
path is compared exactly: `SRC/a` is not in `src/**`.
"""

from collections.abc import Iterable

from policy.change import Entry
from policy.gates.finding import Finding, barred, passed
from policy.paths import matches_any
from policy.rules.failures import FailureClass


def judge_scope(entries: Iterable[Entry], write_scope: tuple[str, ...]) -> Finding:
    """Bar each changed path that no glob of *write_scope* matches."""
    paths = {entry.path for entry in entries}
    outside = {
        path: "outside the item's write_scope"
        for path in paths
        if not matches_any(write_scope, path)
    }
    if outside:
        return barred(FailureClass.SCOPE_VIOLATION, outside, looked_at=len(paths))
    return passed(len(paths))

"""Selection that is remembered: the same scene is not selected from twice.

With a hundred thousand items a selection takes a while, and in most reconciles nothing has changed.
What was selected holds as long as all that selection is told is the same, and until the first
moment at which time alone ends a reason.
"""

from dataclasses import dataclass
from datetime import datetime

from policy.backlog.scene import Scene
from policy.backlog.selection import Selection, select


@dataclass(frozen=True)
class _Remembered:
    scene: Scene
    selection: Selection
    until: datetime | None


class Selector:
    """`select`, with the last answer kept; always the answer `select` would give."""

    def __init__(self) -> None:
        self._last: _Remembered | None = None

    def select(self, scene: Scene) -> Selection:
        last = self._last
        if last is not None and _holds(last, scene):
            return last.selection
        selection = select(scene)
        self._last = _Remembered(scene, selection, holds_until(selection, scene))
        return selection


def _holds(last: _Remembered, scene: Scene) -> bool:
    was = last.scene
    if scene.now < was.now or (last.until is not None and scene.now >= last.until):
        return False
    return (
        was.backlog is scene.backlog
        and (was.closed is scene.closed or was.closed == scene.closed)
        and was.policy_digest == scene.policy_digest
        and was.policy == scene.policy
        and was.today == scene.today
        and was.open == scene.open
        and was.answers == scene.answers
        and was.activity == scene.activity
        and was.integrity == scene.integrity
        and was.offline == scene.offline
        and was.short == scene.short
        and was.unjudged == scene.unjudged
        and was.spent == scene.spent
        and was.spent_until == scene.spent_until
        and was.quiet_until == scene.quiet_until
    )


def holds_until(selection: Selection, scene: Scene) -> datetime | None:
    """Return when the first item that only waits for time may run."""
    moments = (skip.retry_at for skip in selection.skipped.values() if skip.retry_at is not None)
    return min((moment for moment in moments if moment > scene.now), default=None)

"""All that the pages are made from, and how one begins.

Nothing of it is one host's: what only this host knows (its disk, its sandbox, whether it reaches
the hub, what a command answered here) is told by `pawl status` and `pawl explain` there.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

from policy.backlog.scene import Scene
from policy.backlog.selection import Selection
from policy.backlog.skips import Surroundings
from policy.ids import MissionId
from policy.mission.states import Mission, Waiting
from policy.pages.book import Book
from policy.pages.markdown import HEADING
from policy.people.trust import Mode
from policy.rules.load import Effective

UNSIGNED = "**mode unsigned-local: no person's signature is asked for**"


@dataclass(frozen=True)
class Glance:
    scene: Scene
    """As `neutral` makes it."""
    selection: Selection
    """Of that scene."""
    missions: tuple[Mission, ...]
    """The open ones."""
    unread: frozenset[MissionId]
    """Open missions whose ledger cannot be believed."""
    book: Book
    effective: Effective
    mode: Mode
    folder: Callable[[MissionId], str]
    """Where the dossier of a closed mission is, from the top of the ledger's tree."""

    @property
    def most(self) -> int:
        """Rows of a table."""
        return self.effective.policy.pages.rows

    @cached_property
    def around(self) -> Surroundings:
        """What selection asks of the scene for many items, found once for all pages."""
        return Surroundings(self.scene)

    @cached_property
    def waiting(self) -> tuple[Waiting, ...]:
        """Missions that wait for a person, by name."""
        found = (one for one in self.missions if isinstance(one, Waiting))
        return tuple(sorted(found, key=lambda one: one.history.mission))

    def title(self, heading: str) -> list[str]:
        """Return the head of a page."""
        unsigned = [UNSIGNED, ""] if self.mode == "unsigned-local" else []
        return [HEADING, f"# {heading}", "", *unsigned]


def neutral(scene: Scene) -> Scene:
    """Return *scene* without what only the host knows that looked at it."""
    told = replace(scene, answers={}, offline=None, short=None)
    return replace(told, activity="active") if scene.activity == "stopping" else told

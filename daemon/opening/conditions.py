"""What conditions of items are, observed on the target's tree: by looking, or through the door.

An answer holds for one tree, one condition and one environment; a moved target asks again.
"""

import threading
from collections.abc import Mapping

from daemon.environments.build import start_build
from daemon.environments.wanted import furnish
from daemon.mission.draft import Outcome
from daemon.pool import Pool
from daemon.site import Site
from daemon.view import View
from gitops.observe import is_at
from gitops.repository import Store
from policy.backlog.conditions import (
    After,
    Answer,
    Approved,
    Check,
    Condition,
    ItemDone,
    PathAbsent,
    PathExists,
    name_of,
)
from policy.bus.operation import Furnished, Operation
from policy.bus.result import (
    Denied,
    EngineResult,
    Exited,
    Killed,
    NotStarted,
    Ran,
    Stopped,
    TimedOut,
)
from policy.furnishing import of_policy
from policy.ids import ItemId, MissionId, TreeId
from policy.mission.actions import Prepare, Rest
from policy.mission.prepare import prepare
from policy.mission.steps import step_id
from policy.mission.world import Unprepared

KEY = "conditions"
"""The pool's key: one worker observes for all items, one after the other."""


class Conditions:
    def __init__(self, site: Site, pool: Pool[Outcome]) -> None:
        self._site = site
        self._pool = pool
        self._tree: TreeId | None = None
        self._seen: dict[str, Answer] = {}

    def answers(self, view: View) -> Mapping[str, Answer]:
        """Return what is known at the view's tree, by the condition's canonical name."""
        self._turn_to(view)
        return dict(self._seen)

    def observe(self, view: View, wanted: Mapping[ItemId, tuple[Condition, ...]]) -> bool:
        """Find out what can be found at once; return whether that was anything.

        A `check` needs a process: it is put under way, and its answer is there in a later turn.
        """
        self._turn_to(view)
        found = False
        for conditions in wanted.values():
            for condition in conditions:
                answer = self._look(view, condition)
                if answer is not None and name_of(condition) not in self._seen:
                    self._seen[name_of(condition)] = answer
                    found = True
        if not found and KEY not in self._pool.under_way():
            self._run([one for each in wanted.values() for one in each], view)
        return found

    def _look(self, view: View, condition: Condition) -> Answer | None:
        """Return what can be seen without a process; None for a `check`."""
        match condition:
            case PathExists() | PathAbsent():
                return in_tree(view.site.store, view.tip.tree, condition)
            case ItemDone(item_done=item):
                filed = view.place(ItemId(item))
                return _holds(holds=filed is not None and filed.item.status == "done")
            case After(after=day):
                return _holds(holds=view.now.date() > day)
            case Approved():
                return "does_not_hold"
            case Check():
                return None

    def _run(self, wanted: list[Condition], view: View) -> None:
        checks = [one for one in wanted if isinstance(one, Check)]
        checks = [one for one in checks if name_of(one) not in self._seen]
        tree, limits = view.tip.tree, view.policy().policy.sandbox.condition.asked()
        seen = self._seen
        if not checks:
            return
        furnished = self._furnished(view)
        if isinstance(furnished, Unprepared):
            return

        def deed(stop: threading.Event) -> Outcome:
            for check in checks:
                operation = Operation(
                    mission=None,
                    step=step_id(
                        MissionId(""),
                        stage="select",
                        attempt=1,
                        level=0,
                        name="condition",
                        inputs=(tree, *check.check),
                    ),
                    role="condition",
                    argv=check.check,
                    tree=tree,
                    environment=furnished,
                    changes="dropped",
                    limits=limits,
                )
                self._site.point("check-start")
                result = self._site.door.launch(operation, stop=stop)
                self._site.point("check-end")
                if not _is_stopped(result):
                    seen[name_of(check)] = _said(result)
            return Outcome(())

        self._pool.start(KEY, f"{len(checks)} conditions", deed)

    def _furnished(self, view: View) -> Furnished | Unprepared | None:
        """Return the environment conditions run in; one that is missing is put under way."""
        policy = view.policy().policy
        name = of_policy(policy)
        if name is None:
            return None
        wanted = view.furnisher.wanted(view.tip.tree, [name])
        found = furnish(self._site.environments, wanted)
        if not isinstance(found, Unprepared):
            return found[name]
        match prepare(found, policy, view.now):
            case Prepare():
                start_build(self._site, self._pool, wanted[0])
            case Rest():
                pass  # whoever asks when it is due starts it
        return found

    def _turn_to(self, view: View) -> None:
        """Forget the answers of another tree; a worker still at it fills what nobody reads."""
        if view.tip.tree != self._tree:
            self._tree, self._seen = view.tip.tree, {}


def in_tree(store: Store, tree: TreeId, condition: PathExists | PathAbsent) -> Answer:
    match condition:
        case PathExists(path_exists=path):
            return _holds(holds=is_at(store, tree, path))
        case PathAbsent(path_absent=path):
            return _holds(holds=not is_at(store, tree, path))


def _said(result: EngineResult) -> Answer:
    match result:
        case Ran(ending=Exited(code=0)):
            return "holds"
        case Ran(ending=Exited()):
            return "does_not_hold"
        case Ran(ending=Killed() | TimedOut() | Stopped() | NotStarted()) | Denied():
            return "broken"
        case Ran():
            return "broken"


def _is_stopped(result: EngineResult) -> bool:
    return isinstance(result, Ran) and isinstance(result.ending, Stopped)


def _holds(*, holds: bool) -> Answer:
    return "holds" if holds else "does_not_hold"

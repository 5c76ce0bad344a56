"""Opening: which item is next, and its mission's first fact.

Selection is pure and sees values only. What has to be observed for it is observed here: what the
target's tree answers at once, and `check` conditions through the door, in a worker.
"""

from collections.abc import Mapping

from daemon.mission.draft import Draft, Outcome
from daemon.opening.conditions import Conditions
from daemon.opening.past import Past
from daemon.opening.spending import Spending
from daemon.pool import Pool
from daemon.site import Site
from daemon.standing import Standing
from daemon.view import UnreadableItemError, View
from gitops import ledger, refs
from gitops.ledger import (
    BrokenDossierError,
    ClosedOtherwiseError,
    DuplicateStepError,
    ForeignLedgerError,
    Page,
)
from gitops.ledger.reading import Trust
from gitops.objects import DamagedObjectError, MissingObjectError
from gitops.refs import BrokenRefError
from policy.backlog.conditions import Answer, Approved, name_of
from policy.backlog.outline import Outline
from policy.backlog.reasons import SkipReason
from policy.backlog.remembered import Selector
from policy.backlog.scene import Open, Scene
from policy.backlog.selection import Selection
from policy.ids import Digest, MissionId, mission_of, ordinal_of
from policy.mission.evolve import ContradictionError, replay
from policy.mission.facts import ConditionRecord, MissionOpened
from policy.mission.states import Mission, Waiting
from policy.mission.world import Unjudged

UNREADABLE = (
    ContradictionError,
    BrokenDossierError,
    BrokenRefError,
    ClosedOtherwiseError,
    DuplicateStepError,
    ForeignLedgerError,
    MissingObjectError,
    DamagedObjectError,
    UnreadableItemError,
)
"""What a mission's ledger and its objects may raise: it is frozen, the others go on."""
Found = tuple[Open, Mission | None]
"""An open mission and its state, where that can be read."""


class Opener:
    def __init__(self, site: Site, pool: Pool[Outcome]) -> None:
        self._site = site
        self._past = Past(site.store, lambda: refs.read(site.store, refs.LEDGER))
        self._spending = Spending(site.store, lambda: refs.read(site.store, refs.LEDGER))
        self._selector = Selector()
        self._conditions = Conditions(site, pool)
        self._listens = False
        """Whether some item waits for a person's approval of another, or did."""
        self._asked: Selection | None = None

    def open(self, view: View, standing: Standing) -> Draft | None:
        """Return a draft that opens the next mission, None where nothing is to be opened now.

        Conditions that are not observed yet are put under way; a later reconcile goes on.
        """
        scene = self._scene(view, standing)
        selection = self._selector.select(scene)
        if not self._listens and selection is not self._asked and _awaits(selection):
            self._listens = True
            scene = self._scene(view, standing)
            selection = self._selector.select(scene)
        self._asked = selection
        while selection.unobserved and self._conditions.observe(view, selection.unobserved):
            scene = self._scene(view, standing)
            selection = self._selector.select(scene)
        standing.scene, standing.selection = scene, selection
        if not selection.order:
            return None
        return self._opened(view, selection, scene.digest())

    def _opened(self, view: View, selection: Selection, digest: Digest) -> Draft:
        item = selection.order[0]
        filed = view.backlog.items[item]
        previous = self._past.last(item)
        mission = mission_of(item, ordinal_of(previous) + 1 if previous else 1)
        draft = Draft(self._site, Page(mission, None, (), Trust.VERIFIED, None))
        draft.effective = view.policy()
        opened = MissionOpened(
            item_path=filed.path,
            item_blob=filed.blob,
            title=filed.item.title,
            spec_hash=filed.spec,
            base=view.tip.commit,
            profile="direct",
            today=view.now.date().isoformat(),
            conditions=self._answered(view, filed.item),
            selection=selection.record(item, digest),
            previous=previous,
        )
        draft.add(Outcome((opened,)))
        return draft

    def _answered(self, view: View, item: Outline) -> tuple[ConditionRecord, ...]:
        answers = self._answers(view)
        asked = [name_of(one) for one in (*item.ready_when, *item.not_ready_when)]
        return tuple(
            ConditionRecord(condition=name, answer=answers[name], tree=view.tip.tree)
            for name in asked
            if name in answers
        )

    def _answers(self, view: View) -> Mapping[str, Answer]:
        """Return what is known of conditions; of approvals only once an item has asked for one."""
        found = self._conditions.answers(view)
        if not self._listens:
            return found
        given = (Approved(approved=item) for item in view.counsel.approved)
        return {**found, **{name_of(one): "holds" for one in given}}

    def _scene(self, view: View, standing: Standing) -> Scene:
        opened = self._open_missions(view, standing)
        states = [state for _, state in opened if state is not None]
        spent = self._spending.spent(view.policy().policy.budgets.run, states, view.now)
        return Scene(
            backlog=view.backlog,
            policy=view.policy().policy,
            policy_digest=view.policy().digest,
            now=view.now,
            today=view.now.date(),
            open=tuple(one for one, _ in opened),
            closed=self._past.of(view.backlog),
            answers=self._answers(view),
            activity=view.activity,
            integrity=view.doubt(),
            offline=standing.offline,
            short=standing.short,
            unjudged=view.last.why if isinstance(view.last, Unjudged) else None,
            spent=spent.why if spent is not None else None,
            spent_until=spent.until if spent is not None else None,
            quiet_until=view.quiet_until,
        )

    def _open_missions(self, view: View, standing: Standing) -> list[Found]:
        """Return what is open; one whose ledger cannot be read, or is gone, waits for a person.

        It is frozen, so it runs nothing and lands nothing: only its own item is held.
        """
        missions = refs.list_missions(self._site.store)
        gone = standing.rests.keys() - missions.open.keys() - missions.broken.keys()
        broken = [_frozen(mission) for mission in sorted({*missions.broken, *gone})]
        return broken + [self._open_mission(view, mission) for mission in missions.open]

    def _open_mission(self, view: View, mission: MissionId) -> Found:
        try:
            page = ledger.read(self._site.store, mission, trusted=self._site.trust.daemons)
            state = replay(mission, page.records)
            if state is None:
                return _frozen(mission)
            scope = view.pinned(state.history).write_scope
        except UNREADABLE:
            return _frozen(mission)
        if not isinstance(state, Waiting):
            return Open(mission, scope), state
        return Open(mission, scope, state.asked.why, state.asked.outcome), state


def _awaits(selection: Selection) -> bool:
    return any(one.reason is SkipReason.AWAITING_PERMISSION for one in selection.skipped.values())


def _frozen(mission: MissionId) -> Found:
    return Open(mission, (), waiting="its ledger cannot be believed: pawl show says why"), None

"""Landing: the landed commit, the target moved to it by CAS, and what is said of it afterwards.

The target moves in the main thread only, and only after `landing-started` is recorded. A landing
whose answer was lost is seen on the target by the next turn and recorded, not repeated.
"""

from daemon.log import get_logger
from daemon.mission.draft import Draft, Outcome
from daemon.view import View
from gitops.commits import tree_of
from gitops.landing.land import Missed, Moved, doubt_of, land
from gitops.landing.landed import LandedCommit, Trailers, build
from gitops.tree.diff import entries_between
from policy.ids import item_of
from policy.mission.actions import BuildLanding, MoveTarget, RecordLanding
from policy.mission.facts import Landed, LandingMissed, LandingStarted
from policy.mission.steps import step_id
from policy.mission.world import Frozen, Held

_log = get_logger()


class IntegrityError(Exception):
    """The target does not hold what was landed: everything freezes until a person has looked."""


def build_landing(draft: Draft, view: View, action: BuildLanding) -> Outcome:
    """Return the intent; the landed commit is in the step's pack and anchored by its commit."""
    if draft.tip is None:
        raise ValueError(f"{draft.mission} has no ledger commit that holds its verdicts")
    candidate, n = action.candidate, action.attempt.started.n
    item = view.pinned(view.mission(draft).history)
    step = step_id(
        draft.mission,
        stage="build",
        attempt=n,
        level=0,
        name="land",
        inputs=(candidate.commit, draft.tip),
    )
    mended = view.mission(draft).history.repairing
    repairs = mended.grounds.landed.commit if mended else None
    landed = build(
        draft.batch,
        view.site.key,
        candidate=candidate,
        title=f"Mend: {item.title}" if repairs else item.title,
        contract=item.contract,
        trailers=Trailers(
            mission=draft.mission,
            step=step,
            tree=candidate.tree,
            gates=draft.tip,
            policy=view.policy().digest,
            waivers=action.permissions,
            builder=action.attempt.started.builder,
            repairs=repairs,
        ),
        at=int(view.site.clock.now().timestamp()),
    )
    draft.keep(landed.commit)
    started = LandingStarted(
        n=n,
        landed=landed.commit,
        base=candidate.base,
        tree=candidate.tree,
        permissions=action.permissions,
        repairs=repairs,
    )
    return Outcome((started,))


def move_target(draft: Draft, view: View, action: MoveTarget | RecordLanding) -> Outcome | Held:
    """Move the target to the landing, or find that it was moved; both end in the same re-reading.

    Raises `IntegrityError` where the target or the landed commit is not what was recorded.
    """
    landing = action.landing
    commit = LandedCommit(landing.landed, landing.base, landing.tree)
    match move(draft, view, commit, _paths(draft, view, landing), "land"):
        case Moved():
            return Outcome((Landed(commit=landing.landed, tree=landing.tree),))
        case Missed(found=found):
            return Outcome((LandingMissed(was=landing.base, found=found or landing.base),))
        case Held() as held:
            return held


def move(
    draft: Draft, view: View, commit: LandedCommit, paths: frozenset[str], name: str
) -> Moved | Missed | Held:
    """Move the target from a commit's base to it: the one place where the target is moved.

    *paths* are all that may change, *name* is of the crash points. Repeatable.
    """
    view.site.point(name)
    answer = land(
        view.site.store,
        ref=view.site.target,
        landed=commit,
        paths=paths,
        watch=lambda moment: view.site.point(f"{name}:{moment}"),
    )
    view.site.point(f"{name}ed")
    match answer:
        case Moved(behind=behind):
            for checkout in behind:
                _log.warning("checkout left behind", mission=draft.mission, why=checkout.why)
            return answer
        case Missed() | Held():
            return answer
        case Frozen(why=why):
            raise IntegrityError(why)


def look_at_landed(draft: Draft, view: View, landing: LandingStarted) -> None:
    """Raise `IntegrityError` where the landed commit is not what was recorded."""
    landed = LandedCommit(landing.landed, landing.base, landing.tree)
    doubt = doubt_of(view.site.store, landed, _paths(draft, view, landing))
    if doubt is not None:
        raise IntegrityError(doubt.why)


def _paths(draft: Draft, view: View, landing: LandingStarted) -> frozenset[str]:
    """All paths the landing may change: those of the attempt's own diff, and the item's file."""
    history = view.mission(draft).history
    attempt = next(one for one in history.attempts if one.started.n == landing.n)
    base = tree_of(view.site.store, attempt.started.base)
    tree = attempt.ended.tree or base
    entries = entries_between(view.site.store, base, tree)
    place = view.place(item_of(draft.mission))
    own = {history.opened.item_path, *([place.path] if place else [])}
    return frozenset({entry.path for entry in entries} | own)

"""The candidate: the attempt's diff on the target's tip, with the item's status flipped.

What mends the target after a landing flips nothing: the item is done there already.

Quick, so it runs in the main thread, and its objects go into the same pack as the fact.
"""

from daemon.mission.draft import Draft, Outcome
from daemon.view import View
from gitops.landing.candidate import build
from gitops.objects import read_blob
from policy.ids import item_of
from policy.landing.flip import FlipRefused, flip_of
from policy.mission.actions import BuildCandidate
from policy.mission.facts import Candidate, CandidateBuilt, CandidateConflicted


def build_candidate(draft: Draft, view: View, action: BuildCandidate) -> Outcome:
    """Return `candidate-built`, or `candidate-conflicted` with the paths that stand against it."""
    view.site.point("candidate")
    attempt = action.attempt
    item = item_of(draft.mission)
    place = view.place(item)
    if place is None or attempt.ended.tree is None:
        raise ValueError(f"{draft.mission}: nothing to propose: no item or no tree")
    mends = view.mission(draft).history.repairing is not None
    content = read_blob(view.site.store, place.blob)
    flipped = None if mends else flip_of(place.path, content, item)
    if isinstance(flipped, FlipRefused):
        conflict = CandidateConflicted(n=attempt.started.n, base=action.base, paths=(place.path,))
        return Outcome((conflict,))
    built = build(
        view.site.store,
        draft.batch,
        mission=draft.mission,
        n=attempt.started.n,
        base=attempt.started.base,
        work=attempt.ended.tree,
        tip=action.base,
        item_path=place.path,
        item=flipped,
        at=int(view.site.clock.now().timestamp()),
    )
    match built:
        case Candidate():
            draft.keep(built.commit)
            return Outcome((CandidateBuilt(n=attempt.started.n, candidate=built),))
        case CandidateConflicted():
            return Outcome((built,))

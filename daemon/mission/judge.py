"""The gates' deed: judge a candidate in the sandbox. Runs in a worker; writes objects only."""

import threading
from collections.abc import Iterator

from daemon.gates.base_records import BaseRecords
from daemon.gates.case import Case, Judgement
from daemon.gates.judge import judge
from daemon.mission.draft import Draft, Outcome
from daemon.site import Site
from daemon.view import View
from gitops.commits import tree_of
from gitops.landing.candidate import product_of
from gitops.repository import Store
from gitops.tree.diff import entries_between
from policy.canonical import canonical
from policy.gates.adoption import Earlier, Subject
from policy.gates.run import Interrupted
from policy.mission.actions import JudgeCandidate
from policy.mission.facts import Candidate, CandidateBuilt, GatesJudged, TargetRan
from policy.mission.record import Recorded
from policy.mission.world import Unprepared


def judge_candidate(site: Site, case: Case, stop: threading.Event) -> Outcome:
    """Return `gates-judged` with its evidence; nothing where the daemon stops meanwhile."""
    found = asked(site, case, stop)
    if found is None:
        return Outcome(())
    said, evidence = found
    fact = GatesJudged(
        n=case.n,
        product=case.candidate.product,
        environment=said.environment,
        records=said.records,
    )
    return Outcome((fact,), evidence)


def asked(
    site: Site, case: Case, stop: threading.Event
) -> tuple[Judgement, dict[str, bytes]] | None:
    """Return what the gates said and its evidence, None where the daemon stops meanwhile."""
    store = site.worker_store()
    records = BaseRecords(site.state / "base-records")
    match judge(case, door=site.door, store=store, records=records, stop=stop):
        case Interrupted():
            return None
        case Judgement() as said:
            evidence = dict(said.evidence)
            used = {**case.furnished_base, **case.furnished}.values()
            for about in filter(None, (site.environments.find(each.key) for each in used)):
                content = canonical(about.model_dump(mode="json", by_alias=True))
                evidence[f"{case.place}/environment-{about.name}.json"] = content
            # The gate that decided was asked last: its evidence is the last to be cut.
            return said, dict(reversed(tuple(evidence.items())))


def case_of(draft: Draft, view: View, action: JudgeCandidate) -> Case:
    """Return what is judged: item as pinned, policy of the candidate's base, the mission's diff."""
    store = view.site.store
    attempt, candidate = action.attempt, action.candidate
    item = view.pinned(view.mission(draft).history)
    base = tree_of(store, attempt.started.base)
    entries = entries_between(store, base, attempt.ended.tree or base)
    furnishing = view.furnishing(view.mission(draft))
    if isinstance(furnishing, Unprepared):
        raise TypeError(f"{draft.mission} is judged before environment {furnishing.name} is there")
    return Case(
        mission=draft.mission,
        n=attempt.started.n,
        item=item,
        policy=view.policy_for(item).policy,
        candidate=candidate,
        base=product_of(store, view.tip.tree),
        entries=entries,
        stat=attempt.ended.stat,
        environment=view.environment(furnishing),
        furnished=furnishing.candidate,
        furnished_base=furnishing.base,
        gates=action.required,
        waived=action.waived,
        earlier=tuple(_earlier(store, draft.records)),
    )


def _earlier(store: Store, records: tuple[Recorded, ...]) -> Iterator[Earlier]:
    """Yield what the gates have said, each with the candidate it was said of.

    What they said of the commit before a landing is not for adoption: a revert has the same tree,
    and is asked itself.
    """
    candidate: Candidate | None = None
    n, bases = 0, set()
    for recorded in records:
        if isinstance(recorded.fact, CandidateBuilt):
            candidate, n = recorded.fact.candidate, recorded.fact.n
            bases.add(candidate.base)
        elif isinstance(recorded.fact, GatesJudged) and candidate is not None:
            judged = recorded.fact
            subject = Subject(
                product=judged.product,
                base=product_of(store, tree_of(store, candidate.base)),
                n=judged.n,
                environment=judged.environment,
            )
            yield Earlier(subject=subject, records=judged.records)
        elif isinstance(recorded.fact, TargetRan) and candidate is not None:
            ran = recorded.fact
            if ran.commit in bases:
                continue
            subject = Subject(
                product=ran.product,
                base=product_of(store, tree_of(store, candidate.base)),
                n=n,
                environment=ran.environment,
            )
            yield Earlier(subject=subject, records=ran.records)

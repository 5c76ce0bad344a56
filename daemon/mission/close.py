"""The end of a mission: its results page, its closing fact, its place in `pawl/ledger`."""

from daemon.mission.draft import Draft, Outcome, sentence
from daemon.view import View
from gitops import ledger
from gitops.ledger.appending import Beside
from policy.canonical import canonical
from policy.documents.results import RESULTS, results_page
from policy.documents.summary import SUMMARY, summarise
from policy.ids import CommitId
from policy.mission.facts import MissionClosed
from policy.mission.states import Closed


def close_mission(draft: Draft, view: View, closed: MissionClosed) -> None:
    """Add the closing fact, and the pages that are generated from all the facts before and it."""
    draft.add(Outcome((closed,)))
    state = view.mission(draft)
    summary = summarise(state, draft.records)
    contract = view.pinned(state.history).contract
    page = results_page(summary, contract, draft.records, view.site.trust.mode)
    draft.add(
        Outcome(
            (),
            pages={SUMMARY: canonical(summary.model_dump(mode="json")), RESULTS: page.encode()},
        )
    )


def merged_into(draft: Draft, view: View, ledger_tip: CommitId) -> CommitId:
    """Make the commit that closes the mission on *ledger_tip*; no ref is moved."""
    if draft.tip is None:
        raise ValueError(f"{draft.mission} cannot be closed before it was opened")
    site = view.site
    return ledger.merged(
        site.store,
        site.key,
        draft.mission,
        draft.tip,
        ledger=ledger_tip,
        trusted=site.trust.daemons,
        sentence=sentence(draft.mission, draft.records[-1:]),
        at=int(site.clock.now().timestamp()),
    )


def merging(draft: Draft, view: View) -> Beside:
    """Return what adds the merge into `pawl/ledger` to the pack of the mission's last step.

    No ref is moved by that: `archive` does it, once the step is recorded.
    """

    def add(tip: CommitId) -> None:
        site = view.site
        draft.closing = ledger.prepare(
            site.store,
            draft.batch,
            site.key,
            draft.mission,
            tip,
            sentence=sentence(draft.mission, draft.records[-1:]),
            at=int(site.clock.now().timestamp()),
            trusted=site.trust.daemons,
        )

    return add


def archive(draft: Draft, view: View) -> bool:
    """Merge the mission into `pawl/ledger` and delete its refs; False if somebody was first.

    Repeatable: what is merged already is found there, and only the refs that are left go.
    """
    if draft.tip is None:
        raise ValueError(f"{draft.mission} cannot be closed before it was opened")
    site = view.site
    state = view.mission(draft)
    landed = isinstance(state, Closed) and state.closed.outcome == "PASS"
    site.point("archive")
    merged = ledger.close(
        site.store,
        site.key,
        draft.mission,
        draft.tip,
        sentence=sentence(draft.mission, draft.records[-1:]),
        at=int(site.clock.now().timestamp()),
        trusted=site.trust.daemons,
        work=state.history.checkpoints[-1] if landed else None,
        watch=lambda moment: site.point(f"archive:{moment}"),
        ready=draft.closing,
    )
    site.point("archived")
    return merged is not None

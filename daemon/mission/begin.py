"""An attempt begins: its intent, what it is told, and the commit it starts from."""

from daemon.mission.draft import Draft, Outcome
from daemon.start import carried
from daemon.view import View
from policy.mission.actions import RunBuilder


def begin(draft: Draft, view: View, action: RunBuilder) -> Outcome:
    """Return the intent; whatever it starts from is held by the step's ledger commit."""
    started, account = action.started, action.account
    if started.start != started.base:
        _make(draft, view, action)
        draft.keep(started.start)
    told = {f"attempts/{started.n}/failure.json": account.to_json()} if account else {}
    return Outcome((started,), pages=told)


def _make(draft: Draft, view: View, action: RunBuilder) -> None:
    """Make the commit an attempt starts from, where it is not a checkpoint or a person's."""
    store = view.site.store
    if action.started.start not in store.repo:
        carried(store, draft.batch, view.mission(draft).history, view.tip.commit)

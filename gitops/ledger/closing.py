"""Closing: the mission's tip becomes the second parent of a commit on the ledger branch.

The mission's ref is deleted only after its tip is reachable from there; killed anywhere, the
same call goes on from where it was.
"""

from collections.abc import Callable
from dataclasses import dataclass

import pygit2

from gitops import objects, refs, signing
from gitops.ledger import appending, dossier, reading
from gitops.objects import TREE_MODE, Batch
from gitops.repository import Store
from gitops.signing import DaemonKey
from policy.ids import CommitId, MissionId, TreeId


class LedgerRootMissingError(Exception):
    """There is no branch `pawl/ledger`: the repository was never initialised, or lost it."""

    def __init__(self) -> None:
        super().__init__(
            f"cannot close a mission: {refs.LEDGER} does not exist; fetch the branch from a clone, "
            "or, to begin anew, run `pawl init --introduction OID`"
        )


class ForeignLedgerError(Exception):
    """The tip of the ledger branch is not signed by the key that is to sign the next commit."""

    def __init__(self, attempted: str, tip: CommitId, why: str) -> None:
        super().__init__(
            f"cannot {attempted}: {refs.LEDGER} is at {tip}, which is not ours: {why}; "
            "look at what was committed there, and put the branch back"
        )


class ClosedOtherwiseError(Exception):
    """The ledger branch has another dossier under this mission's id."""

    def __init__(self, mission: MissionId, tip: CommitId) -> None:
        super().__init__(
            f"cannot close {mission}: {refs.LEDGER} has a different dossier of it, and {tip} is "
            f"not part of that; compare the two (git show {refs.LEDGER}:{dossier.shard(mission)})"
        )


@dataclass(frozen=True)
class Merge:
    """The *commit* that merges *tip* into the ledger branch where that is at *ledger*."""

    ledger: CommitId
    tip: CommitId
    commit: CommitId


def create_ledger_root(store: Store, key: DaemonKey, *, at: int) -> CommitId:
    """Make the ledger branch with an empty root commit, or return the tip of the one there is.

    Without the root the first closing had the mission as its first parent, and `git log
    --first-parent` would print all of it.
    """
    batch = Batch(store)
    message = "The ledger begins\n\nPawl-Schema: 1"
    root = batch.commit(signing.signed_commit(key, batch.tree({}), (), message, at))
    while (tip := refs.read(store, refs.LEDGER)) is None:
        batch.save()
        if refs.create(store, refs.LEDGER, root):
            return root
    return tip


def close(
    store: Store,
    key: DaemonKey,
    mission: MissionId,
    tip: CommitId,
    *,
    sentence: str,
    at: int,
    trusted: str | None = None,
    work: CommitId | None = None,
    watch: Callable[[str], None] = lambda _moment: None,
    ready: Merge | None = None,
) -> CommitId | None:
    """Merge *tip* into the ledger branch, then delete the mission's ref.

    Returns a commit of that branch that holds the mission; None, with nothing closed, if somebody
    else moved the branch meanwhile: try again.
    *work* is where the mission's work branch must be to be deleted too. What moved meanwhile is
    left. *trusted* are the public keys that may have signed the ledger, None: *key* alone.
    *watch* is called between two effects. *ready* is a merge that `prepare` made and that was saved
    since; it is used where both are still as they were. Raises `LedgerRootMissingError`,
    `ForeignLedgerError`, `ClosedOtherwiseError`, `RefLockedError`.
    """
    ledger = refs.read(store, refs.LEDGER)
    if ledger is None:
        raise LedgerRootMissingError
    if ready is None or (ready.ledger, ready.tip) != (ledger, tip):
        root = verified(store, ledger, trusted or key.public, f"close {mission}")
        ready = None
        if dossier.find(store, root, dossier.shard(mission)) is None:
            made = _merge(store, key, mission, tip, ledger=ledger, sentence=sentence, at=at)
            ready = Merge(ledger, tip, made)
        elif not store.repo.descendant_of(pygit2.Oid(hex=ledger), pygit2.Oid(hex=tip)):
            raise ClosedOtherwiseError(mission, tip)
    closing = ledger if ready is None else ready.commit
    if ready is not None and not refs.move(store, refs.LEDGER, to=closing, was=ledger):
        return None
    watch("merged")
    # The mission's ref goes last: as long as it is there, the next start comes here again.
    if work is not None:
        refs.delete(store, refs.work_ref(mission), was=work)
    watch("work-branch-deleted")
    refs.delete(store, refs.mission_ref(mission), was=tip)
    appending.forget(store, mission)
    reading.forget(store, mission)
    return closing


def prepare(
    store: Store,
    batch: Batch,
    key: DaemonKey,
    mission: MissionId,
    tip: CommitId,
    *,
    sentence: str,
    at: int,
    trusted: str,
) -> Merge | None:
    """Add the merge of *tip*, which may be of *batch*, to *batch*; no ref is moved.

    None where `close` is to look itself: it says what is wrong with the ledger branch.
    """
    ledger = refs.read(store, refs.LEDGER)
    if ledger is None:
        return None
    try:
        root = verified(store, ledger, trusted, f"close {mission}")
    except ForeignLedgerError:
        return None
    if dossier.find(store, root, dossier.shard(mission)) is not None:
        return None
    return Merge(
        ledger, tip, _merged(batch, key, mission, tip, ledger=ledger, sentence=sentence, at=at)
    )


def merged(
    store: Store,
    key: DaemonKey,
    mission: MissionId,
    tip: CommitId,
    *,
    ledger: CommitId,
    trusted: str,
    sentence: str,
    at: int,
) -> CommitId:
    """Make the commit that merges *tip* into *ledger*, the hub's; no ref is moved.

    The mission is not closed at *ledger* yet. Raises `ForeignLedgerError`.
    """
    verified(store, ledger, trusted, f"close {mission}")
    return _merge(store, key, mission, tip, ledger=ledger, sentence=sentence, at=at)


def verified(store: Store, ledger: CommitId, trusted: str, attempted: str) -> TreeId:
    """Return the tree at *ledger*; raise `ForeignLedgerError` where no believed key signed that."""
    raw = objects.read_object(store, ledger, "commit")
    whose, why = reading.trust(raw, trusted)
    if whose is not reading.Trust.VERIFIED:
        raise ForeignLedgerError(attempted, ledger, why)
    return reading.tree_of(raw)


def _merge(
    store: Store,
    key: DaemonKey,
    mission: MissionId,
    tip: CommitId,
    *,
    ledger: CommitId,
    sentence: str,
    at: int,
) -> CommitId:
    batch = Batch(store)
    commit = _merged(batch, key, mission, tip, ledger=ledger, sentence=sentence, at=at)
    batch.save()
    return commit


def _merged(
    batch: Batch,
    key: DaemonKey,
    mission: MissionId,
    tip: CommitId,
    *,
    ledger: CommitId,
    sentence: str,
    at: int,
) -> CommitId:
    root = reading.tree_of(batch.read_commit(ledger))
    closed = reading.tree_of(batch.read_commit(tip))
    tree = dossier.graft(batch, root, {dossier.shard(mission): (TREE_MODE, closed)}, {})
    subject = " ".join(sentence.replace("\0", " ").split()) or f"{mission} is closed"
    message = f"{subject}\n\nPawl-Mission: {mission}\nPawl-Schema: 1"
    return batch.commit(signing.signed_commit(key, tree, (ledger, tip), message, at))

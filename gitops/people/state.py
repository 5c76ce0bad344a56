"""Whom one commit says to believe: approvers, revoked keys and roles, from its tree.

Read from the commit *before* the one that is judged. What cannot be read there is a doubt: no
permission counts while it lasts, but who mends it is judged by the last state that could be read,
or one bad line would lock everybody out for good (docs/decisions/0043).
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from gitops.objects import DamagedObjectError, MissingObjectError, read_blob, size_of
from gitops.observe import POLICY, blob_at
from gitops.repository import Store
from policy.ids import BlobId, TreeId
from policy.people.approvers import Approver, read_approvers
from policy.people.revoked import Revoked, read_revoked
from policy.people.roles import Governing
from policy.problems import Unreadable
from policy.value import Value

APPROVERS = ".pawl/approvers"
REVOKED = ".pawl/revoked"

Govern = Callable[[bytes], Governing | Unreadable]
"""From the content of `.pawl/policy.yaml` to what the chain is judged by."""


class Source(Value):
    """The blobs a state was read from; None where there never was one that could be read."""

    approvers: BlobId | None = None
    revoked: BlobId | None = None
    policy: BlobId | None = None


@dataclass(frozen=True)
class State:
    source: Source
    approvers: tuple[Approver, ...] = ()
    revoked: Revoked = field(default_factory=Revoked)
    revoked_content: bytes = b""
    governing: Governing = field(default_factory=Governing)
    doubts: tuple[str, ...] = ()


NOBODY = State(Source())


def state_at(store: Store, tree: TreeId, before: State, govern: Govern) -> State:
    """Return what *tree* says, and where it cannot be read what *before* said, with a doubt."""
    state = replace(before, doubts=())
    for path, take in ((APPROVERS, _approvers), (REVOKED, _revoked), (POLICY, _policy)):
        try:
            blob = blob_at(store, tree, path)
            taken: State | str = _fault(store, path, blob)
            if blob is not None and not taken:
                taken = take(store, blob, state, govern)
        except (MissingObjectError, DamagedObjectError) as error:
            taken = f"{path}: {error}"
        state = taken if isinstance(taken, State) else _doubting(state, taken)
    return state


def _fault(store: Store, path: str, blob: BlobId | None) -> str:
    """Return why *blob* is not even looked into; empty where it is."""
    if blob is None:
        return f"{path}: is not there"
    size = size_of(store, blob)
    return f"{path}: has {size} bytes, {_MOST_BYTES} are allowed" if size > _MOST_BYTES else ""


_MOST_BYTES = 1024**2


def state_of(store: Store, source: Source, govern: Govern) -> State | None:
    """Return the state of what was read before, None where any of it cannot be read again."""
    state = NOBODY
    rows = ((source.approvers, _approvers), (source.revoked, _revoked), (source.policy, _policy))
    for blob, take in rows:
        if blob is not None:
            try:
                taken = take(store, blob, state, govern)
            except (MissingObjectError, DamagedObjectError):
                return None
            if not isinstance(taken, State):
                return None
            state = taken
    return state


def _doubting(state: State, why: str) -> State:
    text = f"{why}; nothing is approved until somebody who may has mended it"
    return replace(state, doubts=(*state.doubts, text))


def _approvers(store: Store, blob: BlobId, state: State, _: Govern) -> State | str:
    found = read_approvers(read_blob(store, blob))
    if isinstance(found, Unreadable):
        return f"{APPROVERS}: {found}"
    source = state.source.model_copy(update={"approvers": blob})
    return replace(state, source=source, approvers=found)


def _revoked(store: Store, blob: BlobId, state: State, _: Govern) -> State | str:
    content = read_blob(store, blob)
    found = read_revoked(content)
    if isinstance(found, Unreadable):
        return f"{REVOKED}: {found}"
    source = state.source.model_copy(update={"revoked": blob})
    return replace(state, source=source, revoked=found, revoked_content=content)


def _policy(store: Store, blob: BlobId, state: State, govern: Govern) -> State | str:
    found = govern(read_blob(store, blob))
    if isinstance(found, Unreadable):
        return f"{POLICY}: {found}"
    source = state.source.model_copy(update={"policy": blob})
    return replace(state, source=source, governing=found)

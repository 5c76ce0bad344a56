"""What a merge brings in beside its first parent: what it says of governed paths, what it used.

A merge can also take away: one made on an old commit, with today's target as its *second* parent,
leaves out of the line whatever was decided since. So it is not enough that a merge looks like its
first parent; what the others say must not be unsaid (docs/decisions/0044).
"""

from dataclasses import dataclass
from itertools import chain

import pygit2

from gitops.landing.landed import Trailers, parse
from gitops.objects import DamagedObjectError, read_object
from gitops.people.areas import Areas, Reader, only_adds, roles_for
from gitops.people.header import Header, header_of
from gitops.people.state import State
from gitops.repository import Store
from policy.ids import BlobId, CommitId
from policy.people.roles import Role


@dataclass(frozen=True)
class Sides:
    """*roles* are what it takes to say what the side commits say."""

    roles: frozenset[Role] = frozenset()
    only_add: bool = True
    """Whether all they say is files added to `waivers/`."""
    used: frozenset[BlobId] = frozenset()
    unreadable: CommitId | None = None


ALONE = Sides()


def fresh(store: Store, start: CommitId, tip: CommitId) -> set[CommitId]:
    """Return all commits that *tip* has and *start* has not, in one walk for all merges.

    Raises `DamagedObjectError` where one of them cannot be read.
    """
    try:
        walk = store.repo.walk(tip)
        walk.hide(start)
        return {CommitId(str(commit.id)) for commit in walk}
    except (KeyError, ValueError, OSError, pygit2.GitError) as error:
        raise DamagedObjectError(tip, f"its history cannot be read: {error}") from error


def sides_of(
    header: Header, left: set[CommitId], reader: Reader, state: State, daemons: str
) -> Sides:
    """Return what the commits say that *header*'s commit has and its first parent has not.

    *left* are the `fresh` commits that none before it on the line has; those looked at are taken
    out. Raises `MissingObjectError` or `DamagedObjectError`.
    """
    roles = set[Role]()
    used = set[BlobId]()
    adds = True
    todo = [*header.parents[1:]]
    while todo:
        oid = todo.pop()
        if oid not in left:
            continue
        left.remove(oid)
        raw = read_object(reader.store, oid, "commit")
        side = header_of(raw)
        if side is None:
            return Sides(unreadable=oid)
        todo += side.parents
        used.update(used_by(raw, daemons))
        said, added = _says(side, reader, state)
        roles |= said
        adds = adds and added
    return Sides(frozenset(roles), adds, frozenset(used))


def used_by(raw: bytes, daemons: str) -> tuple[BlobId, ...]:
    """Return the permissions a commit used, if a daemon of ours landed it."""
    if b"\nPawl-Waiver: " not in raw:
        return ()
    found = parse(raw, daemons)
    return found.waivers if isinstance(found, Trailers) else ()


def _says(side: Header, reader: Reader, state: State) -> tuple[frozenset[Role], bool]:
    """Return what it takes to say what this commit says, and whether it only adds to waivers."""
    new = reader.areas(side.tree, state)
    olds = [areas_of(parent, reader, state) for parent in side.parents]
    olds = olds or [Areas((), paused=False)]
    if new in olds:
        return frozenset(), True
    roles = frozenset(chain.from_iterable(roles_for(old, new, reader.governed) for old in olds))
    return roles, all(only_adds(reader.waivers_between(old, new), new) for old in olds)


def areas_of(commit: CommitId, reader: Reader, state: State) -> Areas:
    """Return the governed parts of *commit*'s tree; nothing where it is no commit to us."""
    header = header_of(read_object(reader.store, commit, "commit"))
    return Areas((), paused=False) if header is None else reader.areas(header.tree, state)

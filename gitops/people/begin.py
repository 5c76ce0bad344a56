"""Where a walk along the target begins: at the introduction, or where the last one ended."""

from datetime import UTC, datetime

from gitops.objects import DamagedObjectError, read_object
from gitops.people.areas import Areas, Reader
from gitops.people.faith import Faith
from gitops.people.header import header_of
from gitops.people.line import Line, NoLine, line_to, root_of
from gitops.people.remembered import Brought, Remembered
from gitops.people.state import NOBODY, State, state_at, state_of
from gitops.repository import Store
from policy.ids import CommitId, TreeId
from policy.people.codes import Code
from policy.people.found import Introduced, Refused


def begin(
    store: Store, tip: CommitId, faith: Faith, known: Remembered | None
) -> tuple[Line, State, Remembered] | NoLine:
    """Return the line that is left to walk, and what is known where it starts."""
    line = line_to(store, tip, (*((known.tip,) if known else ()), faith.introduction))
    if isinstance(line, NoLine):
        return line
    if known is not None and line.start == known.tip:
        before = state_of(store, known.source, faith.govern)
        if before is not None:
            return line, state_at(store, tree_of(store, known.tip), before, faith.govern), known
        line = line_to(store, tip, (faith.introduction,))
        if isinstance(line, NoLine):
            return line
    return line, *_introduced(store, faith)


def _introduced(store: Store, faith: Faith) -> tuple[State, Remembered]:
    tree = tree_of(store, faith.introduction)
    state = state_at(store, tree, NOBODY, faith.govern)
    reader = Reader(store, faith.governed)
    there = reader.waivers_between(Areas((), paused=False), reader.areas(tree, state))
    header = header_of(read_object(store, faith.introduction, "commit"))
    at = datetime.fromtimestamp(header.committed if header else 0, UTC)
    why = "it was there before the introduction; decide it again"
    memory = Remembered(
        faith=faith.digest,
        root=root_of(store, faith.introduction),
        tip=faith.introduction,
        source=state.source,
        brought={
            name_of(entry.path): Brought(
                blob=entry.new.oid,
                mode=entry.new.mode,
                introduced=Introduced(commit=faith.introduction, parents=1),
                signer=Refused(code=Code.UNSIGNED, why=why),
                first_seen=text_of(at),
            )
            for entry in there
            if entry.new is not None
        },
    )
    return state, memory


def tree_of(store: Store, commit: CommitId) -> TreeId:
    """Return the tree of *commit*; raise `DamagedObjectError` for a malformed one."""
    header = header_of(read_object(store, commit, "commit"))
    if header is None:
        raise DamagedObjectError(commit, "readers could disagree about this commit")
    return header.tree


def text_of(at: datetime) -> str:
    """Return *at* as an `Instant`."""
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def name_of(path: str) -> str:
    """Return *path* as it is kept: a byte that is not UTF-8 as text, a backslash and its hex."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")

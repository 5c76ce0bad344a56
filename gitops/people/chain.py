"""The authenticated chain: whether every governed change since the introduction was allowed.

Each is judged by the state of its own first parent, so a key that is added and used in the next
commit counts only if who added it could (A40, A41). One kind of commit is let through unsigned: one
that only adds files to `waivers/`. They permit nothing, and the reason is theirs, not the line's.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from gitops import signing
from gitops.objects import DamagedObjectError, MissingObjectError, read_object
from gitops.people.areas import Areas, Reader, only_adds, roles_for
from gitops.people.begin import begin, name_of, text_of, tree_of
from gitops.people.faith import Faith
from gitops.people.line import Line, Link, NoLine, landed_at
from gitops.people.lying import read_brought
from gitops.people.remembered import Brought, Remembered
from gitops.people.sides import ALONE, Sides, areas_of, fresh, sides_of, used_by
from gitops.people.state import NOBODY, State, state_at
from gitops.repository import Store
from gitops.tree.diff import entries_between
from policy.change import Entry
from policy.ids import BlobId, CommitId
from policy.people.codes import Code
from policy.people.found import Authentic, Broken, Introduced, Refused, Signer, Unasked, Verified
from policy.people.permission import Revocation, instant
from policy.people.reading import FOLDER
from policy.people.roles import APPROVER, BACKLOG, POLICY, Role


@dataclass(frozen=True)
class Chain:
    """What the line says up to the tip, or up to the commit that broke it."""

    verdict: Verified | Broken
    state: State
    remembered: Remembered | None
    """What the next walk begins from; None where none has got anywhere yet."""

    @property
    def brought(self) -> Mapping[str, Brought]:
        """The files of `waivers/`, by name."""
        return {} if self.remembered is None else self.remembered.brought

    @property
    def undone(self) -> Mapping[str, Brought]:
        """The revocations that lie in `waivers/` no more, by name."""
        return {} if self.remembered is None else self.remembered.undone

    @property
    def used(self) -> frozenset[BlobId]:
        """The permissions that landings used."""
        return frozenset() if self.remembered is None else self.remembered.used

    @property
    def root(self) -> CommitId | None:
        """The first commit of all: `repo.root_commit` of a permission."""
        return None if self.remembered is None else self.remembered.root


def follow(
    store: Store,
    tip: CommitId,
    faith: Faith,
    *,
    now: datetime,
    remembered: Remembered | None = None,
    seen: Mapping[CommitId, datetime] | None = None,
) -> Chain:
    """Walk from the introduction, or from what is *remembered*, to *tip*.

    *now* is trusted time (`trusted_time`); *seen* are first sightings that the ledger has. Total
    for whatever the repository holds. Raises `OpensshError`, and `OSError` where the host has no
    room to ask ssh-keygen: no verdict then, and nothing is remembered.
    """
    known = remembered if remembered is not None and remembered.faith == faith.digest else None
    try:
        begun = begin(store, tip, faith, known)
        if isinstance(begun, NoLine):
            return _lost(tip, begun, known)
        line, state, memory = begun
        return _Walk(store, faith, now, seen or {}, line, tip, state, memory).run()
    except (MissingObjectError, DamagedObjectError) as error:
        return _lost(tip, NoLine(tip, str(error)), known)


def _lost(tip: CommitId, end: NoLine, known: Remembered | None) -> Chain:
    verdict = Broken(tip=tip, commit=end.commit, code=Code.MALFORMED, why=end.why)
    return Chain(verdict, NOBODY, known)


@dataclass
class _Walk:
    store: Store
    faith: Faith
    now: datetime
    seen: Mapping[CommitId, datetime]
    line: Line
    tip: CommitId
    state: State
    memory: Remembered
    brought: dict[str, Brought] = field(default_factory=dict)
    undone: dict[str, Brought] = field(default_factory=dict)
    used: set[BlobId] = field(default_factory=set)
    broken: Broken | None = None
    left: set[CommitId] | None = None
    """Commits new on this walk that nothing of the line has so far; None until a merge asks."""
    passed: list[CommitId] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.brought.update(self.memory.brought)
        self.undone.update(self.memory.undone)
        self.used.update(self.memory.used)
        self.reader = Reader(self.store, self.faith.governed)
        self.daemons = self.faith.trust.daemons
        self.ours = [number for number, link in enumerate(self.line.links) if link.ours]

    def run(self) -> Chain:
        at = self.line.start
        sighted = dict(self.memory.seen)
        for number, link in enumerate(self.line.links):
            self.broken = self._step(number, link, at)
            if self.broken is not None:
                sighted[link.commit] = text_of(self._first_seen(number, link))
                break
            sighted.pop(link.commit, None)
            at = link.commit
            self.passed.append(at)
        memory = self.memory.model_copy(
            update={
                "tip": at,
                "source": self.state.source,
                "brought": self.brought,
                "undone": self.undone,
                "used": frozenset(self.used),
                "seen": sighted,
            }
        )
        verdict = self.broken or Verified(tip=self.tip)
        return Chain(verdict, self.state, memory)

    def _step(self, number: int, link: Link, parent: CommitId) -> Broken | None:
        """Take one commit of the line in, or return why it may not be there."""
        old = areas_of(parent, self.reader, self.state)
        new = self.reader.areas(link.header.tree, self.state)
        sides = self._sides(link)
        self.used.update(sides.used)
        if link.ours:
            self.used.update(used_by(self._raw(link), self.daemons))
        if sides.unreadable is not None:
            why = f"it merges {sides.unreadable}, a malformed commit"
            return self._no(link, Code.MALFORMED, why)
        roles = roles_for(old, new, self.faith.governed) | sides.roles | self._unpaused(link, new)
        if not roles:
            return None
        entries = self.reader.waivers_between(old, new)
        at = self._first_seen(number, link)
        change = _Change(
            link, parent, new, roles, sides, entries, self._signer(link, roles, at), at
        )
        if isinstance(change.signer, Refused) and not self._lets_through(change):
            what = ", ".join(sorted(_GOVERNS.get(role, role) for role in roles))
            return self._no(link, change.signer.code, f"it changes {what}, and {change.signer.why}")
        self._bring(change)
        self.state = state_at(self.store, link.header.tree, self.state, self.faith.govern)
        return None

    def _sides(self, link: Link) -> Sides:
        if len(link.header.parents) == 1:
            return ALONE
        if self.left is None:
            self.left = fresh(self.store, self.line.start, self.tip)
        self.left.difference_update(self.passed)
        self.passed.clear()
        return sides_of(link.header, self.left, self.reader, self.state, self.daemons)

    def _unpaused(self, link: Link, new: Areas) -> frozenset[Role]:
        """Return what it takes that a merge leaves out the pause of a side."""
        if not self.faith.governed.unpause or new.paused:
            return frozenset()
        paused = any(old.paused for old in self._parents(link)[1:])
        return frozenset({POLICY}) if paused else frozenset()

    def _parents(self, link: Link) -> list[Areas]:
        parents = link.header.parents
        return [areas_of(parent, self.reader, self.state) for parent in parents]

    def _signer(self, link: Link, roles: frozenset[Role], at: datetime) -> Signer:
        """Return who answers for this commit: of every parent's state somebody with *roles*."""
        if not self.faith.asks:
            return Unasked()
        raw = self._raw(link)
        states = [self.state]
        for parent in link.header.parents[1:]:
            tree = tree_of(self.store, parent)
            states.append(state_at(self.store, tree, NOBODY, self.faith.govern))
        found = [self._holder(raw, state, roles, at) for state in states]
        return next((one for one in found if isinstance(one, Refused)), found[0])

    def _holder(
        self, raw: bytes, state: State, roles: frozenset[Role], at: datetime
    ) -> Authentic | Refused:
        signer = self.faith.verifier.signer(raw, state, at)
        missing = sorted(roles - signer.roles) if isinstance(signer, Authentic) else []
        if isinstance(signer, Authentic) and missing:
            why = f"{signer.principal} signed it and has not the role {missing[0]}"
            return Refused(code=Code.NO_ROLE, why=why)
        return signer

    def _lets_through(self, change: "_Change") -> bool:
        """Return whether what nobody answers for takes nothing away and permits nothing."""
        parents = self._parents(change.link)
        if change.roles == {BACKLOG} and len(parents) == 1:
            return isinstance(signing.verify(self._raw(change.link), self.daemons), signing.Good)
        if change.roles != {APPROVER} or not change.sides.only_add:
            return False
        between = (self.reader.waivers_between(old, change.new) for old in parents)
        return all(only_adds(entries, change.new) for entries in between)

    def _raw(self, link: Link) -> bytes:
        return read_object(self.store, link.commit, "commit")

    def _no(self, link: Link, code: Code, why: str) -> Broken:
        nobody = not self.state.approvers
        return Broken(tip=self.tip, commit=link.commit, code=code, why=why, ungoverned=nobody)

    def _bring(self, change: "_Change") -> None:
        others = self._others(change) if change.entries else ()
        for entry in change.entries:
            self._take_away(name_of(entry.path))
            if entry.new is None:
                continue
            introduced = Introduced(
                commit=change.link.commit,
                parents=len(change.link.header.parents),
                others=others,
                edited=entry.old is not None,
            )
            self.brought[name_of(entry.path)] = Brought(
                blob=entry.new.oid,
                mode=entry.new.mode,
                introduced=introduced,
                signer=change.signer,
                first_seen=text_of(change.at),
            )

    def _take_away(self, name: str) -> None:
        was = self.brought.pop(name, None)
        if was is not None and isinstance(read_brought(self.store, name, was), Revocation):
            self.undone[name] = was

    def _others(self, change: "_Change") -> tuple[str, ...]:
        was, now = tree_of(self.store, change.parent), change.link.header.tree
        paths = (name_of(entry.path) for entry in entries_between(self.store, was, now))
        return tuple(path for path in paths if not path.startswith(f"{FOLDER}/"))[:_SHOWN]

    def _first_seen(self, number: int, link: Link) -> datetime:
        """Return when a daemon of ours had this commit first: never what the commit says (A42).

        What a daemon landed on top of it was landed later, what is below it earlier.
        """
        known = [self.now]
        if link.commit in self.seen:
            known.append(self.seen[link.commit])
        if link.commit in self.memory.seen:
            known.append(instant(self.memory.seen[link.commit]))
        later = self._landed(self.ours[bisect_right(self.ours, number) :])
        earlier = self._landed(self.ours[: bisect_left(self.ours, number)][::-1])
        soonest = min([*known, later] if later is not None else known)
        # a clock that was ahead, and is right again, has landed later than now
        return soonest if earlier is None else max(soonest, min(earlier, self.now))

    def _landed(self, numbers: Sequence[int]) -> datetime | None:
        links = (self.line.links[number] for number in numbers)
        found = (landed_at(self.store, link, self.daemons) for link in links)
        at = next((at for at in found if at is not None), None)
        return None if at is None else datetime.fromtimestamp(at, UTC)


@dataclass(frozen=True)
class _Change:
    """A commit that changes what is governed."""

    link: Link
    parent: CommitId
    new: Areas
    roles: frozenset[Role]
    sides: Sides
    entries: tuple[Entry, ...]
    """Of `waivers/`, against the first parent."""
    signer: Signer
    at: datetime
    """When it was seen first."""


_SHOWN = 3
_GOVERNS = {POLICY: ".pawl/", APPROVER: f"{FOLDER}/", BACKLOG: "the backlog"}

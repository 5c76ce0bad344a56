"""One step = one commit = one compare-and-swap of the mission's ref.

Objects are durable before the ref moves; a kill in between leaves objects nobody refers to, and
the repeated step writes the same again. Steps with no effect between them may be sealed: commits of
their own, in one pack, and the ref moves once, over all of them (docs/decisions/0031).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from gitops import objects, refs, signing
from gitops.ledger import dossier, evidence, reading
from gitops.ledger.evidence import Keep
from gitops.objects import TREE_MODE, Batch
from gitops.repository import Store
from gitops.signing import DaemonKey
from policy.ids import CommitId, MissionId, StepId, TreeId
from policy.mission.record import Recorded

_NONE: Mapping[str, bytes] = MappingProxyType({})
End = Literal["moved", "saved", "sealed"]
"""How a step ends: the ref is moved to its commit; that is durable only, since the hub is asked for
it first; or it is neither yet, and becomes both together with the step that follows."""
Beside = Callable[[CommitId], None]
Mark = tuple[StepId, str]
"""Step and kind: an intent and its outcome may be of one step, the same fact twice may not."""


class DuplicateStepError(Exception):
    """The step is in the ledger already: its effect is to be adopted, not repeated."""

    def __init__(self, mission: MissionId, mark: Mark) -> None:
        super().__init__(
            f"cannot append {mark[1]} to {mission}: step {mark[0]} was recorded before; read the "
            "mission again and go on from what it says"
        )
        self.step = mark[0]


@dataclass
class _Known:
    """What is known of a mission at its tip, so that appending does not read it all again."""

    tip: CommitId | None = None
    tree: TreeId | None = None
    facts: int = 0
    marks: frozenset[Mark] = frozenset()
    sizes: Mapping[str, int] = field(default_factory=dict)
    """Of the evidence: path -> bytes as stored."""
    trees: dossier.Known = field(default_factory=dict)


def append(
    store: Store,
    key: DaemonKey,
    mission: MissionId,
    *,
    after: CommitId | None,
    records: Sequence[Recorded],
    evidence: Mapping[str, bytes],
    code: Sequence[CommitId],
    sentence: str,
    at: int,
    keep: Keep,
    pages: Mapping[str, bytes] = _NONE,
    batch: Batch | None = None,
    sealed: Sequence[CommitId] = (),
    end: End = "moved",
    beside: Beside | None = None,
) -> CommitId | None:
    """Append *records* as one signed commit; None, changing nothing, if *after* is not the tip.

    *evidence* is path in the dossier -> content, cut to what *keep* allows. *pages* are generated
    from facts and read again, so they are never cut. *code* are the parents beside the previous
    fact. *at* is in seconds since 1970, UTC. *batch* may hold other objects of the step: they are
    saved in the same pack, and *beside* adds what is made of this very commit. *sealed* are the
    steps after *after* that were sealed in *batch*: this one follows the last of them.

    Raises `DuplicateStepError`; `ValueError` for records that do not follow or a bad path;
    `BrokenDossierError`; `RefLockedError`.
    """
    batch = batch or Batch(store)
    was, after = after, sealed[-1] if sealed else after
    known = _known(store, mission, after)
    marks = _check(mission, records, known, after, code)
    grafts = {f"{dossier.FACTS}/{dossier.fact_name(r)}.json": r.to_json() for r in records}
    files, sizes = _fitted(evidence, pages, keep, known, store)
    trees = dict(known.trees)
    tree = dossier.graft(batch, known.tree, dossier.add_files(batch, files | grafts), trees)
    parents = dict.fromkeys((*(() if after is None else (after,)), *code))
    message = _message(mission, records, sentence)
    commit = batch.commit(signing.signed_commit(key, tree, tuple(parents), message, at))
    if beside is not None:
        beside(commit)
    if end != "sealed":
        batch.save()
    if end == "saved":
        return commit
    if end == "moved" and not _moved(store, mission, commit, was):
        return None
    facts = known.facts + len(records)
    live = _live(tree, trees)
    store.remembered[_key(mission)] = _Known(commit, tree, facts, marks, sizes, live)
    reading.extend(store, mission, records, after=after, tip=commit, tree=tree)
    return commit


def _moved(store: Store, mission: MissionId, commit: CommitId, was: CommitId | None) -> bool:
    ref = refs.mission_ref(mission)
    if was is None:
        return refs.create(store, ref, commit)
    return refs.move(store, ref, to=commit, was=was)


def forget(store: Store, mission: MissionId) -> None:
    """Drop what was remembered of a mission that is closed."""
    store.remembered.pop(_key(mission), None)


def _known(store: Store, mission: MissionId, after: CommitId | None) -> _Known:
    if after is None:
        return _Known()
    cached = store.remembered.get(_key(mission))
    if isinstance(cached, _Known) and cached.tip == after:
        return cached
    page = reading.read_at(store, mission, after, trusted=None)
    marks = frozenset((record.step, record.fact.kind) for record in page.records)
    sizes = {} if page.tree is None else dict(_sizes(store, page.tree))
    return _Known(after, page.tree, len(page.records), marks, sizes)


def _sizes(store: Store, tree: str, prefix: str = "") -> Iterator[tuple[str, int]]:
    """Yield path and bytes of each file under *tree* but the facts and the records of cuts."""
    for name, (mode, oid) in objects.read_tree(store, tree).items():
        path = prefix + name.decode("utf-8", "surrogateescape")
        if path == dossier.FACTS:
            continue
        if mode == TREE_MODE:
            yield from _sizes(store, oid, path + "/")
        elif not path.endswith(evidence.CUT):
            yield path, store.repo.odb.read_header(oid)[1]


def _check(
    mission: MissionId,
    records: Sequence[Recorded],
    known: _Known,
    after: CommitId | None,
    code: Sequence[CommitId],
) -> frozenset[Mark]:
    if not records or (after is None and code):
        raise ValueError(f"{mission}: a commit needs a fact, and the first one has no code parent")
    for seq, record in enumerate(records, known.facts + 1):
        if record.mission != mission or record.seq != seq:
            raise ValueError(
                f"{mission}: fact {record.seq} of {record.mission} is not its fact number {seq}"
            )
    marks: set[Mark] = set(known.marks)
    for record in records:
        mark = (record.step, record.fact.kind)
        if mark in marks:
            raise DuplicateStepError(mission, mark)
        marks.add(mark)
    return frozenset(marks)


def _fitted(
    pieces: Mapping[str, bytes],
    pages: Mapping[str, bytes],
    keep: Keep,
    known: _Known,
    store: Store,
) -> tuple[dict[str, bytes], dict[str, int]]:
    """Return the files beside the facts; pages are whole, and take none of evidence's room."""
    for path in (*pieces, *pages):
        if path.partition("/")[0] == dossier.FACTS:
            raise ValueError(f"{path!r} is where facts are; evidence lies beside them")
    sync = store.durability == "full"
    files, sizes = evidence.fit(pieces, keep, stored=known.sizes, sync=sync)
    return {**files, **pages}, sizes


def _message(mission: MissionId, records: Sequence[Recorded], sentence: str) -> str:
    # On one line, so that nothing in a title can be read as a trailer.
    subject = " ".join(sentence.replace("\0", " ").split()) or f"{mission}: {records[-1].fact.kind}"
    trailers = [f"Pawl-Fact: {dossier.fact_name(record)}" for record in records]
    trailers += [f"Pawl-Step: {step}" for step in dict.fromkeys(r.step for r in records)]
    trailers.append(f"Pawl-Schema: {records[-1].schema_version}")
    return subject + "\n\n" + "\n".join(trailers)


def _live(tree: TreeId, trees: dossier.Known) -> dossier.Known:
    """Return of the trees read or written those that are part of *tree*."""
    live: dossier.Known = {}
    waiting = [str(tree)]
    while waiting:
        oid = waiting.pop()
        if oid in trees and oid not in live:
            live[oid] = trees[oid]
            waiting += [entry[1] for entry in trees[oid].values() if entry[0] == TREE_MODE]
    return live


def _key(mission: MissionId) -> str:
    return f"appending {mission}"

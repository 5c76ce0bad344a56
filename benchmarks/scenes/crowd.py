"""A ledger of many missions and a backlog of many items, made without running them.

One real mission is run; the others are copies of its dossier under other names, added to
`pawl/ledger` by commits the daemon's own key signs, so that everything reads and verifies as usual.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

import pygit2

from benchmarks.scenes.house import House, item, plant
from daemon.builders.command import crew_of
from daemon.serve import once
from gitops import ledger, objects, refs, signing
from gitops.intake import Intake
from gitops.ledger import Keep, dossier
from gitops.objects import TREE_MODE, Batch
from gitops.repository import Store
from gitops.signing import DaemonKey
from policy.backlog.graph import Filed
from policy.ids import CommitId, ItemId, MissionId, TreeId
from policy.mission.attempts import AttemptStarted
from policy.mission.facts import MissionOpened
from policy.mission.record import Recorded, from_json
from policy.rules.load import shipped_policy

TEMPLATE = MissionId("H-0")
_AT = 1_700_000_000
_A_FOLDER = 100
"""Items a folder of the backlog."""
_A_COMMIT = 500
"""Closings a commit of a large ledger; real ones have one each, which costs no reader more."""

Dossier = Mapping[str, bytes]


def run_template(house: House) -> Dossier:
    """Run one no-op mission in *house*; return the files of its dossier by path."""
    house.commits(item(TEMPLATE))
    with house.serves("process") as it:
        once(it)
    store = house.store()
    root = _tree_of_ledger(store)
    found = dossier.find(store, root, dossier.shard(TEMPLATE))
    if found is None:
        raise RuntimeError(f"{TEMPLATE} did not end in {house.path}")
    return dict(_files(store, found[1]))


def closed(house: House, like: Dossier, count: int, *, facts: bool = True) -> None:
    """Add *count* closed missions C-1, C-2, ... to the ledger of *house*.

    Without *facts* their folders of facts are one and the same, and only summaries are their own.
    """
    store, key = house.store(), DaemonKey.load(house.outside.key)
    names = iter([MissionId(f"C-{number}") for number in range(1, count + 1)])
    each = 1 if count <= _A_COMMIT * 4 else _A_COMMIT
    while some := list(islice(names, each)):
        _close(store, key, some, like, facts=facts)
    store.git.run("pack-refs", "--all")


def _close(
    store: Store, key: DaemonKey, missions: list[MissionId], like: Dossier, *, facts: bool
) -> None:
    tip = refs.read(store, refs.LEDGER)
    if tip is None:
        raise RuntimeError("there is no ledger to add to")
    batch = Batch(store)
    shared = _shared(batch, {} if facts else like)
    grafts: dict[str, tuple[int, str]] = {}
    for mission in missions:
        own = {p: _renamed(raw, mission) for p, raw in like.items() if facts or "/" not in p}
        files = dossier.add_files(batch, own)
        tree = dossier.graft(batch, None, {**files, **shared}, {})
        grafts[dossier.shard(mission)] = (TREE_MODE, tree)
    root = dossier.graft(batch, _tree_of_ledger(store), grafts, {})
    words = f"{missions[-1]}: mission closed\n\nPawl-Schema: 1"
    commit = batch.commit(signing.signed_commit(key, root, (tip,), words, _AT))
    batch.save()
    if not refs.move(store, refs.LEDGER, to=commit, was=tip):
        raise RuntimeError("somebody else moved the ledger")


def _shared(batch: Batch, like: Dossier) -> dict[str, tuple[int, str]]:
    """Return the template's folders as entries to put into every dossier as they are."""
    below = {path: raw for path, raw in like.items() if "/" in path}
    if not below:
        return {}
    root = dossier.graft(batch, None, dossier.add_files(batch, below), {})
    return {name.decode(): entry for name, entry in batch.read_tree(root).items()}


def _renamed(raw: bytes, mission: MissionId) -> bytes:
    return raw.replace(TEMPLATE.encode(), mission.encode())


def _tree_of_ledger(store: Store) -> TreeId:
    return TreeId(str(store.repo.references[refs.LEDGER].peel(pygit2.Tree).id))


def _files(store: Store, tree: str, prefix: str = "") -> Iterator[tuple[str, bytes]]:
    for name, (mode, oid) in objects.read_tree(store, tree).items():
        path = prefix + name.decode()
        if mode == TREE_MODE:
            yield from _files(store, oid, path + "/")
        else:
            yield path, objects.read_blob(store, oid)


def items(names: Iterable[str], **keys: object) -> dict[str, str]:
    """Return the files of many items, a hundred to a folder."""
    found: dict[str, str] = {}
    for number, name in enumerate(names):
        for path, text in item(name, **keys).items():
            found[path.replace("backlog/", f"backlog/{number // _A_FOLDER:04d}/")] = text
    return found


def backlog(house: House, files: Mapping[str, str]) -> None:
    """Commit the items of *files* to `main` at once."""
    plant(house, files, "many wishes")


def opened(house: House, like: Dossier, count: int) -> None:
    """Leave *count* open missions O-1, O-2, ... as a kill amid their first attempt leaves them."""
    names = [ItemId(f"O-{number}") for number in range(1, count + 1)]
    backlog(house, items(names))
    store, key = house.store(), DaemonKey.load(house.outside.key)
    base = CommitId(house.git("rev-parse", "main"))
    filed = _filed(store, base)
    first = [_record(like, number) for number in (1, 2)]
    keep = Keep(65536, 524288, house.path.with_suffix(".spill"))
    for name in names:
        mission = MissionId(name)
        ledger.append(
            store,
            key,
            mission,
            after=None,
            records=[_reopened(one, mission, base, filed[name]) for one in first],
            evidence={},
            code=(),
            sentence=f"{mission}: opened, attempt started",
            at=_AT,
            keep=keep,
        )


def _filed(store: Store, base: CommitId) -> Mapping[ItemId, Filed]:
    policy = shipped_policy().policy
    return Intake().read(store, base, policy.backlog, crew=crew_of(policy)).items


def _record(like: Dossier, number: int) -> Recorded:
    path = next(path for path in like if path.startswith(f"facts/{number:04d}-"))
    return from_json(like[path])


def _reopened(record: Recorded, mission: MissionId, base: CommitId, filed: Filed) -> Recorded:
    fact = record.fact
    match fact:
        case MissionOpened():
            own: dict[str, object] = {
                "item_path": filed.path,
                "item_blob": filed.blob,
                "title": filed.item.title,
                "spec_hash": filed.spec,
                "base": base,
            }
        case AttemptStarted():
            argv = ("cp", "README", f"made-{mission}.txt")  # as `item` has it
            own = {"argv": argv, "base": base, "start": base}
        case _:
            raise TypeError(f"{record.fact.kind} is not how a mission begins")
    renamed = {"mission": mission, "fact": fact.model_copy(update=own)}
    return record.model_copy(update=renamed)

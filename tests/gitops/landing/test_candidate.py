"""Candidates: the mission's diff on the tip, and the flip, and nothing else."""

import pytest

from gitops.commits import tree_of, unsigned_commit
from gitops.landing.candidate import build, product_of
from gitops.objects import Batch
from gitops.repository import Store
from gitops.tree.diff import entries_between
from policy.change import change_of
from policy.mission.facts import Candidate, CandidateConflicted

AT = 1_700_000_000
ITEM = "backlog/H-1.yaml"
TODO, DONE = b"id: H-1\nstatus: todo\n", b"id: H-1\nstatus: done\n"
BASE = {ITEM: TODO, "a": b"1\n", "d/b": b"1\n"}


@pytest.fixture
def commit(store, plant):
    def commit(files, *parents):
        batch = Batch(store)
        raw = unsigned_commit(tree=plant(files), parents=parents, message="x\n", at=AT)
        made = batch.commit(raw)
        batch.save()
        return made

    return commit


@pytest.fixture
def propose(store, plant, commit):
    """Build a candidate from files; return it with its batch and the tip."""

    def propose(work, *, tip=None, item=DONE, base=BASE):
        start = commit(base)
        onto = commit(tip, start) if tip is not None else start
        batch = Batch(store)
        built = build(
            store,
            batch,
            mission="H-1",
            n=2,
            base=start,
            work=plant(work),
            tip=onto,
            item_path=ITEM,
            item=item,
            at=AT,
        )
        batch.save()
        return built, batch, onto

    return propose


def test_a_candidate_is_the_missions_diff_on_the_tip_and_the_flip(propose, listed):
    built, batch, tip = propose({**BASE, "a": b"2\n"}, tip={**BASE, "d/b": b"2\n"})
    assert listed(batch, built.tree) == {
        b"backlog/H-1.yaml": (0o100644, DONE),
        b"a": (0o100644, b"2\n"),
        b"d/b": (0o100644, b"2\n"),
    }
    assert built.base == tip


def test_its_commit_is_unsigned_dated_and_has_the_tip_as_its_parent(propose, repository, store):
    built, _, tip = propose({**BASE, "a": b"2\n"})
    raw = repository.git("cat-file", "commit", built.commit)
    assert raw.splitlines()[:3] == [
        f"tree {built.tree}",
        f"parent {tip}",
        f"author pawl <pawl@localhost> {AT} +0000",
    ]
    assert "gpgsig" not in raw
    assert tree_of(store, built.commit) == built.tree
    repository.fsck()


def test_the_same_candidate_is_the_same_commit(propose):
    first, _, _ = propose({**BASE, "a": b"2\n"})
    second, _, _ = propose({**BASE, "a": b"2\n"})
    assert first == second


def test_the_change_is_without_the_flip_and_survives_a_moved_tip(propose, store, plant):
    work = {**BASE, "a": b"2\n"}
    alone, _, _ = propose(work)
    moved, _, _ = propose(work, tip={**BASE, "d/b": b"2\n"})
    assert alone.change == moved.change
    assert alone.change == change_of(entries_between(store, plant(BASE), plant(work)))
    assert alone.product != moved.product


def test_an_item_that_a_person_edited_meanwhile_is_flipped_as_it_is_at_the_tip(propose, listed):
    note = TODO + b"owner: ada\n"
    flipped = note.replace(b"todo", b"done")
    built, batch, _ = propose({**BASE, "a": b"2\n"}, tip={**BASE, ITEM: note}, item=flipped)
    assert listed(batch, built.tree)[ITEM.encode()] == (0o100644, flipped)


def test_a_file_keeps_its_rights_when_it_is_flipped(propose, listed):
    base = {**BASE, ITEM: (0o100755, TODO)}
    built, batch, _ = propose({**base, "a": b"2\n"}, base=base)
    assert listed(batch, built.tree)[ITEM.encode()] == (0o100755, DONE)


@pytest.mark.parametrize(
    "own",
    [b"id: H-1\nstatus: done\ntests: []\n", DONE, (0o120000, b"../a"), None],
    ids=["rewritten", "flipped by itself", "made a link", "deleted"],
)
def test_what_a_mission_did_to_its_own_item_is_in_the_change_and_not_in_the_tree(
    propose, listed, own
):
    work = {**BASE, "a": b"2\n", ITEM: own}
    if own is None:
        del work[ITEM]
    built, batch, tip = propose(work)
    honest, _, _ = propose({**BASE, "a": b"2\n"})
    assert isinstance(built, Candidate)
    assert listed(batch, built.tree)[ITEM.encode()] == (0o100644, DONE)
    assert built.tree == honest.tree
    assert built.change != honest.change, "gate `protected` and approvals see that it was touched"
    paths = [entry.path for entry in entries_between(batch, tree_of(batch._store, tip), built.tree)]
    assert paths == ["a", ITEM]


@pytest.mark.parametrize(
    "work",
    [{"a": b"2\n", "backlog": b"a file"}, {"a": b"2\n", f"{ITEM}/in": b"a folder"}],
    ids=["a file in place of the backlog", "a folder in place of the item"],
)
def test_a_mission_in_the_way_of_the_flip_is_a_conflict(propose, work):
    built, _, tip = propose(work)
    assert built == CandidateConflicted(n=2, base=tip, paths=(ITEM,))


def test_an_item_gone_from_the_tip_is_a_conflict(propose):
    tip = {name: content for name, content in BASE.items() if name != ITEM}
    built, _, onto = propose({**BASE, "a": b"2\n"}, tip=tip)
    assert built == CandidateConflicted(n=2, base=onto, paths=(ITEM,))


def test_an_item_that_is_flipped_already_is_a_conflict(propose):
    built, _, _ = propose({**BASE, "a": b"2\n"}, tip={**BASE, ITEM: DONE})
    assert built.paths == (ITEM,)


def test_a_conflict_names_the_paths_and_the_tip(propose):
    built, _, tip = propose({**BASE, "a": b"2\n"}, tip={**BASE, "a": b"3\n"})
    assert built == CandidateConflicted(n=2, base=tip, paths=("a",))


def test_an_empty_diff_is_a_candidate_for_the_gates_to_bar(propose):
    built, _, _ = propose(BASE)
    assert isinstance(built, Candidate)


# the product


def test_a_product_is_the_tree_without_permissions_and_pause(store, plant):
    inside = {".pawl/policy.yaml": b"p", "a": b"1", "d/waivers/kept": b"1"}
    more = {".pawl/PAUSE": b"", "waivers/one.yaml": b"w", "waivers/x/two.yaml": b"w"}
    assert product_of(store, plant({**inside, **more})) == plant(inside)


def test_a_tree_without_any_is_its_own_product(store, plant):
    tree = plant({".pawl/policy.yaml": b"p", "waivers": b"a file", "PAUSE": b"1"})
    assert product_of(store, tree) == tree


def test_a_folder_that_held_nothing_else_is_gone_from_the_product(store, plant):
    assert product_of(store, plant({"a": b"1", ".pawl/PAUSE": b""})) == plant({"a": b"1"})


def test_a_product_asked_of_a_store_can_be_read_at_once_and_is_written_once(
    store, plant, repository
):
    tree = plant({"a": b"only here", "waivers/w": b"w"})
    product = product_of(store, tree)
    assert repository.git("cat-file", "-t", product) == "tree"
    packs = sorted(store.pack_directory.iterdir())
    assert product_of(Store.open(store.gitdir, durability="process"), tree) == product
    assert sorted(store.pack_directory.iterdir()) == packs

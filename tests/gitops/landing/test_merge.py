"""Transplants: never another clean tree than libgit2's merge without renames, and symmetric."""

import random

import pygit2
import pytest
from pygit2.enums import MergeFlag

from gitops.landing.merge import Conflicted, Merged, transplant
from gitops.objects import Batch

LINES = b"".join(b"line %d\n" % number for number in range(20))


def edited(number, to=b"edited"):
    return LINES.replace(b"line %d\n" % number, to + b"\n")


@pytest.fixture
def carry(store, plant, listed):
    """Merge three trees given as files; return files or conflicts, the same both ways round."""

    def carry(base, ours, theirs):
        sides = [plant(files) for files in (base, ours, theirs)]
        batch = Batch(store)
        answer = transplant(batch, *sides)
        assert answer == transplant(batch, sides[0], sides[2], sides[1]), "it is symmetric"
        match answer:
            case Merged(tree=tree):
                return listed(batch, tree)
            case Conflicted(paths=paths):
                return paths

    return carry


def files(**named):
    return {name.encode(): (0o100644, content) for name, content in named.items()}


def test_what_only_one_side_changed_is_taken(carry):
    base = {"a": b"1", "d/b": b"1", "d/c": b"1"}
    ours = {"a": b"2", "d/b": b"1", "d/c": b"1", "new/ours": b"o"}
    theirs = {"a": b"1", "d/c": b"2", "new/theirs": b"t"}
    assert carry(base, ours, theirs) == {
        b"a": (0o100644, b"2"),
        b"d/c": (0o100644, b"2"),
        b"new/ours": (0o100644, b"o"),
        b"new/theirs": (0o100644, b"t"),
    }


def test_changes_far_apart_in_one_file_are_merged(carry):
    merged = carry({"a": LINES}, {"a": edited(2)}, {"a": edited(17)})
    assert merged == files(a=edited(2).replace(b"line 17\n", b"edited\n"))


def test_a_right_to_run_and_an_edit_are_merged(carry):
    merged = carry({"a": LINES}, {"a": (0o100755, LINES)}, {"a": edited(3)})
    assert merged == {b"a": (0o100755, edited(3))}


def test_the_same_change_by_both_is_no_conflict(carry):
    assert carry({"a": b"1"}, {"a": b"2", "n": b"n"}, {"a": b"2", "n": b"n"}) == files(
        a=b"2", n=b"n"
    )


def test_nothing_is_left_where_the_one_side_deleted_all(carry):
    assert carry({"a": b"1"}, {"a": b"1"}, {}) == {}


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "paths"),
    [
        ({"a": LINES}, {"a": edited(3, b"x")}, {"a": edited(3, b"y")}, ("a",)),
        ({"a": b"1"}, {"a": b"2"}, {}, ("a",)),
        ({"k": b"k"}, {"k": b"k", "a": b"1"}, {"k": b"k", "a": b"2"}, ("a",)),
        ({"d/a": b"1"}, {"d/a": b"1", "d/b": b"1"}, {"d": b"file"}, ("d",)),
        ({"l": (0o120000, b"1")}, {"l": (0o120000, b"2")}, {"l": (0o120000, b"3")}, ("l",)),
        ({"a": b"1"}, {"a": (0o120000, b"1")}, {"a": b"2"}, ("a",)),
        (
            {"s": (0o160000, "1" * 40)},
            {"s": (0o160000, "2" * 40)},
            {"s": (0o160000, "3" * 40)},
            ("s",),
        ),
        ({"b": b"\0" * 99}, {"b": b"\0" * 98}, {"b": b"\0" * 97}, ("b",)),
        ({b"\xff": b"1"}, {b"\xff": b"2"}, {b"\xff": b"3"}, ("\\xff",)),
    ],
    ids=[
        "the same line",
        "changed and deleted",
        "added twice, differently",
        "a folder with a new file and a file in its place",
        "a link",
        "a link and an edit",
        "a submodule",
        "a binary file",
        "a name that is not UTF-8",
    ],
)
def test_a_contradiction_is_a_conflict(carry, base, ours, theirs, paths):
    assert carry(base, ours, theirs) == paths


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [({"k": b"k"}, {"k": b"k"}), ({"k": b"k", "x": b"1"}, {"k": b"k", "y": b"1"})],
    ids=["deleted", "renamed to two names"],
)
def test_what_both_sides_deleted_is_a_conflict(carry, ours, theirs):
    assert carry({"k": b"k", "a": b"1"}, ours, theirs) == ("a",)


def test_a_folder_both_sides_removed_conflicts_file_by_file(carry):
    base = {"k": b"k", "d/a": b"1", "d/e/b": b"1"}
    assert carry(base, {"k": b"k"}, {"k": b"k", "new": b"1"}) == ("d/a", "d/e/b")


def test_every_conflict_is_named(carry):
    base = {"a": b"1", "b": b"1", "d/c": b"1"}
    ours = dict.fromkeys(base, b"2")
    theirs = dict.fromkeys(base, b"3")
    assert carry(base, ours, theirs) == ("a", "b", "d/c")


def test_a_merged_file_is_saved_with_the_batch_and_nowhere_else(store, plant, repository):
    sides = [plant({"a": content}) for content in (LINES, edited(2), edited(17))]
    loose = sorted((store.gitdir / "objects").rglob("??/*"))
    batch = Batch(store)
    merged = transplant(batch, *sides)
    assert sorted((store.gitdir / "objects").rglob("??/*")) == loose
    batch.save()
    assert repository.git("cat-file", "-t", f"{merged.tree}:a") == "blob"
    repository.fsck()


def test_the_repositorys_own_merge_attributes_do_not_decide(store, plant):
    (store.gitdir / "info").mkdir(exist_ok=True)
    (store.gitdir / "info" / "attributes").write_text("* merge=union\n")
    sides = [plant({"a": content}) for content in (LINES, edited(2, b"x"), edited(2, b"y"))]
    assert transplant(Batch(store), *sides) == Conflicted(("a",))


def test_objects_that_are_not_saved_yet_are_merged(store):
    batch = Batch(store)
    sides = [
        batch.tree({b"a": (0o100644, batch.blob(content))})
        for content in (LINES, edited(2), edited(17))
    ]
    assert isinstance(transplant(batch, *sides), Merged)


# against libgit2


def some_files(chance):
    folders = [f"d{number}" for number in range(3)]
    return {
        f"{folder}/f{number}": (0o100644, LINES if chance.random() < 0.7 else b"%d\n" % number)
        for folder in folders
        for number in range(3)
    }


KINDS = ["edit", "edit", "edit", "remove", "move", "add", "mode", "folder", "link"]


def mutated(chance, tree):
    changed = dict(tree)
    for _ in range(chance.choice([1, 1, 2, 3])):
        path = chance.choice(sorted(changed))
        mode, content = changed[path]
        match chance.choice(
            ["edit", "edit", "edit", "remove", "move", "add", "mode", "folder", "link"]
        ):
            case "edit":
                at = b"line %d\n" % chance.randrange(20)
                changed[path] = (mode, content.replace(at, b"e%d\n" % chance.randrange(3)))
            case "remove":
                del changed[path]
            case "move":
                changed[f"m/{path.replace('/', '-')}"] = changed.pop(path)
            case "add":
                changed[f"d{chance.randrange(4)}/n"] = (0o100644, b"%d\n" % chance.randrange(3))
            case "mode":
                changed[path] = (0o100755, content)
            case "link":
                changed[path] = (0o120000, b"d0")
            case "folder":
                del changed[path]
                changed[f"{path}/in"] = (0o100644, b"in\n")
        if not changed:
            return tree
    return changed


def by_libgit2(store, sides):
    base, ours, theirs = (store.repo[side].peel(pygit2.Tree) for side in sides)
    index = store.repo.merge_trees(base, ours, theirs, flags=MergeFlag(0))
    return None if index.conflicts is not None else str(index.write_tree(store.repo))


QUICK = list(range(10))
LONG = [pytest.param(seed, marks=pytest.mark.faults) for seed in range(1000, 1040)]


@pytest.mark.parametrize("seed", QUICK + LONG)
def test_two_clean_answers_are_one_tree(store, plant, seed):
    chance = random.Random(seed)
    clean = 0
    for _ in range(30):
        base = some_files(chance)
        sides = [plant(each) for each in (base, mutated(chance, base), mutated(chance, base))]
        answer = transplant(Batch(store), *sides)
        match answer:
            case Merged(tree=tree):
                clean += 1
                assert tree == by_libgit2(store, sides), sides
            case Conflicted(paths=paths):
                gone = set(paths) & (set(base) - _paths(store, sides[1]) - _paths(store, sides[2]))
                assert gone or by_libgit2(store, sides) is None or _folders(store, sides, paths)
    assert clean, "the trees of this test must not always conflict"


def _paths(store, tree):
    """Return every path of *tree* that is no folder."""
    index = pygit2.Index()
    index.read_tree(store.repo[tree].peel(pygit2.Tree))
    return {entry.path for entry in index}


def _folders(store, sides, paths):
    """Whether a folder is in the way on one side: more of a conflict to us than to libgit2."""
    there = set().union(*(_paths(store, side) for side in sides))
    return any(other.startswith(f"{path}/") for path in paths for other in there)

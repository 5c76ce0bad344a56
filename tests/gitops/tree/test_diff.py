"""Diffs of trees, against git's own."""

import random

import pytest

from gitops.objects import Batch
from gitops.tree.diff import entries_between, stat_of
from policy.change import EMPTY_STAT, NO_CHANGE, Stat, change_of


def by_git(repository, old, new):
    raw = repository.git("diff-tree", "-r", "--raw", "--no-renames", "--no-abbrev", old, new)
    found = set()
    for line in raw.splitlines():
        head, path = line.split("\t", 1)
        old_mode, new_mode, old_oid, new_oid, _ = head[1:].split()
        found.add((path, old_mode, old_oid, new_mode, new_oid))
    return found


def as_git(entries):
    none = ("000000", "0" * 40)
    rows = set()
    for entry in entries:
        old = (entry.old.mode, entry.old.oid) if entry.old else none
        new = (entry.new.mode, entry.new.oid) if entry.new else none
        rows.add((entry.path, *old, *new))
    return rows


def some_tree(chance):
    files = {}
    for _ in range(chance.randrange(12)):
        path = "/".join(chance.choice("abc") for _ in range(chance.randrange(1, 4)))
        if not any(
            k == path or k.startswith(f"{path}/") or path.startswith(f"{k}/") for k in files
        ):
            mode = chance.choice([0o100644, 0o100755, 0o120000])
            files[path] = (mode, chance.choice([b"1\n", b"2\n2\n", b"3\0"]))
    return files


@pytest.mark.parametrize("seed", range(25))
def test_entries_and_lines_are_those_of_git(store, plant, repository, seed):
    chance = random.Random(seed)
    old, new = plant(some_tree(chance)), plant(some_tree(chance))
    entries = entries_between(store, old, new)
    assert as_git(entries) == by_git(repository, old, new)
    assert [entry.path for entry in entries] == sorted(entry.path for entry in entries)
    numbers = repository.git("diff-tree", "-r", "--numstat", "--no-renames", old, new).splitlines()
    rows = [line.split("\t")[:2] for line in numbers]
    assert stat_of(store, entries) == Stat(
        files=len(rows),
        lines=sum(int(a) + int(d) for a, d in rows if a != "-"),
        binary_files=sum(a == "-" for a, _ in rows),
    )


def test_equal_trees_differ_in_nothing(store):
    missing = "9" * 40
    assert entries_between(store, missing, missing) == ()
    assert stat_of(store, ()) == EMPTY_STAT
    assert change_of(()) == NO_CHANGE


def test_a_path_that_is_not_utf8_leads_back_to_its_bytes(store, plant):
    old, new = plant({}), plant({b"d/\xff\n": b"1"})
    (entry,) = entries_between(store, old, new)
    assert entry.path.encode("utf-8", "surrogateescape") == b"d/\xff\n"
    assert change_of([entry]) != NO_CHANGE


def test_a_folder_turned_file_is_both_sides(store, plant):
    old, new = plant({"a/b": b"1", "a/c": b"1"}), plant({"a": b"1"})
    assert [(e.path, e.old is None, e.new is None) for e in entries_between(store, old, new)] == [
        ("a", True, False),
        ("a/b", False, True),
        ("a/c", False, True),
    ]


def test_a_changed_right_to_run_is_a_change_of_no_lines(store, plant):
    entries = entries_between(store, plant({"a": b"1\n"}), plant({"a": (0o100755, b"1\n")}))
    assert stat_of(store, entries) == Stat(files=1, lines=0, binary_files=0)


def test_a_submodule_is_a_file_without_lines(store, plant):
    entries = entries_between(store, plant({}), plant({"s": (0o160000, "1" * 40)}))
    assert stat_of(store, entries) == Stat(files=1, lines=0, binary_files=0)


def test_objects_that_are_not_saved_yet_are_read_from_their_batch(store):
    batch = Batch(store)
    old = batch.tree({})
    new = batch.tree({b"a": (0o100644, batch.blob(b"1\n2\n"))})
    entries = entries_between(batch, old, new)
    assert stat_of(batch, entries).lines == 2

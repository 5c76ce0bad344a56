"""Snapshots of layers and copies, case by case. What has to hold for any work is test_property."""

import os

import pytest

from tests.gitops.tree.conftest import tree_of


def test_an_untouched_layer_is_the_base(upper, base):
    assert tree_of(upper.taken(base)) == base


def test_what_was_changed_added_and_deleted_is_in_the_tree(upper, base, listed):
    upper.write("a.txt", b"other")
    upper.write("new/x", b"x", 0o755)
    upper.delete("dir/b.txt")
    upper.path("away").symlink_to("/etc/passwd")
    taken, batch = upper.taken(base)
    found = listed(batch, taken.tree)
    assert found[b"a.txt"] == (0o100644, b"other")
    assert found[b"new/x"] == (0o100755, b"x")
    assert found[b"away"] == (0o120000, b"/etc/passwd")
    assert b"dir/b.txt" not in found
    assert found[b"dir/deep/c.txt"] == (0o100644, b"c")


def test_a_touched_file_with_the_same_content_changes_nothing(upper, base):
    upper.write("a.txt", b"a")
    upper.write("dir/b.txt", b"b")
    assert tree_of(upper.taken(base)) == base


def test_only_the_owners_right_to_run_counts(upper, base, listed):
    upper.write("a.txt", b"a", 0o4744)
    upper.write("run", b"#!", 0o655)
    taken, batch = upper.taken(base)
    found = listed(batch, taken.tree)
    assert found[b"a.txt"][0] == 0o100755
    assert found[b"run"][0] == 0o100644


def test_an_opaque_folder_hides_what_was_below_it(upper, base, listed):
    upper.opaque("dir")
    upper.write("dir/only", b"1")
    taken, batch = upper.taken(base)
    assert [path for path in listed(batch, taken.tree) if path.startswith(b"dir/")] == [b"dir/only"]


def test_what_an_opaque_folder_hides_is_hidden_below_it_too(upper, base, listed):
    upper.opaque("dir")
    upper.write("dir/deep/only", b"1")
    taken, batch = upper.taken(base)
    found = [path for path in listed(batch, taken.tree) if path.startswith(b"dir/")]
    assert found == [b"dir/deep/only"]


def test_a_folder_left_empty_is_gone(upper, base, listed):
    upper.opaque("dir")
    upper.path("empty/er").mkdir(parents=True)
    taken, batch = upper.taken(base)
    assert not [path for path in listed(batch, taken.tree) if path.startswith((b"dir", b"empty"))]


def test_everything_deleted_is_the_empty_tree(upper, plant):
    base = plant({"a": b"a"})
    upper.delete("a")
    assert tree_of(upper.taken(base)) == "4b825dc642cb6eb9a060e54bf8d69288fbee4904"


def test_a_file_in_place_of_a_folder_and_the_other_way_round(upper, base, listed):
    upper.write("dir", b"now a file")
    upper.write("a.txt/inside", b"now a folder")
    taken, batch = upper.taken(base)
    found = listed(batch, taken.tree)
    assert found[b"dir"] == (0o100644, b"now a file")
    assert found[b"a.txt/inside"] == (0o100644, b"now a folder")
    assert b"dir/b.txt" not in found
    assert b"a.txt" not in found


def test_hard_links_are_two_files(upper, base, listed):
    upper.write("one", b"same")
    os.link(upper.path("one"), upper.path("two"))
    taken, batch = upper.taken(base)
    found = listed(batch, taken.tree)
    assert found[b"one"] == found[b"two"] == (0o100644, b"same")


@pytest.mark.parametrize(
    "name",
    [b"line\nbreak", b"\xff\xfe", b"back\\slash", "e\u0301".encode(), b"-n", b" ", b":(top)x"],
)
def test_a_name_is_kept_byte_for_byte(upper, base, listed, name):
    upper.write(b"d/" + name, b"1")
    upper.write(name, b"2")
    taken, batch = upper.taken(base)
    found = listed(batch, taken.tree)
    assert found[b"d/" + name] == (0o100644, b"1")
    assert found[name] == (0o100644, b"2")


def test_the_git_folder_of_the_work_tree_is_not_looked_at(upper, base):
    upper.write(".git/config", b"[core]\n\thooksPath = /tmp\n")
    os.mkfifo(upper.path(".git/pipe"))
    assert tree_of(upper.taken(base)) == base


def test_a_submodule_of_the_base_is_carried_over(upper, base):
    upper.path("sub").mkdir()
    assert tree_of(upper.taken(base)) == base


def test_a_submodule_that_was_removed_is_removed(upper, base, listed):
    upper.delete("sub")
    taken, batch = upper.taken(base)
    assert b"sub" not in listed(batch, taken.tree)


def test_a_copy_is_taken_whole(upper, plant, listed):
    base = plant({"a": b"a", "d/b": b"b", "sub": (0o160000, "1" * 40), ".gitignore": b"*.o\n"})
    upper.write("a", b"a")
    upper.write(".gitignore", b"*.o\n")
    upper.write("d/b", b"b")
    upper.path("sub").mkdir()
    upper.write("x.o")
    assert tree_of(upper.copied(base)) == base
    upper.path("a").unlink()
    upper.write("d/c", b"c")
    taken, batch = upper.copied(base)
    assert listed(batch, taken.tree).keys() == {b"d/b", b"d/c", b"sub", b".gitignore"}


def test_a_copy_of_more_files_than_may_change_is_no_change(upper, plant):
    files = {f"{number}": b"%d" % number for number in range(200)}
    base = plant(files)
    for name, content in files.items():
        upper.write(name, content)
    taken, batch = upper.copied(base)
    assert taken.tree == base
    assert batch._unsaved == {}, "what the base has is not stored again"

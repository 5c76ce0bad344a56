"""Base trees as their builders meet them: with a `.git` that git is content with."""

import os
from pathlib import Path

from gitops.tree.layers import Layers
from tests.gitops.tree.laid import FILES


def git_is_content(git, tree):
    """Status, diff, fsck and commit, as a builder would use them; return the commit's parents."""
    assert git("status", "--porcelain") == ""
    assert git("diff", "HEAD") == ""
    assert git("rev-parse", "HEAD^{tree}") == tree
    assert git("log", "--format=%an %s") == "pawl The tree this work starts from"
    assert git("symbolic-ref", "HEAD") == "refs/heads/main"
    git("fsck", "--strict", "--no-dangling")
    Path("new").write_text("new\n")
    Path("a").write_text("2\n")
    assert git("status", "--porcelain") == "M a\n?? new"
    git("add", "-A")
    git("commit", "-q", "-m", "work")
    assert git("status", "--porcelain") == ""
    return git("log", "--format=%an")


def test_git_works_inside_a_whole_tree(laid, overlaid, git_inside):
    files = {k: v for k, v in FILES.items() if k != ".gitattributes"}
    tree, layers = laid(files)
    inside, _ = overlaid.over(layers.ensure(tree))
    assert inside(lambda: git_is_content(git_inside, tree)) == "builder\npawl"


def test_git_works_inside_a_delta(laid, plant, overlaid, git_inside):
    base, layers = laid({"a": b"1\n", "gone": b"1", "d/x": b"1", "d/y": b"1", "f": b"file"})
    tree = plant({"a": b"1\n", "d/x": b"2", "f/now": b"a folder", "e/new": (0o100755, b"1")})
    layers.ensure(base)
    stack = layers.ensure(tree)
    assert len(stack) == 2
    inside, _ = overlaid.over(stack)
    assert inside(lambda: git_is_content(git_inside, tree)) == "builder\npawl"


def test_git_sees_an_edit_that_keeps_the_size(laid, overlaid, git_inside):
    tree, layers = laid({"a": b"1\n"})
    inside, _ = overlaid.over(layers.ensure(tree))

    def edit():
        Path("a").write_text("2\n")
        return git_inside("status", "--porcelain")

    assert inside(edit) == "M a"


def test_git_works_inside_a_copy(laid, overlaid, git_inside, tmp_path):
    tree, layers = laid({"a": b"1\n", "d/x": b"1"})
    (tmp_path / "copy").mkdir()
    layers.copy(tree, tmp_path / "copy")
    inside = overlaid.plain(tmp_path / "copy")
    assert inside(lambda: git_is_content(git_inside, tree)) == "builder\npawl"


def test_the_same_tree_has_the_same_commit(laid, store, nobody, tmp_path):
    tree, layers = laid({"a": b"1"})
    again = Layers(store, tmp_path / "other", owner=nobody)
    heads = [where.ensure(tree)[0] / ".git/refs/heads/main" for where in (layers, again)]
    assert heads[0].read_bytes() == heads[1].read_bytes()


def test_nothing_of_the_repository_is_in_a_work_trees_git(laid, store):
    tree, layers = laid({"a": b"1"})
    (top,) = layers.ensure(tree)
    for path in (top / ".git").rglob("*"):
        if path.is_file():
            assert os.fsencode(store.gitdir) not in path.read_bytes()
    assert not (top / ".git/hooks").exists()

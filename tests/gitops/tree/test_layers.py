"""Base trees: laid out by our own writer, stacked as layers, with a `.git` git is content with."""

import os
import random
import stat
from pathlib import Path

import pytest

from gitops.objects import Batch, MissingObjectError
from gitops.tree import layers as module
from gitops.tree.layers import Layers
from gitops.tree.laying import UnusableTreeError
from gitops.tree.materialise import materialise

FILES = {
    "a": b"1\n",
    "b/c/d": b"2\n",
    "b/run": (0o100755, b"#!/bin/sh\n"),
    "link": (0o120000, b"b/c"),
    "sub": (0o160000, "1" * 40),
    b"odd/\xff\nname": b"3\n",
    "empty": b"",
    "z": b"crlf\r\n",
    ".gitattributes": b"* text eol=lf filter=evil\n",
}


def seen(top):
    """Return path -> (type and rights, content) of everything but `.git`."""
    found = {}
    for where, folders, files in os.walk(os.fsencode(top)):
        if where == os.fsencode(top):
            folders[:] = [name for name in folders if name != b".git"]
        for name in folders + files:
            path = Path(os.fsdecode(where), os.fsdecode(name))
            mode = path.lstat().st_mode
            content = None
            if stat.S_ISLNK(mode):
                content = os.readlink(os.fsencode(path))  # noqa: PTH115  # bytes, not a path
            elif stat.S_ISREG(mode):
                content = path.read_bytes()
            found[os.fsencode(path.relative_to(top))] = (oct(mode), content)
    return found


def as_laid(files):
    """Return what `seen` should be."""
    wanted = {}
    for path, value in files.items():
        name = path if isinstance(path, bytes) else path.encode()
        mode, content = value if isinstance(value, tuple) else (0o100644, value)
        for at, byte in enumerate(name):
            if byte == ord("/"):
                wanted[name[:at]] = (oct(0o40755), None)
        wanted[name] = {
            0o100644: (oct(0o100644), content),
            0o100755: (oct(0o100755), content),
            0o120000: (oct(0o120777), content),
            0o160000: (oct(0o40755), None),
        }[mode]
    return wanted


@pytest.fixture
def umask():
    before = os.umask(0o077)
    yield
    os.umask(before)


@pytest.mark.usefixtures("umask")
def test_a_tree_is_written_byte_for_byte_whatever_the_umask(store, plant, nobody, tmp_path):
    (tmp_path / "out").mkdir()
    materialise(store, plant(FILES), tmp_path / "out", owner=nobody)
    assert seen(tmp_path / "out") == as_laid(FILES)
    if nobody:
        owners = {path.lstat().st_uid for path in (tmp_path / "out").rglob("*")}
        assert owners == {nobody.uid}


def test_nothing_is_written_over_or_through_what_is_there(store, plant, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "outside").mkdir()
    (tmp_path / "out" / "b").symlink_to(tmp_path / "outside")
    with pytest.raises(UnusableTreeError):
        materialise(store, plant(FILES), tmp_path / "out", owner=None)
    assert list((tmp_path / "outside").iterdir()) == []


@pytest.mark.parametrize("name", [b"..", b".git", b"a/b"])
def test_a_tree_with_a_name_git_never_wrote_is_refused(store, plant, tmp_path, name):
    blob = Batch(store).blob(b"x")
    plant({"x": b"x"})
    raw = b"100644 %s\0%s" % (name, bytes.fromhex(blob))
    tree = str(store.repo.odb.write(2, raw))
    (tmp_path / "out").mkdir()
    with pytest.raises(UnusableTreeError):
        materialise(store, tree, tmp_path / "out", owner=None)
    assert not (tmp_path / "b").exists()


@pytest.mark.parametrize(
    "files",
    [{"l": (0o120000, b"")}, {"l": (0o120000, b"a\0b")}, {"n" * 256: b""}, {"f": (0o140000, b"")}],
)
def test_a_tree_no_file_system_can_hold_is_refused_in_words(store, plant, tmp_path, files):
    (tmp_path / "out").mkdir()
    with pytest.raises(UnusableTreeError, match="cannot write the tree out"):
        materialise(store, plant(files), tmp_path / "out", owner=None)


def test_old_group_writable_files_are_plain_files(store, plant, tmp_path):
    (tmp_path / "out").mkdir()
    materialise(store, plant({"f": (0o100664, b"x")}), tmp_path / "out", owner=None)
    assert seen(tmp_path / "out") == as_laid({"f": b"x"})


def test_an_object_that_is_missing_leaves_no_layer(store, plant, tmp_path):
    layers = Layers(store, tmp_path / "layers", owner=None)
    with pytest.raises(MissingObjectError):
        layers.ensure("9" * 40)
    assert [path.name for path in (tmp_path / "layers").iterdir()] == [".lock"]


# git inside


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


# stacking


def without(files, path):
    return {k: v for k, v in files.items() if k != path and not k.startswith(f"{path}/")}


def random_trees(seed, count):
    """Yield trees, each a few changes away from the one before."""
    chance = random.Random(seed)
    names = ["a", "b", "c", "d"]
    files = {"a/a": b"1", "b": b"2", "c/d/a": b"3"}
    for _ in range(count):
        for _ in range(chance.randrange(1, 4)):
            path = "/".join(chance.choice(names) for _ in range(chance.randrange(1, 4)))
            if chance.random() < 0.4:
                files = {
                    k: v for k, v in files.items() if k != path and not k.startswith(f"{path}/")
                }
            else:
                above = {path[:at] for at in range(len(path)) if path[at] == "/"}
                files = without({k: v for k, v in files.items() if k not in above}, path)
                mode = chance.choice([0o100644, 0o100644, 0o100755, 0o120000, 0o160000])
                content = chance.choice([b"1", b"2", b"x" * 99])
                files[path] = (mode, "2" * 40 if mode == 0o160000 else content)
        files = files or {"a": b"1"}
        yield dict(files)


@pytest.mark.parametrize("seed", range(4))
def test_a_stack_of_layers_looks_as_the_tree_written_whole(laid, plant, overlaid, git_inside, seed):
    trees = list(random_trees(seed, 8))
    _, layers = laid(trees[0], deepest=4)
    depths = []
    for files in trees:
        tree = plant(files)
        stack = layers.ensure(tree)
        depths.append(len(stack))
        inside, _ = overlaid.over(stack)

        def look():
            return seen(Path.cwd()), git_inside("status", "--porcelain"), git_inside("write-tree")

        assert inside(look) == (as_laid(files), "", tree)
    assert max(depths) == 4, "past the depth that was asked for a tree is written whole"
    assert depths.count(1) >= 2


def test_a_tree_that_is_there_is_not_made_again(laid):
    tree, layers = laid({"a": b"1"})
    (first,) = layers.ensure(tree)
    before = first.stat().st_ino
    assert layers.ensure(tree) == (first,)
    assert first.stat().st_ino == before


def test_the_nearest_tree_is_lain_on_not_the_newest(laid, plant):
    files = {f"f{number}": b"%d" % number for number in range(20)}
    base, layers = laid(files)
    far = plant({"other": b"1"})
    near = plant({**files, "f0": b"changed"})
    layers.ensure(base)
    layers.ensure(far)
    assert layers.ensure(near)[1].parent.name == base


def test_a_tree_over_which_nothing_fits_is_written_whole(laid, plant):
    base, layers = laid({"a": b"0"}, deepest=1)
    layers.ensure(base)
    assert len(layers.ensure(plant({"a": b"1"}))) == 1


# cleaning up


def test_what_was_half_built_when_the_daemon_died_is_removed(laid, store, nobody, tmp_path):
    tree, layers = laid({"a": b"1"})
    layers.ensure(tree)
    half = tmp_path / "layers" / ".building-x" / "tree"
    half.mkdir(parents=True)
    (tmp_path / "layers" / ("7" * 40) / "tree").mkdir(parents=True)
    Layers(store, tmp_path / "layers", owner=nobody)
    assert {path.name for path in (tmp_path / "layers").iterdir()} == {".lock", tree}


def test_what_another_thread_is_building_is_left_alone(laid, store, nobody, tmp_path):
    _, layers = laid({"a": b"1"})
    with layers._building() as place:
        Layers(store, tmp_path / "layers", owner=nobody)
        assert place.exists()


def test_layers_of_another_boot_are_removed(laid, store, nobody, tmp_path):
    tree, layers = laid({"a": b"1"})
    (first,) = layers.ensure(tree)
    about = first.parent / "about.json"
    about.write_text(about.read_text().replace(layers._boot, "an earlier boot"))
    again = Layers(store, tmp_path / "layers", owner=nobody)
    assert not first.exists()
    assert again.ensure(tree) == (first,)


def test_two_threads_that_build_the_same_tree_get_the_same_layers(laid, store, nobody, tmp_path):
    tree, layers = laid({"a": b"1"})
    other = Layers(store, tmp_path / "layers", owner=nobody)
    build = layers._publish

    def late(place, wanted):
        other.ensure(tree)
        return build(place, wanted)

    layers._publish = late
    assert layers.ensure(tree) == other.ensure(tree)
    assert {path.name for path in (tmp_path / "layers").iterdir()} == {".lock", tree}


def test_only_the_trees_used_last_and_those_in_use_are_kept(laid, plant, tmp_path):
    base, layers = laid({"a": b"1", "b": b"1", "c": b"1"})
    trees = [base, plant({"a": b"2", "b": b"1", "c": b"1"}), plant({"x": b"1"}), plant({"y": b"9"})]
    for at, tree in enumerate(trees):
        layers.ensure(tree)
        os.utime(tmp_path / "layers" / tree / "about.json", (at, at))
    below = {path.parent.name for path in layers.ensure(trees[1])}
    os.utime(tmp_path / "layers" / trees[1] / "about.json", (1, 1))
    layers.retain(1, using={trees[1]})
    kept = {path.name for path in (tmp_path / "layers").iterdir()} - {".lock"}
    last = {path.parent.name for path in layers.ensure(trees[3])}
    assert kept == below | last
    assert layers.ensure(base)


def test_a_builders_tree_never_lies_on_one_that_was_only_judged(laid, plant):
    base, layers = laid({"a": b"1\n"})
    landed = plant({"a": b"1\n", "b": b"2\n"})
    refused = plant({"a": b"1\n", "b": b"2\n", "secret": b"of another builder\n"})
    layers.ensure(base)
    judged = layers.ensure(refused, "judge")
    assert len(judged) == 2
    built = layers.ensure(landed)
    assert judged[0] not in built
    assert built[1:] == layers.ensure(base)
    assert layers.ensure(refused, "judge") == judged
    assert layers.ensure(landed, "judge") == built
    assert layers.ensure(refused) != judged


def test_what_another_thread_finishes_during_a_sweep_is_no_trouble(
    laid, store, nobody, tmp_path, monkeypatch
):
    _, layers = laid({"a": b"1"})
    lock = module._lock
    building = layers._building()
    building.__enter__()

    def late(path, how):
        building.__exit__(None, None, None)
        return lock(path, how)

    monkeypatch.setattr(module, "_lock", late)
    Layers(store, tmp_path / "layers", owner=nobody)
    assert {path.name for path in (tmp_path / "layers").iterdir()} == {".lock"}

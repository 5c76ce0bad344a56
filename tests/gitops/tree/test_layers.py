"""Base trees in layers: stacked on the nearest, shared between threads, swept and kept."""

import os
import random
from pathlib import Path

import pytest

from gitops.objects import MissingObjectError
from gitops.tree import layers as module
from gitops.tree.layers import Layers
from tests.gitops.tree.laid import as_laid, seen


def test_an_object_that_is_missing_leaves_no_layer(store, plant, tmp_path):
    layers = Layers(store, tmp_path / "layers", owner=None)
    with pytest.raises(MissingObjectError):
        layers.ensure("9" * 40)
    assert [path.name for path in (tmp_path / "layers").iterdir()] == [".lock"]


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

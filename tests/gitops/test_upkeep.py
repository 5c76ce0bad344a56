"""Upkeep: refs and objects packed, history indexed, and nothing lost that anybody may want."""

import os
import subprocess
import threading
import time
from contextlib import suppress

import pytest

from gitops import refs
from gitops.git import GitError
from gitops.objects import Batch
from gitops.refs import RefLockedError
from gitops.repository import Store
from gitops.upkeep import upkeep
from policy.host import Upkeep

ALL = Upkeep(loose_refs=1, loose_objects=1)
DAYS = 24 * 3600


@pytest.fixture
def store(repository):
    return Store.open(repository.gitdir, durability="process")


@pytest.fixture
def loose(repository):
    """Return the file of a loose object of *content*, written *days* ago."""

    def write(content, days=0):
        oid = repository.git("hash-object", "-w", "--stdin", stdin=content)
        file = repository.gitdir / "objects" / oid[:2] / oid[2:]
        file.chmod(0o644)
        then = time.time() - days * DAYS
        os.utime(file, (then, then))
        return oid, file

    return write


@pytest.fixture
def seventeen(loose):
    """One loose object more where they are counted."""
    n = 0
    while not loose(f"x{n}")[0].startswith("17"):
        n += 1


def keeps(store, rules=ALL):
    return [*upkeep(store, rules, lambda: False)]


def test_refs_and_objects_are_packed_and_history_is_indexed(store, repository, a_commit, seventeen):
    commit = a_commit("one")
    for n in range(5):
        refs.create(store, refs.mission_ref(f"H-{n}"), commit)
    assert len(keeps(store)) == 4
    assert set(refs.list_missions(store).open) == {f"H-{n}" for n in range(5)}
    assert not any((repository.gitdir / "refs/pawl/missions").glob("*"))
    assert (repository.gitdir / "objects/info/commit-graphs/commit-graph-chain").exists()
    assert not (repository.gitdir / "objects" / commit[:2] / commit[2:]).exists()
    assert store.repo[commit].message == "one\n"
    repository.fsck()


def test_what_is_not_much_is_left_as_it_is(store, repository, a_commit):
    refs.create(store, refs.mission_ref("H-1"), a_commit("one"))
    assert keeps(store, Upkeep()) == ["brought the commit-graph up to date"]
    assert (repository.gitdir / refs.mission_ref("H-1")).exists()


def test_only_what_nothing_refers_to_for_the_grace_is_removed(
    store, a_commit, repository, loose, seventeen
):
    refs.create(store, refs.mission_ref("H-1"), a_commit("one"))
    young, old = loose("young", days=13), loose("old", days=15)
    batch = Batch(store)
    step = batch.blob(b"a step that nothing refers to yet")
    batch.save()
    for pack in store.pack_directory.glob("*"):
        os.utime(pack, (time.time() - 30 * DAYS,) * 2)
    keeps(store)
    assert young[1].exists()
    assert not old[1].exists()
    assert store.twin().repo[step].data == b"a step that nothing refers to yet"


def test_a_shorter_grace_is_no_grace():
    with pytest.raises(ValueError, match="greater than or equal to 14"):
        Upkeep(grace_days=13)


def test_one_that_is_stopped_does_nothing_more(store, a_commit, repository):
    refs.create(store, refs.mission_ref("H-1"), a_commit("one"))
    assert [*upkeep(store, ALL, lambda: True)] == []
    assert (repository.gitdir / refs.mission_ref("H-1")).exists()


@pytest.mark.parametrize("rounds", [25, pytest.param(1000, marks=pytest.mark.faults)])
def test_steps_and_a_persons_gc_beside_it_lose_nothing(store, repository, a_commit, rounds):
    """F27, F28: refs move and own objects wait for their ref while everybody tidies up."""
    stop, worker = threading.Event(), store.twin()

    def tidies(act):
        while not stop.is_set():
            act()

    def persons_gc():
        argv = ["git", "gc", "--quiet", "--prune=now"]
        subprocess.run(argv, cwd=repository.gitdir, check=False, capture_output=True)

    def own():
        with suppress(GitError):  # a lock of the other in its way
            keeps(worker)

    others = [threading.Thread(target=tidies, args=(act,)) for act in (own, persons_gc)]
    for other in others:
        other.start()
    tip, made = a_commit("begin"), {}
    try:
        refs.create(store, refs.work_ref("W"), tip)
        for n in range(rounds):
            batch = Batch(store)
            tree = batch.tree({b"f": (0o100644, batch.blob(f"{n}".encode()))})
            who = "a <a@x> 1700000000 +0000"
            raw = f"tree {tree}\nparent {tip}\nauthor {who}\ncommitter {who}\n\n{n}\n"
            new = batch.commit(raw.encode())
            batch.save()
            with suppress(RefLockedError):
                assert refs.move(store, refs.work_ref("W"), to=new, was=tip)
                tip = new
            with suppress(RefLockedError):
                assert refs.create(store, refs.mission_ref(f"H-{n}"), new)
                made[f"H-{n}"] = new
            assert refs.list_missions(store).open == made
    finally:
        stop.set()
        for other in others:
            other.join()
    assert len(made) > rounds // 4
    assert refs.read(store, refs.work_ref("W")) == tip
    repository.fsck()

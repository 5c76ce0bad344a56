import multiprocessing
import subprocess
import sys
import threading
from contextlib import suppress

import pytest

from gitops import refs
from gitops.refs import BrokenRefError, RefLockedError, UnwritableRefError
from gitops.repository import Store

REF = refs.mission_ref("H-1")


@pytest.fixture(params=["full", "process"])
def store(repository, request):
    return Store.open(repository.gitdir, durability=request.param)


def test_a_ref_is_created_once(store, a_commit, repository):
    one, two = a_commit("one"), a_commit("two")
    assert refs.read(store, REF) is None
    assert refs.create(store, REF, one)
    assert not refs.create(store, REF, two)
    assert not refs.create(store, REF, one)
    assert repository.refs() == {REF: one}


def test_a_packed_ref_is_not_created_again(store, a_commit, repository):
    one = a_commit("one")
    refs.create(store, REF, one)
    repository.git("pack-refs", "--all")
    assert not refs.create(store, REF, a_commit("two"))
    assert refs.list_missions(store).open == {"H-1": one}


def test_a_ref_moves_only_from_where_it_was(store, a_commit, repository):
    one, two, three = a_commit("one"), a_commit("two"), a_commit("three")
    refs.create(store, REF, one)
    assert refs.move(store, REF, to=two, was=one)
    assert not refs.move(store, REF, to=three, was=one)
    assert not refs.move(store, refs.mission_ref("none"), to=three, was=one)
    assert repository.refs() == {REF: two}


def test_a_ref_is_deleted_only_where_it_was(store, a_commit, repository):
    one, two = a_commit("one"), a_commit("two")
    refs.create(store, REF, one)
    repository.git("pack-refs", "--all")
    assert not refs.delete(store, REF, was=two)
    assert refs.delete(store, REF, was=one)
    assert not refs.delete(store, REF, was=one)
    assert repository.refs() == {}
    assert refs.create(store, REF, two)


def test_what_a_person_moved_in_between_is_a_lost_race(store, a_commit, repository, monkeypatch):
    one, two, three = a_commit("one"), a_commit("two"), a_commit("three")
    refs.create(store, REF, one)
    real = refs._lookup

    def slow(*arguments):
        found = real(*arguments)
        monkeypatch.setattr(refs, "_lookup", real)
        repository.git("update-ref", REF, two)
        return found

    for act in (
        lambda: refs.move(store, REF, to=three, was=one),
        lambda: refs.delete(store, REF, was=one),
    ):
        repository.git("update-ref", REF, one)
        monkeypatch.setattr(refs, "_lookup", slow)
        assert not act()
        assert repository.refs() == {REF: two}


@pytest.mark.parametrize("act", ["create", "move", "delete"])
def test_a_stuck_lock_is_told_with_its_path_and_what_to_do(store, a_commit, act, repository):
    one, two = a_commit("one"), a_commit("two")
    if act != "create":
        refs.create(store, REF, one)
    lock = repository.gitdir / f"{REF}.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    lock.touch()
    acts = {
        "create": lambda: refs.create(store, REF, two),
        "move": lambda: refs.move(store, REF, to=two, was=one),
        "delete": lambda: refs.delete(store, REF, was=one),
    }
    with pytest.raises(RefLockedError, match="remove it") as caught:
        acts[act]()
    assert caught.value.lock == lock
    lock.unlink()
    assert repository.refs() == ({} if act == "create" else {REF: one})


@pytest.mark.parametrize("content", [b"", b"junk", b"ref: refs/heads/main\n"])
def test_a_broken_ref_is_in_the_listing_as_broken_and_is_not_absent(
    store, a_commit, repository, content
):
    one = a_commit("one")
    refs.create(store, refs.branch_ref("main"), one)
    refs.create(store, REF, one)
    path = repository.gitdir / refs.mission_ref("H-2")
    path.write_bytes(content)
    found = refs.list_missions(store)
    assert found.open == {"H-1": one}
    assert list(found.broken) == ["H-2"]
    with pytest.raises(BrokenRefError, match="git update-ref"):
        refs.read(store, refs.mission_ref("H-2"))
    with pytest.raises(BrokenRefError):
        refs.create(store, refs.mission_ref("H-2"), one)
    assert path.read_bytes() == content


def test_a_broken_loose_ref_does_not_hide_behind_a_packed_one(store, a_commit, repository):
    refs.create(store, REF, a_commit("one"))
    repository.git("pack-refs", "--all")
    path = repository.gitdir / REF
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    assert list(refs.list_missions(store).broken) == ["H-1"]


def _race(gitdir, to, was, barrier, wins):
    store = Store.open(gitdir, durability="process")
    for number in range(40):
        barrier.wait(timeout=60)
        name = refs.mission_ref(f"R-{number}")
        try:
            won = refs.move(store, name, to=to, was=was) if was else refs.create(store, name, to)
        except RefLockedError:
            won = False
        wins.put((number, won))


@pytest.mark.parametrize("act", ["create", "move"])
def test_of_many_writers_exactly_one_wins(repository, act):
    store = Store.open(repository.gitdir, durability="process")
    commits = [repository.commit(str(number)) for number in range(4)]
    was = None
    if act == "move":
        was = repository.commit("before")
        for number in range(40):
            assert refs.create(store, refs.mission_ref(f"R-{number}"), was)
    context = multiprocessing.get_context("spawn")
    barrier, wins = context.Barrier(4), context.Queue()
    workers = [
        context.Process(target=_race, args=(repository.gitdir, commit, was, barrier, wins))
        for commit in commits
    ]
    for worker in workers:
        worker.start()
    answers = [wins.get(timeout=60) for _ in range(4 * 40)]
    for worker in workers:
        worker.join()
    wins.close()
    assert sorted(number for number, won in answers if won) == list(range(40))
    assert len(repository.refs()) == 40


def test_a_persons_branch_keeps_its_reflog(repository, a_commit):
    one, two = a_commit("one"), a_commit("two")
    repository.git("config", "core.logAllRefUpdates", "true")
    store = Store.open(repository.gitdir, durability="process")
    refs.create(store, refs.branch_ref("main"), one)
    refs.move(store, refs.branch_ref("main"), to=two, was=one)
    assert repository.git("rev-parse", "main@{1}") == one


def test_directories_of_a_new_ref_are_made_and_a_file_in_their_place_is_told(
    store, a_commit, repository
):
    (repository.gitdir / "refs" / "pawl").write_text("a" * 40 + "\n")
    with pytest.raises(OSError, match=r"pawl"):
        refs.create(store, REF, a_commit("one"))
    (repository.gitdir / "refs" / "pawl").unlink()
    assert refs.create(store, REF, a_commit("one"))


@pytest.mark.parametrize("act", ["create", "move", "delete"])
def test_a_ref_that_the_disk_does_not_let_move_is_told_with_what_to_do(
    store, a_commit, act, repository
):
    ref = f"refs/pawl/missions/{'H' * 252}"  # a name for a file, and none for its lock
    one, two = a_commit("one"), a_commit("two")
    if act != "create":
        (repository.gitdir / ref).parent.mkdir(parents=True)
        (repository.gitdir / ref).write_text(f"{one}\n")
    acts = {
        "create": lambda: refs.create(store, ref, two),
        "move": lambda: refs.move(store, ref, to=two, was=one),
        "delete": lambda: refs.delete(store, ref, was=one),
    }
    with pytest.raises(UnwritableRefError, match=f"cannot move {ref}: .* owner, mode"):
        acts[act]()
    assert refs.read(store, ref) == (None if act == "create" else one)


def test_a_listing_while_others_pack_misses_no_ref(store, a_commit, repository):
    commit, stop = a_commit("one"), threading.Event()

    def packs_refs():
        while not stop.is_set():
            subprocess.run(["git", "pack-refs", "--all"], cwd=repository.gitdir, check=False)

    other = threading.Thread(target=packs_refs)
    other.start()
    made = set()
    try:
        for n in range(60):
            with suppress(RefLockedError):
                assert refs.create(store, refs.mission_ref(f"H-{n}"), commit)
                made.add(f"H-{n}")
            assert set(refs.list_missions(store).open) == made
    finally:
        stop.set()
        other.join()
    assert len(made) > 10
    assert refs.list_missions(store).broken == {}


def test_a_folder_that_others_remove_meanwhile_is_made_again(store, a_commit, repository):
    """As `git pack-refs` does with each that is empty, between our making it and our using it."""
    commit = a_commit("one")
    folder = repository.gitdir / "refs" / "pawl" / "lost" / "H-1"
    again = "import os, time\nwhile not time.sleep(0.0002):\n try: os.rmdir({!r})"
    code = again.format(str(folder)) + "\n except OSError: pass"
    with subprocess.Popen([sys.executable, "-c", code]) as other:
        try:
            for n in range(200):
                ref = f"refs/pawl/lost/H-1/{n}"
                assert refs.create(store, ref, commit)
                assert refs.delete(store, ref, was=commit)
        finally:
            other.kill()


def test_a_ref_that_only_is_packed_is_listed_and_gone_when_it_is_deleted(
    store, a_commit, repository
):
    commit = a_commit("one")
    for name in ("H-1", "H-10", "H-2"):
        refs.create(store, refs.mission_ref(name), commit)
    assert refs.create(store, refs.work_ref("H-1"), commit)
    repository.git("pack-refs", "--all")
    assert set(refs.list_missions(store).open) == {"H-1", "H-10", "H-2"}
    refs.delete(store, refs.mission_ref("H-10"), was=commit)
    assert set(refs.list_missions(store).open) == {"H-1", "H-2"}

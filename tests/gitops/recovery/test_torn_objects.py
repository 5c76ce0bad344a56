"""Torn objects a start finds: moved away where nothing needs them, else doubted."""

import os
import subprocess
import zlib

import pytest

from gitops import recovery
from gitops.finding import Doubt, Healed
from gitops.repository import Store
from tests.gitops.recovery.conftest import MAIN

pytestmark = pytest.mark.usefixtures("main")


def loose(repository, oid):
    return repository.gitdir / "objects" / oid[:2] / oid[2:]


def tear(repository, oid, how):
    path = loose(repository, oid)
    content = path.read_bytes()
    path.chmod(0o644)
    path.write_bytes(how(content))
    return path


TORN = {
    "0 bytes": lambda _: b"",
    "cut": lambda content: content[:-4],
    "bit flip": lambda content: content[:-3] + bytes([content[-3] ^ 1]) + content[-2:],
    "another object": lambda _: zlib.compress(b"blob 5\0other"),
    "garbage": lambda _: b"garbage",
}


def recovers(repository, since=None):
    store = Store.open(repository.gitdir, durability="process")
    return recovery.after_open(store, patience_s=0, since=since)


@pytest.mark.parametrize("how", TORN.values(), ids=TORN)
def test_a_torn_object_that_nothing_needs_is_moved_away(repository, how):
    oid = repository.git("hash-object", "-w", "--stdin", stdin="a step that was interrupted")
    path = tear(repository, oid, how)

    (finding,) = recovers(repository)

    assert isinstance(finding, Healed)
    assert not path.exists()
    assert (repository.gitdir / "pawl-corrupt" / oid).exists()
    assert repository.git("hash-object", "-w", "--stdin", stdin="a step that was interrupted")
    assert repository.git("cat-file", "blob", oid) == "a step that was interrupted"
    repository.fsck()


def test_a_torn_object_that_is_in_a_pack_too_is_moved_away(repository, main):
    path = loose(repository, main)
    content = path.read_bytes()
    repository.git("repack", "-a", "-q")
    path.chmod(0o644)
    path.write_bytes(content[:10])

    (finding,) = recovers(repository)

    assert isinstance(finding, Healed)
    assert repository.git("rev-list", "--count", MAIN) == "1"
    repository.fsck()


@pytest.mark.parametrize("what", ["blob", "tree", "commit"])
@pytest.mark.parametrize("how", [TORN["0 bytes"], TORN["bit flip"]], ids=["0 bytes", "bit flip"])
def test_a_torn_object_that_a_ref_reaches_stays_and_is_doubted(repository, what, how):
    blob = repository.git("hash-object", "-w", "--stdin", stdin="precious")
    tree = repository.git("mktree", stdin=f"100644 blob {blob}\tfile\n")
    commit = repository.git("commit-tree", tree, "-m", "precious")
    child = repository.git("commit-tree", tree, "-p", commit, "-m", "on top")
    repository.git("update-ref", MAIN, child)
    path = tear(repository, {"blob": blob, "tree": tree, "commit": commit}[what], how)
    before = path.read_bytes()

    for _ in range(2):
        (finding,) = recovers(repository)
        assert isinstance(finding, Doubt)
        assert path.read_bytes() == before


def test_only_what_was_written_lately_is_read_if_a_time_is_given(repository):
    oid = repository.git("hash-object", "-w", "--stdin", stdin="x")
    path = tear(repository, oid, TORN["cut"])
    os.utime(path, (1000, 1000))

    assert recovers(repository, since=2000) == ()
    assert len(recovers(repository, since=1000)) == 1


def test_what_a_persons_gc_removes_meanwhile_is_not_looked_at(repository):
    # a link that leads nowhere is listed and then not found, as is what was removed in between
    (repository.gitdir / "objects" / "ab").symlink_to("nowhere")
    assert recovers(repository) == ()


def test_a_kill_amid_the_decision_is_decided_again(repository, main):
    path = loose(repository, main)
    away = repository.gitdir / "pawl-corrupt"
    away.mkdir()
    path.rename(away / f"{main}.pending")

    assert recovers(repository) == ()

    assert repository.git("rev-parse", "--verify", f"{MAIN}^{{commit}}") == main
    repository.fsck()


def test_what_a_dead_daemon_left_is_swept_and_a_living_ones_is_not(repository):
    with subprocess.Popen(["/bin/true"]) as dead:
        pass
    pack = repository.gitdir / "objects" / "pack"
    left = [
        pack / f"pawl-pack_{dead.pid}_abc",
        pack / f"pawl-idx_{dead.pid}_abc",
        repository.gitdir / f"pawl-index-lock.{dead.pid}",
        repository.gitdir / "pawl-index",
    ]
    living = pack / f"pawl-pack_{os.getpid()}_abc"
    for path in (*left, living):
        path.write_bytes(b"")

    assert recovers(repository) == ()

    assert [path for path in left if path.exists()] == []
    assert living.exists()

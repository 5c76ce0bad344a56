"""What a start finds: locks, emptied refs, torn objects; healed where proven, else reported."""

import os
import subprocess
import zlib

import pytest

from gitops import recovery
from gitops.finding import Doubt, Healed, NeedsPerson
from gitops.repository import RepositoryRefusedError, Store
from gitops.signing import signed_commit

pytestmark = pytest.mark.usefixtures("main")

MAIN = "refs/heads/main"
MISSION = "refs/pawl/missions/H-1"
LEDGER = "refs/heads/pawl/ledger"
NOW = 2_000_000_000.0
FOREIGN = recovery.LockRules(daemon_owned=False, grace_s=900)
OWN = recovery.LockRules(daemon_owned=True, grace_s=900)


@pytest.fixture
def main(repository):
    commit = repository.commit("the first")
    repository.git("update-ref", MAIN, commit)
    return commit


@pytest.fixture
def signs(repository, key, main):
    tree = repository.git("rev-parse", f"{main}^{{tree}}")

    def sign(*parents, message="a fact"):
        raw = signed_commit(key, tree, parents, message, 1).decode()
        return repository.git("hash-object", "-w", "-t", "commit", "--stdin", stdin=raw)

    return sign


@pytest.fixture
def looks(repository, key):
    def look(rules=FOREIGN, known=None, trusted=..., now=NOW, patience_s=10):
        return recovery.before_open(
            repository.gitdir,
            target=MAIN,
            known=known or {},
            trusted=key.public if trusted is ... else trusted,
            rules=rules,
            now=now,
            patience_s=patience_s,
        )

    return look


def lock(repository, name, content="", age=1_000_000):
    path = repository.gitdir / f"{name}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    os.utime(path, (NOW - age, NOW - age))
    return path


# --- locks


def test_a_sound_repository_has_no_findings(repository, looks):
    assert looks() == ()
    store = Store.open(repository.gitdir, durability="process")
    assert recovery.after_open(store, patience_s=0) == ()


@pytest.mark.parametrize("name", [MISSION, LEDGER, "refs/pawl/leases/host"])
def test_a_lock_of_a_ref_only_the_daemon_writes_goes_at_once(repository, looks, name):
    path = lock(repository, name, age=0)

    (finding,) = looks()

    assert isinstance(finding, Healed)
    assert not path.exists()


def test_a_young_lock_of_a_landing_is_known_by_the_daemons_signature(repository, signs, looks):
    path = lock(repository, MAIN, content=signs() + "\n", age=0)

    (finding,) = looks()

    assert isinstance(finding, Healed)
    assert not path.exists()


@pytest.mark.parametrize(
    "content", ["", "1" * 40 + "\n", "garbage"], ids=["empty", "unknown", "garbage"]
)
@pytest.mark.parametrize("name", [MAIN, "packed-refs", "refs/heads/feature"])
def test_a_young_foreign_lock_stays_and_is_reported(repository, looks, name, content):
    path = lock(repository, name, content=content, age=60)

    (finding,) = looks()

    assert isinstance(finding, NeedsPerson)
    assert "841 s" in finding.what
    assert path.exists()


def test_a_young_lock_with_a_commit_of_somebody_else_stays(repository, main, looks):
    path = lock(repository, MAIN, content=main + "\n", age=60)

    (finding,) = looks()

    assert isinstance(finding, NeedsPerson)
    assert path.exists()


@pytest.mark.parametrize("name", [MAIN, "packed-refs"])
def test_an_old_foreign_lock_of_a_ref_goes_when_nobody_works_there(repository, looks, name):
    path = lock(repository, name, age=901)

    (finding,) = looks()

    assert isinstance(finding, Healed)
    assert not path.exists()


@pytest.mark.parametrize("name", ["index", "HEAD", "config", "shallow"])
def test_a_persons_own_lock_is_never_removed(repository, looks, name):
    path = lock(repository, name)

    (finding,) = looks()

    assert isinstance(finding, NeedsPerson)
    assert path.exists()


def test_in_a_repository_of_the_daemons_own_every_stale_lock_goes(repository, looks):
    paths = [lock(repository, name, age=0) for name in ("index", "HEAD", MAIN, "packed-refs")]

    assert all(isinstance(finding, Healed) for finding in looks(rules=OWN))
    assert not any(path.exists() for path in paths)


@pytest.mark.parametrize("rules", [FOREIGN, OWN], ids=["foreign", "own"])
def test_a_lock_that_a_living_process_may_hold_stays(repository, looks, rules):
    path = lock(repository, MISSION)
    with subprocess.Popen(
        ["git", "cat-file", "--batch-check"],
        cwd=repository.gitdir,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        bufsize=0,
    ) as person:
        person.stdin.write(b"main\n")
        person.stdout.readline()  # now it surely runs
        (finding,) = looks(rules=rules, patience_s=0)
        person.stdin.close()

    assert isinstance(finding, NeedsPerson)
    assert str(person.pid) in finding.what
    assert path.exists()


def test_a_lock_held_open_from_outside_stays(repository, looks):
    path = lock(repository, MISSION)
    with (
        path.open() as held,
        subprocess.Popen(
            ["/bin/cat"], cwd="/", stdin=subprocess.PIPE, pass_fds=[held.fileno()]
        ) as person,
    ):
        (finding,) = looks(patience_s=0)
        person.stdin.close()

    assert isinstance(finding, NeedsPerson)


# --- emptied refs


def empty(repository, ref, content=b""):
    path = repository.gitdir / ref
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    with pytest.raises(RepositoryRefusedError):
        Store.open(repository.gitdir, durability="process")


@pytest.mark.parametrize("content", [b"", b"\0" * 41, b"12ab\n"], ids=["empty", "nul", "cut"])
def test_an_emptied_mission_gets_its_remembered_tip_back(repository, signs, looks, content):
    tip = signs()
    empty(repository, MISSION, content)

    (finding,) = looks(known={MISSION: tip})

    assert isinstance(finding, Healed)
    assert repository.git("rev-parse", MISSION) == tip
    assert Store.open(repository.gitdir, durability="process")


def test_the_log_of_a_ref_may_know_more_than_the_high_water_mark(repository, signs, looks):
    first = signs()
    second = signs(first)
    for commit in (first, second):
        repository.git("update-ref", "--create-reflog", LEDGER, commit)
    empty(repository, LEDGER)

    looks(known={LEDGER: first})

    assert repository.git("rev-parse", LEDGER) == second


def test_a_ref_never_goes_back_behind_what_is_remembered(repository, signs, looks):
    first = signs()
    second = signs(first)
    repository.git("update-ref", "--create-reflog", LEDGER, first)
    empty(repository, LEDGER)

    looks(known={LEDGER: second})

    assert repository.git("rev-parse", LEDGER) == second


def test_a_log_entry_that_does_not_verify_is_not_used(repository, main, signs, looks):
    first = signs()
    for commit in (first, main):
        repository.git("update-ref", "--create-reflog", LEDGER, commit)
    empty(repository, LEDGER)

    looks(known={LEDGER: first})

    assert repository.git("rev-parse", LEDGER) == first


def test_without_a_mark_only_the_newest_log_entry_counts(repository, main, signs, looks):
    first = signs()
    for commit in (first, main):
        repository.git("update-ref", "--create-reflog", LEDGER, commit)
    empty(repository, LEDGER)

    (finding,) = looks()

    assert isinstance(finding, Doubt)
    assert (repository.gitdir / LEDGER).read_bytes() == b""


@pytest.mark.parametrize("known", [{}, {MISSION: "1" * 40}], ids=["nothing", "a lost commit"])
def test_a_mission_of_which_nothing_verifies_is_doubted(repository, looks, known):
    empty(repository, MISSION)

    (finding,) = looks(known=known)

    assert isinstance(finding, Doubt)
    assert "git update-ref" in finding.what


def test_nothing_signed_is_believed_without_a_trusted_key(repository, signs, looks):
    tip = signs()
    empty(repository, MISSION)

    (finding,) = looks(known={MISSION: tip}, trusted=None)

    assert isinstance(finding, Doubt)


def test_a_work_branch_gets_a_persons_commit_back_from_its_log(repository, main, looks):
    ref = "refs/heads/pawl/work/H-1"
    repository.git("update-ref", "--create-reflog", ref, main)
    empty(repository, ref)

    (finding,) = looks()

    assert isinstance(finding, Healed)
    assert repository.git("rev-parse", ref) == main


def test_an_emptied_target_freezes_and_its_log_is_quoted(repository, looks):
    commit = repository.commit("the second")
    repository.git("update-ref", "--create-reflog", MAIN, commit)
    empty(repository, MAIN)

    (finding,) = looks(known={MAIN: commit})

    assert isinstance(finding, Doubt)
    assert commit in finding.what
    assert (repository.gitdir / MAIN).read_bytes() == b""


def test_an_emptied_branch_of_a_person_is_theirs_to_heal(repository, looks):
    empty(repository, "refs/heads/feature")

    (finding,) = looks()

    assert isinstance(finding, NeedsPerson)


# --- torn objects


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
        pack / f"tmp_pack_pawl_{dead.pid}_abc",
        pack / f"tmp_idx_pawl_{dead.pid}_abc",
        repository.gitdir / f"pawl-index-lock.{dead.pid}",
        repository.gitdir / "pawl-index",
    ]
    living = pack / f"tmp_pack_pawl_{os.getpid()}_abc"
    for path in (*left, living):
        path.write_bytes(b"")

    assert recovers(repository) == ()

    assert [path for path in left if path.exists()] == []
    assert living.exists()

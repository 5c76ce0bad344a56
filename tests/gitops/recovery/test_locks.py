"""Locks a start finds: removed where proven to be nobody's any more, else reported."""

import os
import subprocess

import pytest

from gitops import recovery
from gitops.finding import Healed, NeedsPerson
from gitops.repository import Store
from tests.gitops.recovery.conftest import FOREIGN, LEDGER, MAIN, MISSION, NOW, OWN

pytestmark = pytest.mark.usefixtures("main")


def lock(repository, name, content="", age=1_000_000):
    path = repository.gitdir / f"{name}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    os.utime(path, (NOW - age, NOW - age))
    return path


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

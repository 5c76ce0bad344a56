"""Refs a start finds emptied: given back what is signed and remembered, else doubted."""

import pytest

from gitops.finding import Doubt, Healed, NeedsPerson
from gitops.repository import RepositoryRefusedError, Store
from tests.gitops.recovery.conftest import LEDGER, MAIN, MISSION

pytestmark = pytest.mark.usefixtures("main")


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

"""Landing when not all is as it was decided on: missed, kept and reported, or frozen."""

from gitops.landing.land import Missed, Moved
from gitops.landing.landed import LandedCommit
from policy.mission.world import Frozen, Held
from tests.gitops.landing.conftest import MAIN, assert_landed, assert_untouched, seen, snapshot


def test_a_target_that_moved_before_is_missed_and_the_checkout_stays(house, landed):
    theirs = house.commits({"b.txt": "theirs\n"})
    before = seen(house)

    assert house.lands(landed) == Missed(theirs)
    assert_untouched(house, before)


def test_a_push_in_the_gap_is_missed_and_the_checkout_stays(house, landed):
    theirs = house.candidate({"b.txt": "theirs\n"})
    files = snapshot(house)

    def push(moment):
        if moment == "before-cas":
            house.git("update-ref", MAIN, theirs.commit)

    assert house.lands(landed, watch=push) == Missed(theirs.commit)
    house.git("update-ref", MAIN, landed.base)
    assert snapshot(house) == files


def test_nobody_can_commit_while_the_target_moves(house, landed):
    def commit(_):
        house.git("commit", "-q", "-a", "--allow-empty", "-m", "in the gap", code=128)

    assert_landed(house, landed, house.lands(landed, watch=commit))


def test_somebody_who_switched_to_the_target_while_it_moved_follows_too(house, landed):
    house.git("switch", "-q", "-c", "other")

    def switch(moment):
        if moment == "before-cas":
            house.git("switch", "-q", "main")

    assert_landed(house, landed, house.lands(landed, watch=switch))
    assert house.reads("a.txt") == "two\n"


def test_an_edit_in_the_gap_is_kept_and_reported(house, landed):
    def edit(moment):
        if moment == "after-cas":
            house.write({"a.txt": "my precious edit\n"})

    answer = house.lands(landed, watch=edit)

    assert isinstance(answer, Moved)
    (behind,) = answer.behind
    assert "a.txt" in behind.why
    assert house.reads("a.txt") == "my precious edit\n"
    house.git("commit", "-q", "-a", "-m", "cannot revert", code=128)


def test_a_deleted_target_freezes(house, landed):
    house.git("switch", "-q", "--detach")
    house.git("update-ref", "-d", MAIN)

    answer = house.lands(landed)

    assert isinstance(answer, Frozen)
    assert "git update-ref" in answer.why


def test_a_ref_lock_of_somebody_else_holds(house, landed):
    (house.gitdir / f"{MAIN}.lock").write_text("")

    answer = house.lands(landed)

    assert isinstance(answer, Held)
    assert answer.reason == "locked"
    assert house.leftovers() == []


def test_a_landed_commit_with_another_tree_freezes(house, landed):
    other = house.candidate({"a.txt": "else\n"})

    answer = house.lands(LandedCommit(other.commit, landed.base, landed.tree))

    assert isinstance(answer, Frozen)
    assert house.tip() == landed.base


def test_a_landed_commit_with_another_parent_freezes(house, landed):
    base = house.commits({"b.txt": "next\n"})

    answer = house.lands(LandedCommit(landed.commit, base, landed.tree))

    assert isinstance(answer, Frozen)
    assert house.tip() == base


def test_a_path_that_the_mission_did_not_change_freezes(house, landed):
    answer = house.lands(landed, paths={"a.txt", "new.txt", "dir/more.txt"})

    assert isinstance(answer, Frozen)
    assert "gone.txt" in answer.why


def test_a_landed_commit_that_is_not_there_freezes(house, landed):
    answer = house.lands(LandedCommit("1" * 40, landed.base, landed.tree), paths=set())

    assert isinstance(answer, Frozen)

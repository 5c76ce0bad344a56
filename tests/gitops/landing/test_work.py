"""The work branch follows the mission's checkpoints and leaves a person's commits alone."""

import pytest

from gitops.landing import work
from gitops.landing.move import Missed
from gitops.landing.work import Deleted, Elsewhere, Followed, OnTop, OurOwn
from policy.mission.world import Held

REF = "refs/heads/pawl/work/H-1"


@pytest.fixture
def points(house):
    """Two checkpoints, siblings on the same base, as two attempts leave them."""
    return [house.candidate({"a.txt": f"attempt {n}\n"}).commit for n in (1, 2)]


def test_it_is_made_at_the_first_checkpoint_and_moved_to_the_next(house, points):
    first, second = points

    assert work.follow(house.store, "H-1", first, own=[]) == Followed()
    assert work.follow(house.store, "H-1", second, own=[first]) == Followed()
    assert work.follow(house.store, "H-1", second, own=[first]) == Followed()

    assert house.tip(REF) == second
    assert work.person_tip(house.store, "H-1", points) == OurOwn()


def test_a_persons_commit_on_it_is_seen_and_never_left_behind(house, points):
    first, second = points
    work.follow(house.store, "H-1", first, own=[])
    theirs = house.candidate({"b.txt": "by hand\n"}, base=first)
    house.git("update-ref", REF, theirs.commit)

    assert work.person_tip(house.store, "H-1", [first]) == OnTop(theirs.commit, theirs.tree)
    assert work.follow(house.store, "H-1", second, own=[first]) == Missed(theirs.commit)
    assert work.delete(house.store, "H-1", own=points) == Missed(theirs.commit)
    assert house.tip(REF) == theirs.commit


def test_a_checkpoint_built_on_a_persons_commit_takes_the_branch_on(house, points):
    work.follow(house.store, "H-1", points[0], own=[])
    theirs = house.candidate({"b.txt": "by hand\n"}, base=points[0])
    house.git("update-ref", REF, theirs.commit)
    third = house.candidate({"a.txt": "attempt 3\n"}, base=theirs.commit).commit

    assert work.follow(house.store, "H-1", third, own=points) == Followed()
    assert house.tip(REF) == third


def test_a_branch_moved_elsewhere_is_told_from_one_built_upon(house, points):
    work.follow(house.store, "H-1", points[0], own=[])
    stranger = house.candidate({"b.txt": "unrelated\n"}).commit
    house.git("update-ref", REF, stranger)

    assert work.person_tip(house.store, "H-1", points) == Elsewhere(stranger)


def test_a_branch_that_a_person_deleted_comes_back_with_the_next_checkpoint(house, points):
    work.follow(house.store, "H-1", points[0], own=[])
    house.git("update-ref", "-d", REF)

    assert work.person_tip(house.store, "H-1", points) == OurOwn()
    assert work.follow(house.store, "H-1", points[1], own=points[:1]) == Followed()


def test_a_checkout_of_it_follows_or_holds_it(house, points, tmp_path):
    work.follow(house.store, "H-1", points[0], own=[])
    linked = tmp_path / "linked"
    house.git("worktree", "add", "-q", str(linked), "pawl/work/H-1")

    assert work.follow(house.store, "H-1", points[1], own=points[:1]) == Followed()
    assert house.reads("a.txt", at=linked) == "attempt 2\n"
    assert house.status(at=linked) == ""

    house.write({"a.txt": "mine\n"}, at=linked)
    third = house.candidate({"a.txt": "attempt 3\n"}).commit
    assert isinstance(work.follow(house.store, "H-1", third, own=points), Held)
    assert house.tip(REF) == points[1]
    assert house.reads("a.txt", at=linked) == "mine\n"


def test_it_is_deleted_unless_somebody_has_it_checked_out(house, points, tmp_path):
    work.follow(house.store, "H-1", points[0], own=[])
    house.git("worktree", "add", "-q", str(tmp_path / "linked"), "pawl/work/H-1")

    answer = work.delete(house.store, "H-1", own=points)

    assert isinstance(answer, Held)
    assert answer.reason == "checked_out"
    house.git("switch", "-q", "--detach", at=tmp_path / "linked")
    assert work.delete(house.store, "H-1", own=points) == Deleted()
    assert work.delete(house.store, "H-1", own=points) == Deleted()
    assert house.git("for-each-ref", "refs/heads/pawl") == ""

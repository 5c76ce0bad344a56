"""Landing where a checkout cannot follow: nothing happens at all, and it says why."""

import os

import pytest

from gitops.landing.checkout import observe
from gitops.landing.land import Moved
from policy.mission.world import Held
from tests.gitops.landing.conftest import MAIN, assert_untouched, seen, snapshot


def dirty(house):
    house.write({"b.txt": "edited\n"})


def staged(house):
    house.write({"b.txt": "edited\n"})
    house.git("add", "b.txt")


def staged_then_put_back(house):
    staged(house)
    house.write({"b.txt": "stays\n"})


def same_size_same_time(house):
    """An edit that stat data hides: racy, as git calls it."""
    index = (house.gitdir / "index").stat()
    house.write({"b.txt": "STAYS\n"})
    os.utime(house.root / "b.txt", ns=(index.st_mtime_ns, index.st_mtime_ns))


def intent_to_add(house):
    house.write({"plan.txt": "plan\n"})
    house.git("add", "-N", "plan.txt")


def deleted(house):
    (house.root / "b.txt").unlink()


def link_for_a_directory(house):
    outside = house.root.parent / "outside"
    outside.mkdir()
    (house.root / "dir" / "deep.txt").unlink()
    (house.root / "dir").rmdir()
    (house.root / "dir").symlink_to(outside)


def in_the_way(house):
    house.write({"new.txt": "mine\n"})


def ignored_in_the_way(house):
    house.write({".git/info/exclude": "new.txt\n", "new.txt": "my secret\n"})


def directory_in_the_way(house):
    house.write({"new.txt/mine.log": "mine\n"})


def link_in_the_way(house):
    (house.root / "new.txt").symlink_to("nowhere")


def foreign_lock(house):
    (house.gitdir / "index.lock").write_text("")


def merging(house):
    house.git("switch", "-q", "-c", "side")
    house.commits({"side.txt": "s\n"})
    house.git("switch", "-q", "main")
    house.git("merge", "-q", "--no-commit", "--no-ff", "side")


def cherry_picking(house):
    house.write({".git/CHERRY_PICK_HEAD": house.tip() + "\n"})


def bisecting(house):
    house.git("bisect", "start")


def rebasing(house):
    house.commits({"b.txt": "x\n"})
    house.git("-c", "sequence.editor=sed -i 1ibreak", "rebase", "-q", "-i", "HEAD~1")


def filtered(house):
    house.write({".git/info/attributes": "*.txt filter=anything\n"})


def assumed_unchanged(house):
    house.git("update-index", "--assume-unchanged", "a.txt")


def skipped(house):
    house.git("update-index", "--skip-worktree", "a.txt")
    house.write({"a.txt": "hidden\n"})


def sparse(house):
    house.git("config", "core.sparseCheckout", "true")


def torn_index(house):
    index = house.gitdir / "index"
    index.write_bytes(index.read_bytes()[:40])


def no_index(house):
    (house.gitdir / "index").unlink()


@pytest.mark.parametrize(
    ("situation", "reason", "says"),
    [
        (dirty, "dirty", "git stash"),
        (staged, "dirty", "staged"),
        (staged_then_put_back, "dirty", "b.txt"),
        (same_size_same_time, "dirty", "b.txt"),
        (intent_to_add, "dirty", "plan.txt"),
        (deleted, "dirty", "b.txt"),
        (link_for_a_directory, "dirty", "deep.txt"),
        (in_the_way, "in_the_way", "new.txt"),
        (ignored_in_the_way, "in_the_way", "new.txt"),
        (directory_in_the_way, "in_the_way", "new.txt/mine.log"),
        (link_in_the_way, "in_the_way", "new.txt"),
        (foreign_lock, "locked", "index.lock"),
        (merging, "operation", "git merge --continue"),
        (cherry_picking, "operation", "cherry-pick"),
        (bisecting, "operation", "git bisect reset"),
        (rebasing, "operation", "git rebase --continue"),
        (filtered, "filtered", "filter"),
        (assumed_unchanged, "hidden", "--no-assume-unchanged"),
        (skipped, "hidden", "--no-skip-worktree"),
        (sparse, "sparse", "sparse"),
        (torn_index, "unreadable", "git status"),
        (no_index, "dirty", "git checkout"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_what_cannot_follow_holds_the_landing_and_nothing_changes(house, situation, reason, says):
    situation(house)
    landed = house.candidate(
        {"a.txt": "two\n", "new.txt": "new\n", "dir/more.txt": "more\n", "gone.txt": None}
    )
    files = snapshot(house)

    answer = house.lands(landed)

    assert isinstance(answer, Held), answer
    assert answer.reason == reason
    assert says in answer.why
    assert house.git("rev-parse", MAIN) == landed.base
    assert snapshot(house) == files


@pytest.mark.parametrize(
    ("situation", "reason"),
    [(dirty, "dirty"), (foreign_lock, "locked"), (merging, "operation"), (sparse, "sparse")],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_observing_tells_beforehand_and_writes_nothing(house, situation, reason):
    situation(house)
    files = snapshot(house)

    answer = observe(house.store, MAIN)

    assert isinstance(answer, Held)
    assert answer.reason == reason
    assert snapshot(house) == files


def test_one_dirty_checkout_of_two_holds_and_unlocks_the_other(house, landed, tmp_path):
    house.git("worktree", "add", "-q", "-f", str(tmp_path / "linked"), "main")
    house.write({"b.txt": "dirty\n"}, at=tmp_path / "linked")
    before = seen(house)

    answer = house.lands(landed)

    assert isinstance(answer, Held)
    assert answer.reason == "dirty"
    assert_untouched(house, before)


def test_hidden_edits_of_other_files_are_kept(house, landed):
    house.git("update-index", "--assume-unchanged", "b.txt")
    house.write({"b.txt": "hidden\n"})

    assert house.lands(landed) == Moved(landed, ())
    assert house.reads("b.txt") == "hidden\n"
    assert house.git("ls-files", "-v", "b.txt") == "h b.txt"


def test_a_changed_submodule_holds(house):
    landed = house.candidate({"sub": house.tip()}, modes={"sub": "160000"})

    answer = house.lands(landed)

    assert isinstance(answer, Held)
    assert answer.reason == "submodule"


def test_new_attributes_hold(house):
    answer = house.lands(house.candidate({"dir/.gitattributes": "* text\n"}))

    assert isinstance(answer, Held)
    assert answer.reason == "filtered"


def test_a_linked_work_tree_that_is_gone_holds_until_it_is_pruned(house, landed, tmp_path):
    house.git("switch", "-q", "-c", "other")
    house.git("worktree", "add", "-q", str(tmp_path / "linked"), "main")
    (tmp_path / "linked").rename(tmp_path / "moved")

    answer = house.lands(landed)

    assert isinstance(answer, Held)
    assert answer.reason == "missing"
    house.git("worktree", "prune")
    assert house.lands(landed) == Moved(landed, ())


def test_a_link_planted_inside_the_checkout_leads_nothing_outside(house, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (house.root / "planted").symlink_to(outside)
    landed = house.candidate({"planted/hook": "evil\n"})

    answer = house.lands(landed)

    assert isinstance(answer, Held)
    assert answer.reason == "in_the_way"
    assert list(outside.iterdir()) == []


def test_a_link_planted_while_the_target_moves_leads_nothing_outside(house, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    landed = house.candidate({"dir/deep.txt": "changed\n", "planted/hook": "evil\n"})

    def plant(moment):
        if moment == "after-cas":
            (house.root / "planted").symlink_to(outside)
            (house.root / "dir" / "deep.txt").rename(outside / "deep.txt")
            (house.root / "dir").rmdir()
            (house.root / "dir").symlink_to(outside)

    answer = house.lands(landed, watch=plant)

    assert isinstance(answer, Moved)
    assert [path.name for path in outside.iterdir()] == ["deep.txt"]
    assert (outside / "deep.txt").read_text() == "deep\n"


def test_a_name_that_git_does_not_write_holds_the_landing_before_anything_moves(house):
    """git is asked where a name is not plain: it refuses what some file system takes for `.git`."""
    house.git("config", "core.protectNTFS", "false")
    landed = house.candidate({"git~1": "evil\n"})
    house.git("config", "--unset", "core.protectNTFS")
    before = seen(house)
    answer = house.lands(landed)
    assert isinstance(answer, Held)
    assert "git~1" in answer.why
    assert_untouched(house, before)

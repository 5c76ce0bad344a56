"""Landing where the target is checked out: each checkout of it follows, however it is made."""

import os

from gitops.landing.checkout import observe
from gitops.landing.land import Moved
from gitops.repository import Store
from policy.mission.world import Free
from tests.gitops.landing.conftest import MAIN, assert_landed


def test_a_clean_checkout_follows_the_landing(house, landed):
    assert observe(house.store, MAIN) == Free()

    assert_landed(house, landed, house.lands(landed))

    assert house.reads("a.txt") == "two\n"
    assert house.reads("dir/more.txt") == "more\n"
    assert not (house.root / "gone.txt").exists()


def test_a_full_durable_landing_is_the_same_landing(house, landed):
    store = Store.open(house.gitdir, durability="full")

    assert_landed(house, landed, house.lands(landed, store=store))


def test_landing_twice_is_landing_once(house, landed):
    house.lands(landed)

    assert_landed(house, landed, house.lands(landed))


def test_a_landing_that_a_person_built_on_is_found(house, landed):
    house.lands(landed)
    house.commits({"b.txt": "more by hand\n"})

    assert house.lands(landed) == Moved(landed, ())


def test_a_person_who_commits_all_after_a_landing_reverts_nothing(house, landed):
    house.lands(landed)
    house.write({"b.txt": "edited\n"})
    house.git("commit", "-q", "-a", "-m", "by hand")

    assert house.git("show", "HEAD:a.txt") == "two"
    assert house.git("diff", "--name-only", landed.commit, "HEAD") == "b.txt"


def test_a_file_touched_but_not_changed_is_clean(house, landed):
    os.utime(house.root / "a.txt", (1, 1))

    assert_landed(house, landed, house.lands(landed))


def test_untracked_and_ignored_files_elsewhere_are_left_alone(house, landed):
    house.write({"mine.txt": "mine\n", "dir/x.log": "log\n"})

    answer = house.lands(landed)

    assert answer == Moved(landed, ())
    assert house.status() == "?? mine.txt\n!! dir/x.log"


def test_a_file_becomes_a_directory_and_a_directory_a_file(house):
    landed = house.candidate(
        {"a.txt": None, "a.txt/in": "in\n", "dir/deep.txt": None, "dir": "f\n"}
    )

    assert_landed(house, landed, house.lands(landed))
    assert house.reads("a.txt/in") == "in\n"
    assert house.reads("dir") == "f\n"


def test_links_and_executables_arrive_as_such(house):
    landed = house.candidate(
        {"link": "a.txt", "run": "#!/bin/sh\n"}, modes={"link": "120000", "run": "100755"}
    )

    assert_landed(house, landed, house.lands(landed))
    assert (house.root / "link").readlink().name == "a.txt"
    assert os.access(house.root / "run", os.X_OK)


def test_names_that_are_not_text_arrive(house):
    name = os.fsdecode(b"caf\xe9\nline")
    landed = house.candidate({name: "x\n"})

    assert house.lands(landed, paths={name}) == Moved(landed, ())
    assert house.reads(name) == "x\n"


def test_a_linked_work_tree_follows_when_the_main_one_is_elsewhere(house, landed, tmp_path):
    house.git("switch", "-q", "-c", "other")
    house.git("worktree", "add", "-q", str(tmp_path / "linked"), "main")

    answer = house.lands(landed)

    assert answer == Moved(landed, ())
    assert house.status(at=tmp_path / "linked") == ""
    assert house.reads("a.txt", at=tmp_path / "linked") == "two\n"
    assert house.reads("a.txt") == "one\n"
    assert house.leftovers() == []


def test_two_checkouts_of_the_target_both_follow(house, landed, tmp_path):
    house.git("worktree", "add", "-q", "-f", str(tmp_path / "linked"), "main")

    assert_landed(house, landed, house.lands(landed))
    assert house.status(at=tmp_path / "linked") == ""


def test_a_detached_work_tree_is_not_touched(house, landed, tmp_path):
    house.git("switch", "-q", "-c", "other")
    house.git("worktree", "add", "-q", "--detach", str(tmp_path / "linked"), "main")
    house.write({"a.txt": "mine\n"}, at=tmp_path / "linked")

    assert house.lands(landed) == Moved(landed, ())
    assert house.reads("a.txt", at=tmp_path / "linked") == "mine\n"


def test_a_bare_repository_has_nothing_to_bring_along(make_bare):
    hub = make_bare()
    landed = hub.candidate({"a.txt": "two\n"})

    assert observe(hub.store, MAIN) == Free()
    assert hub.lands(landed) == Moved(landed, ())
    assert hub.tip() == landed.commit
    assert not (hub.root / "index").exists()


def test_a_linked_work_tree_of_a_bare_repository_follows(make_bare, tmp_path):
    hub = make_bare()
    hub.git("worktree", "add", "-q", str(tmp_path / "linked"), "main")
    landed = hub.candidate({"a.txt": "two\n"})

    assert hub.lands(landed) == Moved(landed, ())
    assert hub.status(at=tmp_path / "linked") == ""


def test_a_branch_that_is_another_name_of_the_target_counts_as_its_checkout(house, landed):
    house.git("symbolic-ref", "refs/heads/alias", MAIN)
    house.git("switch", "-q", "alias")

    house.lands(landed)

    assert house.reads("a.txt") == "two\n"
    assert house.status() == ""


def test_a_split_index_follows(house, landed):
    house.git("update-index", "--split-index")

    assert_landed(house, landed, house.lands(landed))


def test_a_split_index_of_a_linked_work_tree_follows(house, landed, tmp_path):
    house.git("switch", "-q", "-c", "other")
    house.git("worktree", "add", "-q", str(tmp_path / "linked"), "main")
    house.git("update-index", "--split-index", at=tmp_path / "linked")

    assert house.lands(landed) == Moved(landed, ())
    assert house.status(at=tmp_path / "linked") == ""

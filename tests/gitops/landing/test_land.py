"""Landing where the target is checked out: it follows, or nothing happens and it says why."""

import os
from pathlib import Path

import pytest

from gitops.landing.checkout import observe
from gitops.landing.land import Missed, Moved
from gitops.landing.landed import LandedCommit
from gitops.repository import Store
from policy.mission.world import Free, Frozen, Held

MAIN = "refs/heads/main"


def assert_landed(house, landed, answer):
    assert answer == Moved(landed, ())
    assert house.tip() == landed.commit
    assert house.status() == ""
    assert house.leftovers() == []
    assert house.git("fsck", "--strict", "--no-dangling") == ""


def assert_untouched(house, before):
    assert (house.tip(), house.status()) == before
    assert house.leftovers() == []


def seen(house):
    return house.tip(), house.status()


# --- it follows


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


def test_one_dirty_checkout_of_two_holds_and_unlocks_the_other(house, landed, tmp_path):
    house.git("worktree", "add", "-q", "-f", str(tmp_path / "linked"), "main")
    house.write({"b.txt": "dirty\n"}, at=tmp_path / "linked")
    before = seen(house)

    answer = house.lands(landed)

    assert isinstance(answer, Held)
    assert answer.reason == "dirty"
    assert_untouched(house, before)


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


# --- it is held


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


def snapshot(house):
    """Every file of work tree, index and HEAD, with content; objects and logs aside."""
    found = {}
    for parent, folders, names in os.walk(house.root):
        folders[:] = [name for name in folders if name not in ("objects", "logs", "hooks")]
        for path in (Path(parent) / name for name in names):
            found[path] = path.readlink() if path.is_symlink() else path.read_bytes()
    return found


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


# --- somebody was first


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


# --- what is asserted


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


# --- whose files, whose programs


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can write for another user")
def test_a_root_daemon_writes_files_that_belong_to_the_person(house, landed):
    house.belongs_to(4242)

    answer = house.lands(landed)

    assert answer == Moved(landed, ())
    for path in ("a.txt", "new.txt", "dir/more.txt", ".git/index"):
        found = (house.root / path).stat()
        assert (path, found.st_uid, found.st_gid) == (path, 4242, 4242)
    assert house.git("status", "--porcelain", uid=4242) == ""
    house.git("commit", "-q", "--allow-empty", "-m", "by hand", uid=4242)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make files of another user")
def test_a_work_tree_of_another_user_than_its_git_dir_holds(house, landed):
    os.chown(house.root, 4242, 4242)

    answer = house.lands(landed)

    assert isinstance(answer, Held)
    assert answer.reason == "foreign_owner"


def test_nothing_that_the_repository_names_is_run(house, landed, tmp_path):
    canary = tmp_path / "ran"
    script = tmp_path / "script"
    script.write_text(f"#!/bin/sh\necho $0 $* >> {canary}\ncat\n")
    script.chmod(0o755)
    hooks = ("post-index-change", "reference-transaction", "post-checkout", "pre-commit")
    (house.gitdir / "hooks").mkdir(exist_ok=True)
    for name in (*hooks, "post-update", "update", "post-merge"):
        (house.gitdir / "hooks" / name).symlink_to(script)
    for key in ("core.fsmonitor", "filter.x.clean", "filter.x.smudge", "filter.x.process"):
        house.git("config", key, str(script))
    house.git("config", "diff.x.textconv", str(script))
    house.git("config", "diff.external", str(script))
    house.write({".git/info/attributes": "b.txt filter=x diff=x\n"})
    os.utime(house.root / "b.txt", (1, 1))

    observe(house.store, MAIN)
    assert house.lands(landed) == Moved(landed, ())

    assert not canary.exists(), canary.read_text()


def test_a_submodule_in_the_checkout_runs_nothing_either(house, tmp_path):
    canary = tmp_path / "ran"
    script = tmp_path / "script"
    script.write_text(f"#!/bin/sh\necho $0 $* >> {canary}\n")
    script.chmod(0o755)
    house.git("init", "-q", "sub")
    sub = house.root / "sub"
    house.write({"file": "x\n"}, at=sub)
    house.git("add", "-A", at=sub)
    house.git("commit", "-q", "-m", "x", at=sub)
    house.git("add", "sub")
    house.git("commit", "-q", "-m", "a submodule")
    house.git("config", "core.fsmonitor", str(script), at=sub)
    landed = house.candidate({"a.txt": "two\n"})
    canary.unlink(missing_ok=True)

    observe(house.store, MAIN)
    assert house.lands(landed) == Moved(landed, ())

    assert not canary.exists(), canary.read_text()

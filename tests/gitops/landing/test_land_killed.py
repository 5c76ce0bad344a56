"""A landing killed anywhere is finished or undone, and nothing a person did meanwhile is lost."""

import os
import signal
import subprocess

import pytest

from gitops import recovery
from gitops.finding import Healed, NeedsPerson
from gitops.landing.checkout import observe
from gitops.landing.land import Moved
from policy.mission.world import Free, Held

MAIN = "refs/heads/main"
RULES = recovery.LockRules(daemon_owned=False, grace_s=900)


def recovers(house):
    return recovery.after_open(house.store, patience_s=10)


def assert_old(house, landed):
    assert house.tip() == landed.base
    assert_whole(house)
    assert house.lands(landed) == Moved(landed, ())
    assert_whole(house)


def assert_new(house, landed):
    assert house.tip() == landed.commit
    assert_whole(house)
    assert house.lands(landed) == Moved(landed, ())


def assert_whole(house):
    assert house.status() == ""
    assert house.leftovers() == []
    assert observe(house.store, MAIN) == Free()
    assert house.git("fsck", "--strict", "--no-dangling") == ""


@pytest.mark.parametrize(
    ("moment", "then"),
    [
        ("locked", assert_old),
        ("before-cas", assert_old),
        ("after-cas", assert_new),
        ("after-files", assert_new),
        ("after-index", assert_new),
    ],
)
def test_a_kill_at_any_moment_leaves_old_or_new(house, landed, moment, then):
    house.dies(landed, moment)
    # Nobody can commit a revert before recovery.
    house.git("commit", "-q", "-a", "--allow-empty", "-m", "by hand", code=128)
    assert isinstance(observe(house.store, MAIN), Held)

    assert all(isinstance(finding, Healed) for finding in recovers(house))

    then(house, landed)
    assert recovers(house) == ()


def half(*written):
    """What a git that was killed amid its files leaves."""

    def write(house):
        if "removed" in written:
            (house.root / "gone.txt").unlink()
        if "changed" in written:
            house.write({"a.txt": "two\n"})
        if "added" in written:
            house.write({"new.txt": "new\n"})
        if "torn" in written:
            house.write({"dir/more.txt": "mo"})
        if "empty" in written:
            house.write({"dir/more.txt": ""})
        if "unlinked" in written:
            (house.root / "a.txt").unlink()
        (house.gitdir / "pawl-index.lock").write_text("half an index")

    return write


@pytest.mark.parametrize(
    "written",
    [
        (),
        ("removed",),
        ("removed", "changed"),
        ("removed", "unlinked"),
        ("removed", "changed", "added"),
        ("removed", "changed", "torn"),
        ("empty",),
        ("added",),
    ],
    ids="+".join,
)
def test_a_kill_amid_the_files_is_finished(house, landed, written):
    house.dies(landed, "after-cas", before=lambda: half(*written)(house))

    (finding,) = recovers(house)

    assert isinstance(finding, Healed), finding
    assert_new(house, landed)


def test_a_kill_amid_a_file_that_becomes_a_directory_is_finished(house):
    changes = {"a.txt": None, "a.txt/in": "in\n", "a.txt/on": "on\n", "dir/deep.txt": None}
    landed = house.candidate({**changes, "dir": "file now\n"})

    def amid():
        (house.root / "a.txt").unlink()
        house.write({"a.txt/in": "in\n"})

    house.dies(landed, "after-cas", before=amid)

    (finding,) = recovers(house)

    assert isinstance(finding, Healed), finding
    assert_new(house, landed)


def test_a_kill_after_a_directory_became_a_file_is_finished(house):
    landed = house.candidate({"a.txt": "two\n", "dir/deep.txt": None, "dir": "file now\n"})

    def amid():
        (house.root / "dir" / "deep.txt").unlink()
        (house.root / "dir").rmdir()
        house.write({"dir": "file now\n"})

    house.dies(landed, "after-cas", before=amid)

    (finding,) = recovers(house)

    assert isinstance(finding, Healed), finding
    assert_new(house, landed)


def edits_a_changed_file(house):
    house.write({"a.txt": "my precious edit\n"})
    return "a.txt", "my precious edit\n"


def edits_a_removed_file(house):
    house.write({"gone.txt": "I need this\n"})
    return "gone.txt", "I need this\n"


def writes_where_a_file_is_added(house):
    house.write({"new.txt": "mine\n"})
    return "new.txt", "mine\n"


def ignores_where_a_file_is_added(house):
    house.write({".git/info/exclude": "new.txt\n", "new.txt": "my secret\n"})
    return "new.txt", "my secret\n"


def appends_to_the_new_version(house):
    house.write({"a.txt": "two\nand more\n"})
    return "a.txt", "two\nand more\n"


@pytest.mark.parametrize(
    "person",
    [
        edits_a_changed_file,
        edits_a_removed_file,
        writes_where_a_file_is_added,
        ignores_where_a_file_is_added,
        appends_to_the_new_version,
    ],
)
def test_a_persons_edit_after_the_kill_is_kept_until_they_moved_it_away(house, landed, person):
    house.dies(landed, "after-cas")
    path, content = person(house)

    for _ in range(2):
        (finding,) = recovers(house)
        assert isinstance(finding, NeedsPerson)
        assert path in finding.what
        assert house.reads(path) == content
        house.git("commit", "-q", "-a", "-m", "cannot revert", code=128)

    (house.root / path).rename(house.root.parent / "mine")
    (finding,) = recovers(house)
    assert isinstance(finding, Healed)
    assert_new(house, landed)


def test_an_ignored_file_where_a_directory_is_added_is_kept_too(house):
    landed = house.candidate({"fresh/file": "new\n"})
    house.dies(landed, "after-cas")
    house.write({".git/info/exclude": "fresh\n", "fresh": "my secret\n"})

    (finding,) = recovers(house)

    assert isinstance(finding, NeedsPerson)
    assert "fresh" in finding.what
    assert house.reads("fresh") == "my secret\n"


def test_an_edit_of_another_file_after_the_kill_is_kept_and_in_nobodys_way(house, landed):
    house.dies(landed, "after-cas")
    house.write({"b.txt": "mine\n", "untracked": "mine too\n"})

    (finding,) = recovers(house)

    assert isinstance(finding, Healed)
    assert house.status() == " M b.txt\n?? untracked"
    assert house.reads("b.txt") == "mine\n"


def test_a_link_planted_after_the_kill_leads_nothing_outside(house, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "deep.txt").write_text("theirs\n")
    landed = house.candidate({"dir/deep.txt": "changed\n", "dir/more.txt": "more\n"})
    house.dies(landed, "after-cas")
    (house.root / "dir" / "deep.txt").unlink()
    (house.root / "dir").rmdir()
    (house.root / "dir").symlink_to(outside)

    (finding,) = recovers(house)

    assert isinstance(finding, NeedsPerson)
    assert [path.name for path in outside.iterdir()] == ["deep.txt"]
    assert (outside / "deep.txt").read_text() == "theirs\n"


def test_a_person_who_built_on_the_landing_elsewhere_finds_the_checkout_at_it(house, landed):
    house.dies(landed, "after-cas")
    house.git("update-ref", MAIN, house.candidate({"c.txt": "c\n"}, base=landed.commit).commit)

    (finding,) = recovers(house)

    assert isinstance(finding, Healed)
    assert house.git("diff", "--cached", "--name-only", landed.commit) == ""
    assert house.reads("a.txt") == "two\n"


def test_a_killed_landing_of_a_linked_work_tree_is_finished(house, landed, tmp_path):
    house.git("switch", "-q", "-c", "other")
    linked = tmp_path / "linked"
    house.git("worktree", "add", "-q", str(linked), "main")
    house.dies(landed, "after-cas")

    (finding,) = recovers(house)

    assert finding.where == str(linked)
    assert house.status(at=linked) == ""
    assert house.reads("a.txt", at=linked) == "two\n"
    assert house.leftovers() == []


def test_a_foreign_lock_is_neither_resumed_nor_removed(house):
    (house.gitdir / "index.lock").write_text("")

    (finding,) = recovery.before_open(
        house.gitdir, target=MAIN, known={}, trusted=None, rules=RULES, now=2e9, patience_s=10
    )

    assert isinstance(finding, NeedsPerson)
    assert recovers(house) == ()
    assert (house.gitdir / "index.lock").exists()


@pytest.mark.parametrize(
    "text",
    ["", "pawl-index-lock 1\n", "pawl-index-lock 1\nref refs/heads/main\nold x\nnew y\n"],
    ids=["empty", "cut", "nonsense"],
)
def test_a_lock_with_half_our_words_is_left_alone(house, text):
    (house.gitdir / "index.lock").write_text(text)

    assert not [finding for finding in recovers(house) if isinstance(finding, Healed)]
    assert (house.gitdir / "index.lock").exists()


def test_a_git_of_an_earlier_daemon_that_still_runs_is_not_raced(house, landed):
    house.dies(landed, "after-cas")
    env = {"GIT_INDEX_FILE": str(house.gitdir / "pawl-index")}
    orphan = subprocess.Popen(["/bin/cat"], stdin=subprocess.PIPE, env=env)
    try:
        (finding,) = recovery.after_open(house.store, patience_s=0)
        assert isinstance(finding, NeedsPerson)
        assert str(orphan.pid) in finding.what
        assert house.reads("a.txt") == "one\n"
    finally:
        orphan.communicate()

    (finding,) = recovers(house)
    assert isinstance(finding, Healed)


def test_a_git_killed_amid_its_files_for_real_is_finished(house):
    files = {f"many/{number:03}": f"{number}\n" * 2000 for number in range(200)}
    landed = house.candidate(files)
    house.dies(landed, "after-cas")
    # The same git that the daemon would run, killed as soon as it has written something.
    env = {**os.environ, "GIT_INDEX_FILE": str(house.gitdir / "pawl-index")}
    process = subprocess.Popen(
        ["git", "read-tree", "-m", "-u", landed.base, landed.commit], cwd=house.root, env=env
    )
    while not (house.root / "many").exists() and process.poll() is None:
        pass
    process.send_signal(signal.SIGKILL)
    process.wait()

    (finding,) = recovers(house)

    assert isinstance(finding, Healed), finding
    assert_new(house, landed)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can write for another user")
def test_what_a_root_daemon_finishes_belongs_to_the_person(house, landed):
    house.belongs_to(4242)
    house.dies(landed, "after-cas")

    (finding,) = recovers(house)

    assert isinstance(finding, Healed), finding
    assert (house.root / "dir/more.txt").stat().st_uid == 4242
    assert (house.gitdir / "index").stat().st_uid == 4242
    assert house.git("status", "--porcelain", uid=4242) == ""

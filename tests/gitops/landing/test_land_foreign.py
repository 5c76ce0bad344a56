"""Landing in other people's files: they stay theirs, and no program they name is run."""

import os

import pytest

from gitops.landing.checkout import observe
from gitops.landing.land import Moved
from policy.mission.world import Held
from tests.gitops.landing.conftest import MAIN


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

"""What the commands say in a clone with a hub."""

import subprocess
import sys

from gitops import refs
from policy.ids import RefName


def pawl(host, *argv):
    done = subprocess.run(
        [sys.executable, "-m", "daemon", "-C", host.path, *argv], env=host.env, text=True,
        capture_output=True, check=False,
    )  # fmt: skip
    return done.stdout + done.stderr


def test_without_the_hub_the_commands_say_since_when_and_why(hub, hosts):
    host = hosts("one")
    hub.wishes("H-1")
    host.runs()
    assert f"hub: {hub.bare}, reached 20" in pawl(host, "status")
    hub.pulls()
    hub.wishes("H-2")
    host.git("pull", "-q")
    hub.bare.rename(hub.bare.with_name("away.git"))
    assert "retry_at" not in pawl(host, "once")
    told = pawl(host, "status")
    assert "the hub was not reached since" in told
    assert "not appear to be a git repository" in told
    assert "opening needs the hub" in pawl(host, "explain", "H-2")
    hub.bare.with_name("away.git").rename(hub.bare)
    host.runs()
    assert hub.landings() == ["H-1", "H-2"]
    assert "the hub was not reached" not in pawl(host, "status")


def test_an_item_that_only_the_hub_has_is_explained_by_what_keeps_the_clone_behind(hub, hosts):
    host = hosts("one")
    (host.path / "README").write_text("not committed\n")
    hub.edits({"README": "a bigger house\n"})
    hub.wishes("H-1")
    host.runs()
    told = pawl(host, "explain", "H-1")
    assert "refs/heads/main here cannot follow the hub's" in told
    assert "README" in told
    host.git("checkout", "-q", "README")
    host.runs()
    assert hub.landings() == ["H-1"]
    told = pawl(host, "explain", "H-9")
    assert "no item of that id" in told
    assert "cannot follow" not in told


def test_a_command_that_commits_says_to_push(hub, hosts):
    host = hosts("one")
    assert f"once it is pushed to the hub, {hub.bare}" in pawl(host, "pause", "--reason", "tea")
    standing = host.runs()
    assert "ahead of the hub" in standing.offline


def test_what_the_hub_has_and_a_power_loss_emptied_is_asked_for_again(hub, hosts):
    host = hosts("one")
    (host.gitdir / refs.tracking_ref("refs/heads/main")).write_text("")
    hub.wishes("H-1")
    host.runs()
    assert hub.landings() == ["H-1"]


def test_lost_steps_are_cleaned_up_when_they_are_old(hub, hosts):
    host = hosts("one")
    hub.edits({".pawl/policy.yaml": hub.at("show", "main:.pawl/policy.yaml")
               + "\nevidence: {retention_days: 1}\n"})  # fmt: skip
    host.git("pull", "-q")
    old = host.git("commit-tree", "HEAD^{tree}", "-m", "mine")
    kept = refs.lost_ref("H-1", old)
    host.git("update-ref", kept, old)
    pawl(host, "cleanup")
    assert host.lost() == [kept]
    host.git("update-ref", "-d", kept)
    aged = subprocess.run(
        ["git", "commit-tree", "HEAD^{tree}", "-m", "mine"], cwd=host.path, text=True, check=True,
        capture_output=True, env={**host.env, "GIT_COMMITTER_DATE": "2020-01-01T00:00:00Z"},
    ).stdout.strip()  # fmt: skip
    host.git("update-ref", RefName(f"{refs.LOST}H-1/{aged}"), aged)
    pawl(host, "cleanup")
    assert host.lost() == []

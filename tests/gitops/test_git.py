import os
import subprocess

import pytest

from gitops.git import ConfigurationRefusedError, Git, GitError


@pytest.fixture
def house(tmp_path):
    """A checkout whose every executable setting and hook would leave `ran` behind."""
    path = tmp_path / "house"
    subprocess.run(["git", "init", "-q", "-b", "main", path], check=True)
    trap = tmp_path / "trap"
    trap.write_text(f"#!/bin/sh\necho $0 $@ >> {tmp_path}/ran\ncat\n")
    trap.chmod(0o755)
    hooks = path / ".git" / "hooks"
    for name in ("post-index-change", "reference-transaction", "pre-auto-gc", "post-rewrite"):
        (hooks / name).write_text(trap.read_text())
        (hooks / name).chmod(0o755)
    for name in (
        "filter.a=b.clean",
        "filter.a=b.smudge",
        "filter.p.process",
        "diff.external",
        "diff.t.textconv",
        "diff.t.command",
        "core.fsmonitor",
        "core.pager",
        "core.editor",
        "credential.helper",
        "credential.https://x.helper",
        "merge.m.driver",
        "gpg.program",
        "gpg.ssh.program",
    ):
        config = path / ".git" / "config"
        subprocess.run(["git", "config", "--file", config, name, str(trap)], check=True)
    config = path / ".git" / "config"
    subprocess.run(["git", "config", "--file", config, "filter.p.required", "true"], check=True)
    (path / ".gitattributes").write_text(
        "*.f filter=a=b\n*.p filter=p\n*.t diff=t\n*.m merge=m diff=t\n"
    )
    for name in ("x.f", "x.p", "x.t", "x.m"):
        (path / name).write_text("one\n")
    return path


def test_nothing_of_the_repository_is_executed(house, tmp_path):
    git = Git(house / ".git")
    git.run("update-index", "--add", *("x.f", "x.p", "x.t", ".gitattributes"), worktree=house)
    tree = git.text("write-tree")
    commit = git.text("commit-tree", tree, "-m", "one")
    git.run("update-ref", "refs/heads/main", commit)
    (house / "x.t").write_text("two\n")
    git.run("status", "--porcelain", worktree=house)
    assert b"+two" in git.run("diff", worktree=house).stdout
    assert b"+two" in git.run("diff-index", "-p", "HEAD", worktree=house).stdout
    git.run("log", "-p")
    git.run("show", "HEAD")
    git.run("checkout-index", "-f", "-a", worktree=house)
    git.run("gc", "-q")
    assert not (tmp_path / "ran").exists()
    assert git.run("cat-file", "-p", "HEAD:x.f").stdout == b"one\n"


def test_the_environment_of_the_daemon_does_not_reach_git(house, monkeypatch, tmp_path):
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))
    monkeypatch.setenv("GIT_EXTERNAL_DIFF", "false")
    monkeypatch.setenv("LD_PRELOAD_X", "1")
    git = Git(house / ".git")
    assert git.text("rev-parse", "--absolute-git-dir") == str(house / ".git")
    assert git.text("rev-parse", "--git-path", "index").endswith(".git/index")


def test_a_refusal_says_what_was_tried_on_what_and_what_git_said(house):
    with pytest.raises(GitError, match=r"git rev-parse --verify nope on .*\.git exited 128.*fatal"):
        Git(house / ".git").run("rev-parse", "--verify", "nope")
    done = Git(house / ".git").run("rev-parse", "--verify", "nope", accept=(0, 128))
    assert done.code == 128


def test_configuration_that_turns_bad_while_the_daemon_runs_stops_git(house):
    git = Git(house / ".git")
    git.run("status", worktree=house)
    config = house / ".git" / "config"
    subprocess.run(["git", "config", "--file", config, "core.sshCommand", "x"], check=True)
    with pytest.raises(ConfigurationRefusedError, match=r"unset-all core\.sshcommand"):
        git.run("status", worktree=house)
    subprocess.run(["git", "config", "--file", config, "--unset", "core.sshCommand"], check=True)
    git.run("status", worktree=house)


def test_no_transport_is_open_unless_the_caller_opens_it(house, repository):
    repository.git("update-ref", "refs/heads/main", repository.commit("one"))
    git = Git(house / ".git")
    with pytest.raises(GitError, match="not allowed"):
        git.run("fetch", str(repository.gitdir), "main")
    git.run("fetch", str(repository.gitdir), "main", settings={"protocol.file.allow": "always"})


def test_replace_refs_do_not_deceive_git(repository):
    one, two = repository.commit("one"), repository.commit("two")
    repository.git("replace", one, two)
    assert Git(repository.gitdir).text("log", "-1", "--format=%s", one) == "one"


def test_a_git_that_takes_too_long_is_killed_with_all_it_started(repository, tmp_path):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    git = Git(repository.gitdir, timeout_s=0.2)
    with pytest.raises(GitError, match="no answer within"):
        git.run("hash-object", str(fifo))


def test_a_conversation_answers_line_by_line(house):
    (house / ".gitignore").write_text("*.o\n")
    git = Git(house / ".git")
    talk = git.start("check-ignore", "--stdin", "-z", "--no-index", "-v", "-n", worktree=house)
    talk.stdin.write(b"a.o\0")
    talk.stdin.flush()
    assert os.read(talk.stdout.fileno(), 1000) == b".gitignore\x001\0*.o\0a.o\0"
    git.kill(talk)
    assert talk.returncode is not None

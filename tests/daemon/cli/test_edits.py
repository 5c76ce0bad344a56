"""Commits through commands: one path, the person's own, on whatever checkout there is."""


def test_pause_commits_one_file_and_unpause_removes_it(served):
    paused = served.pawl("pause", "--reason", "lunch")
    assert paused.code == 0
    assert served.files_of("main") == [".pawl/PAUSE"]
    assert served.subjects()[0] == "pawl: pause: lunch"
    assert (served.repo / ".pawl/PAUSE").read_text() == "lunch\n"
    assert served.pawl("unpause").code == 0
    assert not (served.repo / ".pawl/PAUSE").exists()
    assert served.git("status", "--porcelain") == ""


def test_status_says_why_it_is_paused(served):
    served.pawl("pause", "--reason", "lunch")
    assert "PAUSED: lunch (`pawl unpause` goes on)" in served.pawl("status").out


def test_what_has_landed_is_not_cancelled(served):
    assert served.pawl("once").code == 0
    before = served.tip()
    answer = served.pawl("cancel", "HELLO-1")
    assert (answer.code, served.tip()) == (0, before)
    assert "is done" in answer.out


def test_doing_it_again_commits_nothing(served):
    served.pawl("pause")
    before = served.tip()
    answer = served.pawl("pause", "--json")
    assert (answer.code, answer.json["commit"]) == (0, None)
    assert served.pawl("unpause").code == served.pawl("unpause").code == 0
    assert served.tip("main~1") == before


def test_what_else_is_staged_or_changed_stays_so(served):
    served.write("staged", "staged\n")
    served.git("add", "staged")
    served.write("README.md", "not committed\n")
    assert served.pawl("pause").code == 0
    assert served.files_of("main") == [".pawl/PAUSE"]
    assert served.git("status", "--porcelain").splitlines() == ["M README.md", "A  staged"]


def test_a_file_of_ones_own_in_the_way_is_not_lost(served):
    served.write(".pawl/PAUSE", "mine\n")
    before = served.tip()
    answer = served.pawl("pause")
    assert answer.code == 5
    assert ".pawl/PAUSE" in answer.err
    assert (served.repo / ".pawl/PAUSE").read_text() == "mine\n"
    assert served.tip() == before


def test_on_another_branch_the_target_moves_and_the_checkout_does_not(served):
    served.git("switch", "-q", "-c", "topic")
    assert served.pawl("pause").code == 0
    assert served.files_of("main") == [".pawl/PAUSE"]
    assert not (served.repo / ".pawl/PAUSE").exists()
    assert served.git("status", "--porcelain") == ""


def test_a_linked_checkout_of_the_target_is_brought_along(served, tmp_path):
    served.git("switch", "-q", "-c", "topic")
    linked = tmp_path / "linked"
    served.git("worktree", "add", "-q", str(linked), "main")
    assert served.pawl("pause").code == 0
    assert (linked / ".pawl/PAUSE").exists()
    assert served.git("status", "--porcelain", at=linked) == ""


def test_in_a_bare_repository_the_branch_moves(served, tmp_path):
    bare = tmp_path / "bare.git"
    served.git("clone", "-q", "--bare", str(served.repo), str(bare), at=tmp_path)
    answer = served.pawl("pause", at=bare)
    assert answer.code == 0, answer.err
    assert served.git("show", "main:.pawl/PAUSE", at=bare) == "paused"


def test_while_a_merge_is_not_concluded_nothing_is_committed(served):
    served.git("switch", "-q", "-c", "topic")
    served.commit("README.md", "topic\n")
    served.git("switch", "-q", "main")
    served.commit("README.md", "main\n")
    before = served.tip()
    merge = ("-c", "merge.conflictStyle=merge", "merge", "topic")
    assert not served.succeeds(*merge)
    answer = served.pawl("pause")
    assert answer.code == 5
    assert "Nothing was changed" in answer.err
    assert served.tip() == before


def test_while_the_target_is_rebased_nothing_is_committed(served):
    served.git("switch", "-q", "-c", "topic", "main~1")
    served.commit("README.md", "topic\n")
    served.git("switch", "-q", "main")
    served.commit("README.md", "main\n")
    assert not served.succeeds("rebase", "topic")
    before = served.tip()
    answer = served.pawl("pause")
    assert answer.code == 5
    assert "rebased" in answer.err
    assert served.tip() == before


def test_hooks_are_not_run_and_cannot_refuse_a_pause(served):
    hook = served.repo / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    for name in ("pre-commit", "commit-msg", "pre-merge-commit", "post-merge"):
        script = hook.with_name(name)
        script.write_text("#!/bin/sh\ntouch ran\nexit 1\n")
        script.chmod(0o755)
    assert served.pawl("pause").code == 0
    assert not (served.repo / "ran").exists()


def test_commits_are_signed_as_the_person_signs(served):
    key = served.home / "id"
    served.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key))
    for name, value in (
        ("gpg.format", "ssh"),
        ("user.signingKey", f"{key}.pub"),
        ("commit.gpgSign", "true"),
    ):
        served.git("config", "--global", name, value)
    assert served.pawl("pause").code == 0
    assert "gpgsig -----BEGIN SSH SIGNATURE" in served.git("cat-file", "commit", "main")


def test_in_a_clone_it_is_told_that_the_commit_must_be_pushed(served, tmp_path):
    clone = tmp_path / "clone"
    served.git("clone", "-q", str(served.repo), str(clone), at=tmp_path)
    for argv in (("pause",), ("unpause",), ("retry", "HELLO-1"), ("cancel", "HELLO-1")):
        told = served.pawl(*argv, at=clone)
        assert told.code == 0, told.err
        assert "once it is pushed" in told.out
        assert "pushed" not in served.pawl(*argv).out


def test_a_clone_without_a_branch_of_its_own_is_told_to_make_one(served, tmp_path):
    served.git("branch", "topic")
    clone = tmp_path / "clone"
    argv = ("clone", "-q", "-b", "topic", str(served.repo), str(clone))
    served.git(*argv, at=tmp_path)
    answer = served.pawl("pause", at=clone)
    assert answer.code == 5
    assert "refs/remotes/origin/main" in answer.err


def test_git_variables_of_a_hook_do_not_aim_it_at_another_repository(served, tmp_path):
    served.git("init", "-q", "-b", "main", str(tmp_path / "other"), at=tmp_path)
    answer = served.pawl("pause", GIT_DIR=str(tmp_path / "other/.git"), GIT_INDEX_FILE="x")
    assert answer.code == 0, answer.err
    assert served.files_of("main") == [".pawl/PAUSE"]


ENTRY = """### P0

- [ ] **make it** — DoD: it is there — Owner: ada
  - Id: M-1
  - Tests: `test -s it.txt`
  - Scope: it.txt
  - Command: `false`
"""


def test_an_entry_of_a_markdown_backlog_is_cancelled_and_run_again(served):
    served.commit("BACKLOG.md", ENTRY)
    assert served.pawl("cancel", "M-1").code == 0
    assert served.files_of("main") == ["BACKLOG.md"]
    blocked = ENTRY.replace("[ ]", "[!]")
    assert (served.repo / "BACKLOG.md").read_text() == blocked
    before = served.tip()
    again = served.pawl("cancel", "M-1")
    assert (again.code, served.tip()) == (0, before)
    assert "its box is `[!]`" in again.out
    assert served.pawl("retry", "M-1").code == 0
    text = (served.repo / "BACKLOG.md").read_text()
    assert text == ENTRY.replace("ada\n", "ada\n  - Reopen: 2\n")


def test_an_entry_that_is_not_released_is_not_run_again_by_a_command(served):
    served.commit("BACKLOG.md", ENTRY.replace("### P0", "### P2"))
    answer = served.pawl("retry", "M-1")
    assert answer.code == 3
    assert "stands below `### P2`" in answer.err
    assert "M-1 " in served.pawl("explain").out

"""`pawl init`: what it commits, what it writes outside, what it refuses."""

import stat
from pathlib import Path

import pytest

from policy.backlog.item import BacklogItem
from policy.backlog.parse import parse_item
from policy.host import Host
from policy.people.trust import Trust
from policy.rules.load import Effective, load_policy
from policy.typed import read


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def trust_of(desk) -> Trust:
    trust = read((desk.config / "trust.yaml").read_bytes(), Trust)
    assert isinstance(trust, Trust)
    return trust


def test_it_makes_one_introduction_commit_and_one_with_a_first_item(served):
    assert served.subjects() == [
        "backlog: a first item that pawl can build",
        "pawl: serve main",
        "change README.md",
    ]
    assert served.files_of("main~1") == [".pawl/approvers", ".pawl/policy.yaml", ".pawl/revoked"]
    assert served.files_of("main") == ["backlog/HELLO-1.yaml"]
    assert served.git("status", "--porcelain") == ""


def test_what_it_commits_is_what_the_parsers_accept(served):
    policy = load_policy((served.repo / ".pawl/policy.yaml").read_bytes())
    assert isinstance(policy, Effective)
    assert (policy.policy.target, policy.policy.repo_name) == ("main", "house")
    path = "backlog/HELLO-1.yaml"
    assert isinstance(parse_item(path, (served.repo / path).read_bytes()), BacklogItem)


def test_the_trust_file_pins_the_introduction_commit_and_nobody_else_can_read_what_is_outside(
    served,
):
    assert trust_of(served).introduction == served.tip("main~1")
    assert mode_of(served.config) == mode_of(served.state) == 0o700
    for name in ("daemon_ed25519", "host.yaml", "trust.yaml"):
        assert mode_of(served.config / name) == 0o600


def test_the_host_file_names_the_git_directory_it_belongs_to(served):
    host = read((served.config / "host.yaml").read_bytes(), Host)
    assert isinstance(host, Host)
    assert host.git_dir == str((served.repo / ".git").resolve())


def test_the_ledger_begins_with_an_empty_signed_root(served):
    assert served.subjects("pawl/ledger") == ["The ledger begins"]
    assert served.git("ls-tree", "pawl/ledger") == ""
    assert "gpgsig" in served.git("cat-file", "commit", "pawl/ledger")


def test_in_a_repository_without_a_commit_the_introduction_is_the_root(tmp_path, desk):
    empty = tmp_path / "empty"
    desk.git("init", "-q", "-b", "trunk", str(empty), at=tmp_path)
    answer = desk.pawl("init", "--json", at=empty)
    assert answer.code == 0, answer.err
    assert answer.json["target"] == "trunk"
    log = desk.git("log", "--format=%s", at=empty).splitlines()
    assert log == ["backlog: a first item that pawl can build", "pawl: serve trunk"]


def test_other_folders_are_chosen_by_environment(desk, tmp_path):
    answer = desk.pawl(
        "init", "--json", PAWL_CONFIG_DIR=str(tmp_path / "c"), PAWL_STATE_DIR=str(tmp_path / "s")
    )
    assert answer.json["config"] == str(tmp_path / "c" / "house")
    assert answer.json["state"] == str(tmp_path / "s" / "house")
    assert not desk.config.exists()


def test_one_person_adds_their_signing_key_as_approver(desk):
    key = desk.home / "id.pub"
    key.write_text("ssh-ed25519 AAAAC3Nz comment\n")
    desk.git("config", "--global", "user.signingKey", str(key))
    assert desk.pawl("init", "--one-person").code == 0
    approvers = (desk.repo / ".pawl/approvers").read_text()
    assert approvers == 'ada@example.org namespaces="git" ssh-ed25519 AAAAC3Nz\n'
    assert trust_of(desk).mode == "one-person"


def test_one_person_without_a_key_gets_a_new_one_outside(desk):
    assert desk.pawl("init", "--one-person").code == 0
    approvers = (desk.repo / ".pawl/approvers").read_text()
    assert approvers.startswith('ada@example.org namespaces="git" ssh-ed25519 ')
    assert mode_of(desk.config / "approver_ed25519") == 0o600
    assert trust_of(desk).daemon_key not in approvers


def test_a_first_item_and_files_of_that_name_are_left_alone(desk):
    desk.commit("HELLO-1.md", "mine\n")
    desk.commit("backlog/OTHER-1.yaml", "not read by init\n")
    assert desk.pawl("init").code == 0
    item = (desk.repo / "backlog/HELLO-1.yaml").read_text()
    assert "HELLO-2.md" in item
    assert "HELLO-1.md" not in item


def dirty(desk):
    desk.write("README.md", "changed\n")


def staged(desk):
    desk.write("new", "new\n")
    desk.git("add", "new")


def detached(desk):
    desk.git("checkout", "-q", "--detach")


def branch_called_pawl(desk):
    desk.git("branch", "pawl")


def anonymous(desk):
    desk.git("config", "--global", "--unset", "user.email")
    desk.git("config", "user.useConfigOnly", "true")


def untracked_in_the_way(desk):
    desk.write(".pawl/policy.yaml", "mine\n")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        pytest.param(dirty, "uncommitted changes: README.md", id="a dirty checkout"),
        pytest.param(staged, "uncommitted changes: new", id="a staged file"),
        pytest.param(detached, "HEAD is detached", id="a detached HEAD"),
        pytest.param(branch_called_pawl, "a branch called `pawl`", id="a branch called pawl"),
        pytest.param(anonymous, "who you are", id="nobody"),
        pytest.param(untracked_in_the_way, ".pawl/policy.yaml", id="an untracked file in the way"),
    ],
)
def test_it_refuses_and_commits_nothing(desk, spoil, said):
    spoil(desk)
    before = desk.tip("HEAD")
    answer = desk.pawl("init")
    assert answer.code == 3
    assert said in answer.err
    assert answer.out == ""
    assert desk.tip("HEAD") == before


def test_after_a_refusal_it_works_once_the_reason_is_gone(desk):
    untracked_in_the_way(desk)
    assert desk.pawl("init").code == 3
    (desk.repo / ".pawl/policy.yaml").unlink()
    answer = desk.pawl("init")
    assert answer.code == 0, answer.err
    assert trust_of(desk).introduction == desk.tip("main~1")


def test_what_an_init_that_was_killed_left_does_not_take_the_name(desk):
    desk.config.mkdir(parents=True)
    assert desk.pawl("init").code == 0
    assert (desk.config / "host.yaml").exists()


def test_a_bare_repository_is_refused(desk, tmp_path):
    desk.git("clone", "-q", "--bare", str(desk.repo), str(tmp_path / "bare.git"), at=tmp_path)
    answer = desk.pawl("init", at=tmp_path / "bare.git")
    assert (answer.code, "it is bare" in answer.err) == (3, True)


def test_a_second_time_it_says_that_nothing_is_to_be_done(served):
    before = served.tip()
    answer = served.pawl("init")
    assert answer.code == 3
    assert "it is initialised" in answer.err
    assert served.tip() == before


def clone_of(desk, tmp_path):
    desk.git("clone", "-q", str(desk.repo), str(tmp_path / "clone"), at=tmp_path)
    return tmp_path / "clone"


def test_a_clone_is_told_to_adopt(served, tmp_path):
    answer = served.pawl("init", at=clone_of(served, tmp_path))
    assert answer.code == 3
    assert "--introduction OID" in answer.err


def test_a_clone_is_adopted_without_a_commit(served, tmp_path):
    clone = clone_of(served, tmp_path)
    key = trust_of(served).daemon_key
    answer = served.pawl(
        "init", "--json", "--introduction", served.tip("main~1"), "--daemon-key", key, at=clone
    )
    assert answer.code == 0, answer.err
    assert (answer.json["name"], answer.json["daemon_key"]) == ("clone", key)
    assert served.git("rev-parse", "main", at=clone) == served.tip()
    assert served.git("rev-parse", "pawl/ledger", at=clone) == served.tip("pawl/ledger")
    assert "+refs/pawl/*:refs/pawl/*" in served.git(
        "config", "--get-all", "remote.origin.fetch", at=clone
    )


def test_a_ledger_of_nobody_who_is_believed_is_not_adopted(served, tmp_path):
    clone = clone_of(served, tmp_path)
    answer = served.pawl("init", "--introduction", served.tip("main~1"), at=clone)
    assert answer.code == 3
    assert "`--peer" in answer.err
    assert "pawl/ledger" not in served.git("branch", at=clone)
    argv = ("init", "--introduction", served.tip("main~1"), "--peer", trust_of(served).daemon_key)
    assert served.pawl(*argv, at=clone).code == 0


def test_a_daemon_whose_key_was_stolen_begins_anew(served):
    served.pawl("once")
    before, old = served.tip("pawl/ledger"), trust_of(served)
    argv = ("init", "--introduction", old.introduction)
    config = served.config
    host = (config / "host.yaml").read_text() + "free_bytes: 4096\n"
    (config / "host.yaml").write_text(host)
    (config / "daemon_ed25519").unlink()
    refused = served.pawl(*argv)
    assert refused.code == 3
    assert "git branch -m pawl/ledger" in refused.err
    assert trust_of(served) == old
    served.git("branch", "-m", "pawl/ledger", "ledger-until-the-theft")
    assert served.pawl(*argv).code == 0
    assert old.daemon_key not in trust_of(served).daemons
    assert "free_bytes: 4096" in (config / "host.yaml").read_text()
    assert served.pawl("doctor").code == 0
    assert served.pawl("once").code == 0
    served.git("update-ref", "refs/heads/pawl/ledger", before)
    told = served.pawl("once")
    assert told.code == 9
    assert "has been at" in told.out + told.err
    assert served.pawl("doctor", "--accept-tip", served.tip()).code == 0
    for command in ("once", "doctor"):
        told = served.pawl(command)
        assert told.code == 9
        assert "if the key was stolen, begin anew" in told.out + told.err
        assert "git update-ref" not in told.out + told.err


@pytest.mark.parametrize("which", ["main", "main~2", "pawl/ledger"])
def test_only_the_commit_that_brought_the_policy_is_an_introduction(served, tmp_path, which):
    clone = clone_of(served, tmp_path)
    answer = served.pawl("init", "--introduction", served.tip(which), at=clone)
    assert answer.code == 3
    assert "is not a commit of main that brought .pawl/policy.yaml" in answer.err


@pytest.mark.parametrize("oid", ["0" * 40, "HEAD", "nonsense", "deadbeef"])
def test_what_is_no_commit_is_no_introduction(served, tmp_path, oid):
    answer = served.pawl("init", "--introduction", oid, at=clone_of(served, tmp_path))
    assert answer.code == 3


def test_what_is_no_public_key_is_refused(served, tmp_path):
    clone, oid = clone_of(served, tmp_path), served.tip("main~1")
    answer = served.pawl("init", "--introduction", oid, "--daemon-key", "ssh-rsa A", at=clone)
    assert answer.code == 3
    assert "is not a daemon's public key" in answer.err


def test_a_backlog_that_was_not_written_for_pawl_is_not_read_and_the_policy_says_so(desk):
    desk.commit("BACKLOG.md", "### P0\n\n- [ ] **Tidy** — DoD: tidy — Owner: ada\n")
    assert desk.pawl("init").code == 0
    assert "backlog_markdown: null" in (desk.repo / ".pawl/policy.yaml").read_text()
    assert "next" in desk.pawl("explain", "HELLO-1").out


def test_a_backlog_that_was_written_for_pawl_is_read(desk):
    entry = "- [ ] **T** — DoD: x — Owner: a\n  - Id: M-1\n  - Tests: `false`\n  - Scope: a\n"
    desk.commit("BACKLOG.md", f"### P0\n\n{entry}  - Command: `true`\n")
    assert desk.pawl("init").code == 0
    assert "backlog_markdown" not in (desk.repo / ".pawl/policy.yaml").read_text()
    assert "next" in desk.pawl("explain", "M-1").out

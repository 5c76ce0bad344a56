"""Who may change what is governed: a line that nobody vouches for freezes, until it is accepted."""

import os
import re
import shutil
import signal
import subprocess

import pytest

from daemon.cli.accept import accept_introduction, accept_tip
from daemon.cli.exits import RefusedError
from daemon.people.keys import KeysAtHandError
from tests.daemon.people.test_commands import pawl

POLICY = ".pawl/policy.yaml"


def another(home):
    return home.shows(POLICY) + "\nreconcile_s: 31\n"


def test_a_policy_that_nobody_signed_freezes_and_a_signed_one_does_not(home):
    home.signs({POLICY: another(home)})
    home.wishes("H-1")
    assert home.runs().doubts == []
    assert home.ended("H-1") == ("PASS", "landed")
    bad = home.signs({POLICY: home.shows(POLICY).replace("31", "32")}, by=None)
    home.wishes("H-2")
    (doubt,) = home.runs().doubts
    assert bad in doubt
    assert "not signed" in doubt
    assert "--accept-introduction" in doubt
    assert "make H-2.txt" not in home.subjects()


@pytest.mark.parametrize("by", ["eve", None], ids=["a stranger", "nobody"])
def test_whoever_adds_a_key_must_be_one_who_may(home, by):
    home.signs({".pawl/approvers": home.shows(".pawl/approvers") + home.line("eve")}, by=by)
    home.wishes("H-1", requires_approval=True)
    assert home.runs().doubts


def test_a_break_is_not_forgotten_and_a_branch_put_back_goes_on(home):
    home.runs()
    good = home.tip()
    home.signs({POLICY: another(home)}, by="eve")
    assert home.runs().doubts
    assert home.runs().doubts, "by the next process neither"
    home.git("reset", "--hard", "--quiet", good)
    assert all("--accept-tip" in doubt for doubt in home.runs().doubts)
    accept_tip(home.path, good, as_json=False)
    assert home.runs().doubts == []


def test_what_the_operator_accepts_is_believed_from_there_on(home, capsys):
    home.signs({POLICY: another(home)}, by="eve")
    home.wishes("H-1", requires_approval=True)
    assert home.runs().doubts
    with pytest.raises(RefusedError):
        accept_introduction(home.path, "0" * 40, as_json=False)
    accept_introduction(home.path, home.tip(), as_json=False)
    assert "believed" in capsys.readouterr().out
    assert home.runs().doubts == []
    home.answers("H-1", "approval")
    home.runs()
    assert home.ended("H-1") == ("PASS", "landed")


def test_what_was_accepted_introduces_further_clones_and_the_same_one_anew(settled, tmp_path):
    home = settled(approvers=())
    home.runs()
    oid = home.signs({".pawl/approvers": home.line("alice")}, by=None)
    accept_introduction(home.path, oid, as_json=False)
    key = home.outside.trust.daemon_key
    for at, argv in ((home.path, ()), (tmp_path / "clone", ("--daemon-key", key))):
        if argv:
            subprocess.run(["git", "clone", "-q", home.path, at], check=True)
        found = pawl(at, "init", "--introduction", oid, *argv, "--json")
        assert (found.code, found.json["introduction"]) == (0, oid)
    home.signs({POLICY: another(home)})
    assert home.runs().doubts == []


def test_without_approvers_all_goes_on_that_needs_no_person(settled):
    home = settled(approvers=())
    home.signs({POLICY: another(home)}, by=None)
    home.wishes("H-1")
    home.wishes("H-2", requires_approval=True)
    assert home.runs().doubts == []
    assert home.ended("H-1") == ("PASS", "landed")
    home.answers("H-2", "approval", by="alice")
    standing = home.runs()
    assert standing.doubts == []
    assert "nothing that is signed counts" in standing.rests["H-2"].why


def test_a_daemon_that_could_sign_for_an_approver_does_not_start(home):
    config = home.outside.config
    shutil.copy(home.keys / "alice", config / "id_ed25519")
    (config / "id_ed25519").chmod(0o600)
    with pytest.raises(KeysAtHandError, match="alice@x"):
        home.runs()
    shutil.copy(home.keys / "eve", config / "id_ed25519")
    home.runs()


def test_the_command_says_so_and_ends_with_three(home):
    shutil.copy(home.keys / "alice", home.outside.config / "id_ed25519")
    (home.outside.config / "id_ed25519").chmod(0o600)
    process = home.starts("once", stderr=subprocess.PIPE)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 3
    assert b"alice@x" in said
    assert b"ssh-keygen -p" in said


@pytest.fixture
def agent(monkeypatch):
    """An agent that answers whoever runs here."""
    said = subprocess.run(["ssh-agent", "-s"], capture_output=True, text=True, check=True).stdout
    found = dict(re.findall(r"(SSH_[A-Z_]+)=([^;]+);", said))
    for name, value in found.items():
        monkeypatch.setenv(name, value)
    yield
    os.kill(int(found["SSH_AGENT_PID"]), signal.SIGTERM)


def test_an_agent_that_would_sign_for_an_approver_is_refused_as_well(home, agent, monkeypatch):
    subprocess.run(["ssh-add", "-q", str(home.keys / "bob")], check=True)
    with pytest.raises(KeysAtHandError, match="bob@x"):
        home.runs()
    monkeypatch.delenv("SSH_AUTH_SOCK")
    home.runs()


@pytest.mark.parametrize("half", ["", ".pub"], ids=["the key", "its public half"])
def test_a_key_that_git_here_is_told_to_sign_with_is_one_it_could_sign_with(home, half):
    home.git("config", "user.signingKey", f"{home.keys / 'alice'}{half}")
    with pytest.raises(KeysAtHandError, match="alice@x"):
        home.runs()
    home.git("config", "user.signingKey", f"{home.keys / 'eve'}{half}")
    home.runs()


def test_a_key_in_a_folder_that_builders_see_is_one_they_could_sign_with(home, tmp_path):
    tools = tmp_path / "tools" / "etc"
    tools.mkdir(parents=True)
    shutil.copy(home.keys / "alice", tools / "key")
    home.runs()
    with (home.outside.config / "host.yaml").open("a") as host:
        host.write(f"mounts: [{tools.parent}]\n")
    with pytest.raises(KeysAtHandError, match="alice@x"):
        home.runs()


def test_where_one_person_decides_their_key_may_lie_there(settled):
    home = settled(mode="one-person")
    home.git("config", "user.signingKey", str(home.keys / "alice"))
    home.runs()

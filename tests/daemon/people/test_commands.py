"""People decide by commands: what they write is a commit of theirs that the daemon believes."""

import contextlib
import io
import json
import re
import subprocess
import sys
from dataclasses import dataclass
from unittest import mock

import pytest
import yaml

from daemon.__main__ import main
from tests.daemon.conftest import POLICY
from tests.daemon.people.conftest import REASON

ASKS = POLICY + b"failures:\n  build_error: {action: escalate, origin: item}\n"
WAIVES = POLICY + b"failures:\n  test_failure: {action: waiver, origin: item}\n"


@dataclass(frozen=True)
class Answer:
    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)


def pawl(at, *argv, typed=None):
    """Run a command in this process; *typed* is what somebody at a terminal types."""
    out, err = io.StringIO(), io.StringIO()
    stdin = io.StringIO(typed or "")
    stdin.isatty = lambda: typed is not None
    with (
        mock.patch.object(sys, "argv", ["pawl", *argv]),
        mock.patch.object(sys, "stdin", stdin),
        contextlib.chdir(at),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        pytest.raises(SystemExit) as ended,
    ):
        main()
    return Answer(int(ended.value.code or 0), out.getvalue(), err.getvalue())


def signing(home, name="alice", at=None):
    """Have git sign with somebody's token, as they set it up themselves."""
    token = str(home.keys / "tokens" / name)
    for key, value in (
        ("gpg.format", "ssh"),
        ("gpg.ssh.program", token),
        ("user.signingKey", f"{token}.pub"),
    ):
        subprocess.run(["git", "-C", at or home.path, "config", key, value], check=True)


def says(home, *argv, at=None, typed=None):
    """Run a deciding command with a reason; without asking again, unless something is typed."""
    sure = () if typed is not None else ("--yes",)
    return pawl(at or home.path, *argv, "--reason", REASON, *sure, typed=typed)


@pytest.fixture
def waiting(home):
    """A mission that waits for an approval, and alice at her desk."""
    home.wishes("H-1", requires_approval=True)
    home.runs()
    signing(home)
    return home


def test_what_is_approved_lands_and_the_commit_holds_nothing_else(waiting):
    (waiting.path / "README").write_text("changed, and not committed\n")
    found = says(waiting, "approve", "H-1", "--json")
    assert (found.code, found.err.splitlines()[-1]) == (0, found.err.splitlines()[-1])
    commit = found.json["commit"]
    (changed,) = waiting.git("show", "--format=", "--name-status", commit).splitlines()
    assert changed.startswith("A\twaivers/")
    assert waiting.git("log", "-1", "--format=%s", commit) == "H-1: approval, request 1"
    waiting.git("checkout", "--quiet", "README")
    waiting.runs()
    assert waiting.ended("H-1") == ("PASS", "landed")


def test_a_rejection_and_an_abort_end_it(waiting):
    waiting.wishes("H-2", requires_approval=True)
    waiting.runs()
    assert says(waiting, "reject", "H-1").code == 0
    assert says(waiting, "abort", "H-2").code == 0
    waiting.runs()
    assert waiting.ended("H-1") == ("BLOCKED", "rejected_by_person")
    assert waiting.ended("H-2") == ("CANCELLED", "by_person")
    assert pawl(waiting.path, "inbox", "--why").out == "nothing waits for a person\n"


def test_a_limit_is_answered_by_resume_or_grant_and_not_by_approve(settled):
    home = settled(ASKS + b"command: {deterministic: false}\n")
    home.wishes("H-1", command=["sh", "-c", "exit 3"])
    home.runs()
    signing(home)
    refused = says(home, "approve", "H-1")
    assert refused.code == 2
    assert "`pawl resume H-1`, `pawl grant H-1`" in refused.err
    assert says(home, "resume", "H-1").code == 0
    home.runs()
    assert home.waits("H-1").request == "requests/2.yaml"
    assert says(home, "grant", "H-1", "--attempts", "2").code == 0
    home.runs()
    assert home.waits("H-1").request == "requests/3.yaml"
    assert home.kinds("H-1").count("attempt-ended") == 4


def test_approve_writes_a_waiver_where_a_waiver_is_asked_for(settled):
    home = settled(WAIVES)
    home.wishes("H-1", tests=[{"run": ["test", "-s", "other.txt"]}])
    home.runs()
    signing(home)
    assert says(home, "approve", "H-1").code == 0
    home.runs()
    assert home.ended("H-1") == ("PASS", "landed")


def test_what_was_approved_can_be_taken_back_before_it_lands(waiting):
    commit = says(waiting, "approve", "H-1", "--json").json["commit"]
    name = waiting.git("show", "--format=", "--name-only", commit)
    permission = name.removeprefix("waivers/").removesuffix(".yaml")
    assert says(waiting, "revoke", permission).code == 0
    assert "already" in says(waiting, "revoke", permission).out
    waiting.runs()
    assert waiting.waits("H-1").request == "requests/1.yaml"
    found = pawl(waiting.path, "inbox", "--why", "--json").json
    assert "revoked" in found["waiting"][0]["denied"][0]


def test_the_inbox_tells_what_waits_why_and_what_answers_it(waiting):
    (row,) = pawl(waiting.path, "inbox", "--json").json["waiting"]
    assert (row["id"], row["outcome"], row["number"]) == ("H-1", "APPROVAL_REQUESTED", "1")
    assert row["commands"] == ["pawl approve H-1", "pawl reject H-1", "pawl abort H-1"]
    told = pawl(waiting.path, "inbox").out
    assert "has to approve it before it lands" in told
    assert "pawl approve H-1" in told


def test_an_empty_inbox_says_so(home):
    assert pawl(home.path, "inbox").out == "nothing waits for a person\n"


def test_why_names_the_code_of_a_denial_and_what_is_no_permission(waiting):
    signing(waiting, "eve")
    waiting.answers("H-1", "approval", by="eve")
    waiting.signs({"waivers/note.yaml": "kind: [\n"})
    waiting.runs()
    found = pawl(waiting.path, "inbox", "--why", "--json").json
    assert "unknown_key" in found["waiting"][0]["denied"][0]
    assert found["illegible"][0].startswith("waivers/note.yaml: ")
    told = pawl(waiting.path, "inbox", "--why").out
    assert "DENIED" in told
    assert "not a permission: waivers/note.yaml" in told


def test_the_inbox_tells_what_needs_a_hand_and_what_answers_nothing(waiting):
    waiting.answers("H-1", "rejection", edit=lambda text: text.replace('"H-1"', '"H-7"'))
    waiting.wishes("H-2")
    (waiting.path / "README").write_text("changed, and not committed\n")
    waiting.runs()
    found = pawl(waiting.path, "inbox", "--why", "--json").json
    assert [one.partition(":")[0] for one in found["stuck"]] == ["H-2"]
    (other,) = found["others"]
    assert other.endswith("rejection of H-7, which waits for nobody")
    told = pawl(waiting.path, "inbox", "--why").out
    assert "H-2: held: " in told
    assert other in told


def test_what_is_asked_is_shown_before_somebody_says_yes(waiting):
    before = waiting.tip()
    no = says(waiting, "approve", "H-1", typed="no\n")
    assert (no.code, waiting.tip()) == (0, before)
    assert "H-1 asks, request 1: APPROVAL_REQUESTED" in no.out
    assert "H-1.txt" in no.out
    assert "nothing was committed" in no.out
    yes = says(waiting, "approve", "H-1", typed="yes\n")
    assert (yes.code, waiting.tip() != before) == (0, True)


REFUSED = (
    (("approve", "H-9"), 4, "no mission of that name"),
    (("approve", "H-2"), 4, "it asks nobody anything"),
    (("approve", "H-1", "--request", "2"), 4, "asks now is request 1"),
    (("grant", "H-1"), 2, "that is no answer"),
    (("approve", "H-1", "--expires", "soon"), 2, "that is no time"),
    (("approve", "H-1", "--expires", "2020-01-01T00:00:00Z"), 2, "that is over"),
    (("approve", "H-1", "--expires", "9999d"), 2, "decisions may last"),
    (("revoke", "nothing"), 4, "no waivers/nothing.yaml"),
)


def test_what_cannot_be_decided_is_refused_and_nothing_is_committed(waiting):
    waiting.wishes("H-2")
    waiting.runs()
    before = waiting.tip()
    for argv, code, said in REFUSED:
        found = says(waiting, *argv)
        assert (argv, found.code, said in found.err) == (argv, code, True), found.err
    assert waiting.tip() == before


def test_a_short_reason_is_refused_in_the_words_of_the_file(waiting):
    found = pawl(waiting.path, "approve", "H-1", "--reason", "fine", "--yes")
    assert found.code == 2
    assert "reason: must have at least 20 characters" in found.err


def test_without_a_terminal_nothing_is_decided_unasked(waiting):
    found = pawl(waiting.path, "approve", "H-1", "--reason", REASON)
    assert (found.code, "add --yes" in found.err.lower()) == (2, True)


def test_a_key_that_would_not_count_is_refused_before(waiting):
    before = waiting.tip()
    signing(waiting, "eve")
    found = says(waiting, "approve", "H-1")
    assert (found.code, waiting.tip()) == (3, before)
    assert "the daemon would not count it" in found.err
    waiting.git("config", "--unset", "user.signingKey")
    found = says(waiting, "approve", "H-1")
    assert (found.code, "git config gpg.format ssh" in found.err) == (3, True)


def test_a_clone_that_only_fetched_refs_decides_as_well(waiting, tmp_path):
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", waiting.path, clone], check=True)
    fetch = ["git", "-C", clone, "fetch", "-q", "origin", "+refs/pawl/*:refs/pawl/*"]
    subprocess.run(fetch, check=True)
    signing(waiting, "bob", at=clone)
    (row,) = pawl(clone, "inbox", "--json").json["waiting"]
    assert row["id"] == "H-1"
    found = says(waiting, "approve", "H-1", at=clone)
    assert (found.code, "once it is pushed" in found.out) == (0, True)
    waiting.git("pull", "--quiet", str(clone), "main")
    waiting.runs()
    assert waiting.ended("H-1") == ("PASS", "landed")


def test_a_clone_that_is_behind_is_told_to_pull_first(waiting, tmp_path):
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", waiting.path, clone], check=True)
    waiting.commits({"more.txt": "more\n"})
    fetch = ["git", "-C", clone, "fetch", "-q", "origin", "+refs/pawl/*:refs/pawl/*"]
    subprocess.run([*fetch, "+refs/heads/main:refs/remotes/origin/main"], check=True)
    signing(waiting, at=clone)
    found = says(waiting, "approve", "H-1", at=clone)
    assert (found.code, "git pull --rebase" in found.err) == (5, True)


def test_where_nobody_signs_a_decision_needs_no_key(settled):
    home = settled(mode="unsigned-local", approvers=())
    home.wishes("H-1", requires_approval=True)
    home.runs()
    assert says(home, "approve", "H-1").code == 0
    home.runs()
    assert home.ended("H-1") == ("PASS", "landed")


def test_the_loop_is_woken_when_a_decision_ends(waiting):
    waiting.commits({".pawl/PAUSE": "paused\n"})
    commit = says(waiting, "approve", "H-1", "--expires", "12h", "--json").json["commit"]
    (path,) = waiting.git("show", "--format=", "--name-only", commit).splitlines()
    expires = re.search('^expires: "(.*)"$', waiting.shows(path), re.MULTILINE)[1]
    due = waiting.runs().due
    assert [f"{moment:%Y-%m-%dT%H:%M:%SZ}" for moment in due.values()] == [expires]


def test_people_are_told_whom_a_mission_waits_for_and_what_does_not_count(
    waiting, receiver, secret
):
    told = {"ops": {"webhook": receiver.url, "secret": str(secret)}}
    host = waiting.outside.config / "host.yaml"
    host.write_text(yaml.safe_dump({**yaml.safe_load(host.read_text()), "notify": told}))
    policy = waiting.path / ".pawl/policy.yaml"
    waiting.signs({".pawl/policy.yaml": policy.read_text() + "notifications: [{to: ops}]\n"})
    waiting.runs()
    waiting.runs()
    waiting.answers("H-1", "approval", by="eve")
    waiting.runs()
    waiting.runs()
    asked, denied = (post.json for post in receiver.posts)
    assert (asked["event"], denied["event"]) == ("waiting", "denied")
    assert asked["next"] == "pawl approve H-1 | pawl reject H-1 | pawl abort H-1"
    assert "unknown_key" in denied["why"]
    assert denied["next"] == "pawl inbox --why"

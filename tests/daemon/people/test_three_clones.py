"""A bare hub and three clones: the build host's, alice's and bob's; both people have a key."""

import os
import subprocess
import uuid
from datetime import UTC, datetime, timedelta

import pytest
import yaml

from daemon.cli.beginning import Beginning, introduction
from daemon.cli.init import initialise
from daemon.cli.place import open_place
from daemon.outside import Roots, find
from gitops.person import Person
from tests.daemon.conftest import POLICY, House, python
from tests.daemon.people.conftest import Home
from tests.daemon.people.test_commands import pawl, says, signing

FAST = {"fetch_s": 1, "retry_s": 1, "retry_max_s": 2, "lease_s": 600, "timeout_s": 60}
PAGE = "".join(f"line {n}\n" for n in range(20))


class Clock:
    def __init__(self, ahead):
        self.ahead = ahead

    def now(self):
        return datetime.now(UTC).replace(microsecond=0) + self.ahead


class Builder(House):
    """The clone of the build host, and what lies outside of it."""

    @property
    def outside(self):
        return find(self.gitdir, Roots(self.path.parent / "config", self.path.parent / "state"))


class Clone(Home):
    """A person's clone."""

    def pushes(self):
        self.git("push", "--quiet", "origin", "main")

    def pulls(self):
        self.git("pull", "--quiet", "--rebase", "origin", "main")

    def changes(self, files, by=None):
        """Commit and push; signed where somebody is named."""
        self.pulls()
        commit = self.signs(files, by=by)
        self.pushes()
        return commit

    def says(self, *argv):
        """Decide by a command, and push; return the file that was written."""
        self.pulls()
        found = says(self, *argv, "--json")
        assert found.code == 0, found.err
        self.pushes()
        (path,) = self.git("show", "--format=", "--name-only", found.json["commit"]).splitlines()
        return path


class Three:
    def __init__(self, folder, keys, approvers):
        self.hub, self.keys = folder / "hub.git", keys
        subprocess.run(["git", "init", "-q", "--bare", "-b", "main", self.hub], check=True)
        host = self.clone(folder / "host", Builder)
        host.git("checkout", "-q", "-B", "main")
        host.commits({"README": "a house\n", "page.txt": PAGE}, "the beginning")
        place = open_place(host.path)
        person = Person(place.gitdir, os.environ)

        def begin(*_):
            return Beginning(introduction(POLICY, approvers), {}, "")

        initialise(place, person, "signed", begin, lambda *_: ())
        host.git("reset", "--hard", "--quiet")
        host.git("push", "--quiet", "origin", "main")
        self.host = host
        path = host.outside.config / "host.yaml"
        row = {**yaml.safe_load(path.read_text()), "free_bytes": 1}
        path.write_text(yaml.safe_dump({**row, "remote": {"url": str(self.hub), **FAST}}))
        self.alice = self.clone(folder / "alice", Clone)
        self.bob = self.clone(folder / "bob", Clone)
        for name, clone in (("alice", self.alice), ("bob", self.bob)):
            signing(self, name, at=clone.path)
            clone.git("config", "--add", "remote.origin.fetch", "+refs/pawl/*:refs/pawl/*")

    def clone(self, path, kind):
        argv = ["git", "clone", "-q", self.hub, path]
        subprocess.run(argv, check=True, stderr=subprocess.DEVNULL)
        made = kind(path)
        made.keys = self.keys
        return made

    def wishes(self, item="H-1", **keys):
        """Have alice wish for something that somebody has to approve, and have that asked."""
        self.alice.pulls()
        self.alice.wishes(item, requires_approval=True, **keys)
        self.alice.pushes()
        self.host.runs()
        assert self.asks(item) == "1"

    def asks(self, item):
        """Return which request of *item* waits, as bob's clone has it."""
        self.bob.git("fetch", "--quiet", "--prune", "origin")
        rows = pawl(self.bob.path, "inbox", "--json").json["waiting"]
        return next((row["number"] for row in rows if row["id"] == item), None)

    def landed(self):
        argv = ["git", "--git-dir", self.hub, "log", "--format=%(trailers:key=Pawl-Mission,"]
        argv[-1] += "valueonly,separator=)"
        done = subprocess.run([*argv, "main"], check=True, capture_output=True, text=True)
        return [mission for mission in done.stdout.splitlines() if mission]

    def denials(self, mission, **options):
        return " ".join(self.host.runs(**options).rests[mission].denied)


@pytest.fixture
def three(people, tmp_path, keys, monkeypatch):
    """`three(approvers)` is a hub with its clones; bob's key may have options."""
    monkeypatch.setenv("PAWL_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("PAWL_STATE_DIR", str(tmp_path / "state"))

    def make(options='namespaces="git"'):
        home = Home(tmp_path)
        home.keys = keys
        return Three(tmp_path, keys, home.line("alice") + home.line("bob", options))

    return make


def test_what_is_approved_in_another_clone_lands(three):
    it = three()
    it.wishes()
    path = it.bob.says("approve", "H-1")
    it.host.runs()
    assert it.landed() == ["H-1"]
    it.alice.pulls()
    blob = it.alice.git("rev-parse", f"HEAD:{path}")
    trailer = it.alice.git("log", "-1", "--format=%(trailers:key=Pawl-Waiver,valueonly)").strip()
    assert trailer == blob
    assert it.asks("H-1") is None


def test_a_decision_that_was_used_is_none_for_the_next_mission(three):
    it = three()
    it.wishes()
    path = it.bob.says("approve", "H-1")
    it.host.runs()
    it.alice.pulls()
    used = it.alice.shows(path)
    it.wishes("H-2")
    name, old = str(uuid.uuid4()), path.removeprefix("waivers/").removesuffix(".yaml")
    again = used.replace(old, name).replace('"H-1"', '"H-2"')
    it.alice.changes({f"waivers/{name}.yaml": again}, by=None)
    assert "unsigned" in it.denials("H-2")
    assert it.landed() == ["H-1"]


def test_an_answer_that_is_over_before_it_is_seen_lets_nothing_land(three):
    it = three()
    it.wishes()
    it.bob.says("approve", "H-1", "--expires", "1h")
    assert "expired" in it.denials("H-1", clock=Clock(timedelta(hours=2)))
    assert it.landed() == []


def test_a_revocation_that_comes_first_wins(three):
    it = three()
    it.wishes()
    path = it.bob.says("approve", "H-1")
    it.alice.says("revoke", path.removeprefix("waivers/").removesuffix(".yaml"))
    assert "revoked" in it.denials("H-1")
    assert it.landed() == []


def test_a_revocation_that_is_pushed_while_it_lands_wins(three):
    it = three()
    it.wishes()
    name = it.bob.says("approve", "H-1").removeprefix("waivers/").removesuffix(".yaml")
    left = [lambda: it.alice.says("revoke", name)]

    def point(where):
        if where == "hub:land" and left:
            left.pop()()

    it.host.runs(point=point)
    assert left == []
    assert it.landed() == []
    assert it.asks("H-1") == "2"


def test_another_policy_makes_it_another_question(three):
    it = three()
    it.wishes()
    it.bob.says("approve", "H-1")
    it.alice.changes({".pawl/policy.yaml": (POLICY + b"reconcile_s: 7\n").decode()}, by="alice")
    it.host.runs()
    assert it.landed() == []
    assert it.asks("H-1") is not None


def test_an_approval_holds_while_the_target_moves_elsewhere(three):
    it = three()
    it.wishes()
    it.bob.says("approve", "H-1")
    it.alice.changes({"README": "another house\n"})
    it.host.runs()
    assert it.landed() == ["H-1"]


def test_an_approval_does_not_hold_for_other_content_of_the_same_file(three):
    it = three()
    last = python("text = open('page.txt').read(); open('page.txt', 'w').write(text + 'more\\n')")
    it.wishes(command=last, write_scope=["page.txt"],
              tests=[{"run": ["grep", "-q", "more", "page.txt"]}])  # fmt: skip
    it.bob.says("approve", "H-1")
    it.alice.changes({"page.txt": PAGE.replace("line 0", "the first line")})
    it.host.runs()
    assert it.landed() == []
    assert it.asks("H-1") == "2"
    it.bob.says("approve", "H-1")
    it.host.runs()
    assert it.landed() == ["H-1"]


def test_a_key_that_nobody_let_in_decides_nothing_and_freezes(three):
    it = three()
    it.wishes()
    approvers = it.alice.shows(".pawl/approvers")
    it.alice.changes({".pawl/approvers": f"{approvers}\n{it.alice.line('eve')}"}, by=None)
    signing(it, "eve", at=it.bob.path)
    it.bob.says("approve", "H-1")
    standing = it.host.runs()
    assert it.landed() == []
    assert "may not be there" in standing.doubts[0]


def test_a_key_that_is_over_decides_nothing_however_the_commit_is_dated(three, monkeypatch):
    it = three('namespaces="git",valid-before="20200101000000Z"')
    it.wishes()
    it.bob.pulls()
    monkeypatch.setenv("GIT_COMMITTER_DATE", "2019-06-01T12:00:00Z")
    it.bob.answers("H-1", "approval", by="bob")
    it.bob.pushes()
    monkeypatch.delenv("GIT_COMMITTER_DATE")
    assert "key_expired" in it.denials("H-1")
    assert it.landed() == []

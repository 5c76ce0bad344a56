"""A bare hub, a build host, and clones of people who sign: what they do is git and nothing else.

hall.bob.wishes("H-1", requires_approval=True)
hall.host.runs()
hall.ada.answers_by_hand("H-1", "approval")
"""

import os
import re
import subprocess
from dataclasses import dataclass

import yaml

from daemon.cli.beginning import Beginning, introduction
from daemon.cli.init import initialise
from daemon.cli.place import open_place
from gitops.person import Person
from tests.daemon.conftest import POLICY
from tests.daemon.people.conftest import REASON, Home
from tests.daemon.remote.conftest import FAST, Host, Hub


class Clone(Home, Hub):
    """A person's clone of the hub; whoever it is signs with the key of *name*."""

    name = None

    def is_of(self, name, keys):
        self.name, self.keys = name, keys
        self.git("config", "gpg.format", "ssh")
        self.git("config", "user.signingkey", str(keys / name))
        return self

    def fetches(self):
        self.pulls()
        self.git("fetch", "--quiet", "origin", "+refs/pawl/*:refs/pawl/*")

    def sh(self, line):
        """Type *line* into a shell, as it stands in a request."""
        done = subprocess.run(
            ["sh", "-e", "-c", line], cwd=self.path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{line}: {done.stderr}"

    def asked(self, mission, number=1):
        """Return the request as a person's YAML reader has it."""
        self.fetches()
        return yaml.safe_load(self.request(mission, number))

    def answers_by_hand(self, mission, kind, *, number=1, edit=None):
        """Do what the request says, line by line, and write a reason between; return the commit."""
        self.pulls()
        self.git("fetch", "--quiet", "origin", f"+refs/pawl/missions/{mission}:refs/seen")
        page = yaml.safe_load(self.git("show", f"refs/seen:requests/{number}.yaml"))
        fetch, _, commit = page["how"]
        (answer,) = [one for one in page["answers"] if one["kind"] == kind]
        self.sh(fetch)
        self.sh(answer["command"])
        file = self.path / answer["file"]
        text = re.sub(r'^reason: "".*', f'reason: "{REASON}"', file.read_text(), flags=re.MULTILINE)
        file.write_text(edit(text) if edit else text)
        self.sh(commit)
        return self.git("rev-parse", "HEAD")

    def gives(self, files, **how):
        """Commit *files* as `signs` does, with this person's key, and push."""
        self.pulls()
        commit = self.signs(files, **{"by": self.name, **how})
        self.pushes()
        return commit


@dataclass
class Hall:
    ada: Clone
    bob: Clone
    host: Host


def _clone(tmp_path, bare, name, keys):
    path = tmp_path / name
    argv = ["git", "clone", "-q", bare, path]
    subprocess.run(argv, check=True, stderr=subprocess.DEVNULL)
    return Clone(path, bare=bare).is_of(name, keys)


def settle(tmp_path, monkeypatch, keys, policy=POLICY, mode="signed"):
    """Return a hall in which alice and bob may decide; alice's clone is `ada`."""
    bare = tmp_path / "hub.git"
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", bare], check=True)
    ada = _clone(tmp_path, bare, "alice", keys)
    ada.git("checkout", "-q", "-B", "main")
    ada.commits({"README": "a house\n"}, "the beginning")
    ada.pushes()
    root = tmp_path / "host"
    root.mkdir()
    monkeypatch.setenv("PAWL_CONFIG_DIR", str(root / "config"))
    monkeypatch.setenv("PAWL_STATE_DIR", str(root / "state"))
    host = Host(root / "clone", root=root, hub=ada)
    subprocess.run(["git", "clone", "-q", bare, host.path], check=True)
    place = open_place(host.path)
    lines = ada.line("alice") + ada.line("bob")
    begin = Beginning(introduction(policy, lines), {}, "")
    person = Person(place.gitdir, os.environ)
    outside = initialise(place, person, mode, lambda *_: begin, lambda *_: ()).outside
    with (outside.config / "host.yaml").open("a") as file:
        file.write("free_bytes: 1\n")  # the tests' own disk may be small
    host.git("reset", "--hard", "--quiet")
    host.git("push", "--quiet", "origin", "main")
    host.knows(url=str(bare), **FAST)
    ada.pulls()
    return Hall(ada, _clone(tmp_path, bare, "bob", keys), host)

"""A hub people push to, and build hosts: clones of it, each with a daemon, a key and a state.

hub.wishes("H-1")                 # Ada commits and pushes
host = hosts("one")               # a clone, its outside, and the hub in its host file
host.runs()                       # `pawl once` there
"""

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml

from daemon.cli.adopt import adopt
from daemon.cli.beginning import Beginning, introduction
from daemon.cli.init import initialise
from daemon.cli.place import open_place
from daemon.outside import Roots, find
from gitops import ledger, refs
from gitops.person import Person
from tests.daemon.conftest import POLICY, House
from tests.hubs import PASSWORD, USER, Gate, Http, Sshd
from tests.independent.audit import audit

FAST = {"fetch_s": 1, "retry_s": 1, "retry_max_s": 2, "lease_s": 600, "timeout_s": 60}


@dataclass
class Hub(House):
    """A bare repository at *bare*; *path* is Ada's clone of it."""

    bare: Path | None = None

    def wishes(self, item, **keys):
        commit = super().wishes(item, **keys)
        self.pushes()
        return commit

    def edits(self, files, message="a person's commit"):
        self.pulls()
        commit = self.commits(files, message)
        self.pushes()
        return commit

    def pulls(self):
        self.git("pull", "--quiet", "--rebase", "origin", "main")

    def pushes(self):
        """Push; who was beaten to it takes in what is there and pushes again."""
        while True:
            done = subprocess.run(
                ["git", "push", "--quiet", "origin", "main"], cwd=self.path, capture_output=True,
                check=False,
            )  # fmt: skip
            if done.returncode == 0:
                return
            self.pulls()

    def at(self, *argv):
        return self.git("--git-dir", self.bare, *argv)

    def tip(self, ref="main"):
        return self.at("rev-parse", ref)

    def refs(self, under="refs"):
        return self.at("for-each-ref", "--format=%(refname)", under).splitlines()

    def landings(self):
        line = self.at(
            "log", "--first-parent", "--reverse",
            "--format=%(trailers:key=Pawl-Mission,valueonly,separator=)", "main",
        )  # fmt: skip
        return [mission for mission in line.splitlines() if mission]

    def closed(self):
        rows = self.at("log", "--first-parent", "--format=%(trailers:key=Pawl-Mission,valueonly,"
                       "separator=)", "pawl/ledger")  # fmt: skip
        return sorted(mission for mission in rows.splitlines() if mission)

    def hooks(self, name, script):
        path = self.bare / "hooks" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return path

    @property
    def gitdir(self):
        return self.bare

    @property
    def store(self):
        raise AssertionError("the hub is looked at by git")


@dataclass
class Host(House):
    """A build host: a clone, and what lies outside of it."""

    root: Path | None = None
    hub: Hub | None = None
    remote: dict = field(default_factory=dict)

    @property
    def outside(self):
        return find(self.gitdir, Roots(self.root / "config", self.root / "state"))

    @property
    def env(self):
        return {
            **os.environ,
            "PAWL_CONFIG_DIR": str(self.root / "config"),
            "PAWL_STATE_DIR": str(self.root / "state"),
        }

    def knows(self, **remote):
        """Write the hub into the host file."""
        self.remote |= remote
        path = self.outside.config / "host.yaml"
        host = yaml.safe_load(path.read_text())
        path.write_text(yaml.safe_dump({**host, "remote": self.remote}))

    def believes(self, *keys):
        path = self.outside.config / "trust.yaml"
        trust = yaml.safe_load(path.read_text())
        path.write_text(yaml.safe_dump({**trust, "peers": list(keys)}, width=1000))

    @property
    def key(self):
        return self.outside.trust.daemon_key

    @property
    def name(self):
        own = (self.outside.state / "instance").read_text().strip()
        return next(
            ref for ref in self.hub.refs("refs/pawl/leases") if ref.endswith(own)
        ).removeprefix(refs.LEASES)

    def starts(self, *argv, **options):
        return subprocess.Popen(
            [sys.executable, "-m", "daemon", "-C", self.path, *argv], env=self.env, **options
        )

    def lost(self):
        return self.git("for-each-ref", "--format=%(refname)", refs.LOST).splitlines()

    def why(self, mission, standing):
        rest = standing.rests[mission]
        return rest.reason, rest.why


@pytest.fixture(scope="session")
def sshd(tmp_path_factory):
    server = Sshd(tmp_path_factory.mktemp("ssh") / "sshd")
    yield server
    server.stops()


@pytest.fixture
def reached(hub, sshd, tmp_path):
    """`reached(how)` is what the host file says of the hub: over ssh, http, or as a path."""
    servers = []

    def reach(how):
        if how != "http":
            return sshd.keys(hub.bare) if how == "ssh" else {}
        hub.at("config", "http.receivepack", "true")
        servers.append(Http(tmp_path))
        secret = tmp_path / "credentials"
        secret.write_text(f"username={USER}\npassword={PASSWORD}\n")
        return {"url": servers[0].url(hub.bare.name), "credentials": str(secret)}

    yield reach
    for one in servers:
        one.stops()


@pytest.fixture
def gates():
    """`gates(port)` is a port of its own that leads there and can be shut."""
    made = []

    def make(port):
        made.append(Gate(port))
        return made[-1]

    yield make
    for one in made:
        one.ends()


@pytest.fixture
def hub(people, tmp_path):
    bare = tmp_path / "hub.git"
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", bare], check=True)
    path = tmp_path / "ada"
    subprocess.run(["git", "clone", "-q", bare, path], check=True, stderr=subprocess.DEVNULL)
    hub = Hub(path, bare=bare)
    hub.git("checkout", "-q", "-B", "main")
    hub.commits({"README": "a house\n"}, "the beginning")
    hub.pushes()
    return hub


@pytest.fixture
def hosts(hub, tmp_path, monkeypatch):
    """`hosts(name, **remote)` is a clone with a daemon; the first one begins it all."""
    made = []

    def make(name, *, policy=POLICY, how=None, begins=True, **remote):
        root = tmp_path / name
        root.mkdir()
        host = Host(root / "clone", root=root, hub=hub)
        subprocess.run(["git", "clone", "-q", hub.bare, host.path], check=True)
        monkeypatch.setenv("PAWL_CONFIG_DIR", str(root / "config"))
        monkeypatch.setenv("PAWL_STATE_DIR", str(root / "state"))
        place = open_place(host.path)
        person = Person(place.gitdir, os.environ)
        if made:
            first = made[0].outside.trust
            keys = tuple(one.key for one in made)
            adopt(place, person, "unsigned-local", introduction=first.introduction, peers=keys)
            for one in made:
                one.believes(*(other.key for other in (*made, host) if other is not one))
        else:
            _begins(host, place, person, policy)
        host.knows(**{"url": str(hub.bare), **FAST, **(how or {}), **remote})
        made.append(host)
        if len(made) == 1 and begins:
            host.runs()  # so that the hub has a ledger for those who come later
        return host

    yield make
    if made:
        assert audit(hub.bare, made[0].outside.config / "trust.yaml") == []


def _begins(host, place, person, policy):
    def begin(*_):
        return Beginning(introduction(policy), {}, "")

    initialise(place, person, "unsigned-local", begin, lambda *_: ())
    host.git("reset", "--hard", "--quiet")
    host.git("push", "--quiet", "origin", "main")
    host.hub.pulls()


def closed_page(host, mission):
    return ledger.read_closed(host.store, mission, trusted=host.outside.trust.daemons)

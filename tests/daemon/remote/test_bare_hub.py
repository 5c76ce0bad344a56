"""The hub itself is served: people push to it over ssh while the daemon lands there."""

import json
import os
import signal
import subprocess

from daemon.cli.adopt import adopt
from daemon.cli.beginning import Beginning, introduction
from daemon.cli.init import initialise
from daemon.cli.place import open_place
from gitops.person import Person
from tests.daemon.conftest import POLICY
from tests.daemon.remote.conftest import Host
from tests.eventually import eventually
from tests.independent.audit import audit


class Served(Host):
    @property
    def gitdir(self):
        return self.path


def test_people_push_over_ssh_while_it_lands(hub, sshd, tmp_path, monkeypatch):
    def begin(*_):
        return Beginning(introduction(POLICY), {}, "")

    outside = tmp_path / "ada-outside"
    monkeypatch.setenv("PAWL_CONFIG_DIR", str(outside / "config"))
    monkeypatch.setenv("PAWL_STATE_DIR", str(outside / "state"))
    place = open_place(hub.path)
    person = Person(place.gitdir, os.environ)
    done = initialise(place, person, "unsigned-local", begin, lambda *_: ())
    hub.git("reset", "--hard", "--quiet")
    hub.pushes()
    root = tmp_path / "served"
    monkeypatch.setenv("PAWL_CONFIG_DIR", str(root / "config"))
    monkeypatch.setenv("PAWL_STATE_DIR", str(root / "state"))
    place = open_place(hub.bare)
    adopt(place, Person(place.gitdir, os.environ), "unsigned-local", introduction=done.introduction)
    host = Served(hub.bare, root=root, hub=hub)
    ssh = f"ssh -F /dev/null -o UserKnownHostsFile={sshd.folder}/known -i {sshd.folder}/key"
    monkeypatch.setenv("GIT_SSH_COMMAND", ssh)
    hub.git("remote", "set-url", "origin", sshd.url(hub.bare))
    names = [f"H-{n}" for n in range(1, 4)]
    with (tmp_path / "log").open("wb") as log:
        daemon = host.starts("run", stderr=log, stdout=subprocess.DEVNULL)
        try:
            for name in names:
                hub.wishes(name)
            count = 0
            while hub.closed() != names:
                count += 1
                hub.edits({"notes.txt": f"{count}\n"}, f"note {count}")
                assert daemon.poll() is None, (tmp_path / "log").read_text()
        finally:
            daemon.terminate()
            assert daemon.wait(60) == 0
    assert sorted(hub.landings()) == names
    assert hub.at("log", "--format=%s", "--grep=^note", "main").count("note") == count
    assert audit(hub.bare, host.outside.config / "trust.yaml") == []


def test_a_reload_looks_at_the_hub_at_once(hub, hosts, tmp_path):
    """Whoever has just pushed need not wait for the next fetch, however far off that is."""
    host = hosts("one", fetch_s=80_000, lease_s=160_000)
    with (tmp_path / "log").open("wb") as log:
        daemon = host.starts("run", stderr=log, stdout=subprocess.DEVNULL)
        try:
            eventually(lambda: _reached(host, daemon.pid), "the hub was looked at")
            hub.wishes("H-1")
            daemon.send_signal(signal.SIGHUP)
            eventually(lambda: hub.closed() == ["H-1"], "it was looked at again")
        finally:
            daemon.terminate()
            assert daemon.wait(60) == 0
    assert hub.landings() == ["H-1"]


def _reached(host, pid):
    path = host.outside.state / "health.json"
    health = json.loads(path.read_text())
    return health["pid"] == pid and health["hub"]["reached_at"] and not health["under_way"]

"""A served repository in a temporary directory, and a small language to tell its story in.

house.wishes("H-1", command=writes("a.txt", "1"), tests=[exists("a.txt")])
house.runs()
assert house.subjects() == ["H-1", ...]
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from daemon.cli.beginning import Beginning, introduction
from daemon.cli.init import initialise
from daemon.cli.place import open_place
from daemon.outside import find, roots
from daemon.serve import once, serving
from gitops import ledger
from gitops.person import Person
from gitops.repository import Store
from policy.mission.evolve import replay
from tests.daemon.receiving import receiver, secret  # noqa: F401  # fixtures
from tests.independent.audit import audit

GIT = {
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.org",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.org",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
}
POLICY = b"""schema: 1
extends: default-1
repo_name: house
pages: {written: false}
"""
"""Without pages: what these tests look at on the ledger's line are its closings."""


def python(code: str) -> list[str]:
    return ["python3", "-c", code]


@dataclass
class House:
    path: Path
    told: list[tuple[str, str]] = field(default_factory=list)

    # people

    def git(self, *argv: str, stdin: str | None = None) -> str:
        done = subprocess.run(
            ["git", *argv],
            cwd=self.path,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"git {argv}: {done.stderr}"
        return done.stdout.rstrip("\n")

    def commits(self, files: Mapping[str, str | None], message: str = "a person's commit") -> str:
        """Commit *files* (None deletes) on the checked-out branch; return the commit."""
        for name, content in files.items():
            place = self.path / name
            if content is None:
                place.unlink()
            else:
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_text(content)
        self.git("add", "-A", "--", *files)
        self.git("commit", "--quiet", "-m", message)
        return self.git("rev-parse", "HEAD")

    def wishes(self, item: str, **keys: object) -> str:
        """Commit an item: a builder that writes `<item>.txt`, tested for being there."""
        path = f"{item}.txt"
        wish = {
            "id": item,
            "title": f"make {path}",
            "priority": "P1",
            "contract": f"there is a file {path}",
            "acceptance": [f"{path} is there"],
            "write_scope": [path],
            "tests": [{"run": ["test", "-s", path]}],
            "command": python(f"open({path!r}, 'w').write('made\\n')"),
            **keys,
        }
        text = "".join(f"{key}: {json.dumps(value)}\n" for key, value in wish.items())
        return self.commits({f"backlog/{item}.yaml": text}, f"wish {item}")

    # the daemon

    @property
    def outside(self):
        return find(self.gitdir, roots(os.environ))

    @property
    def gitdir(self) -> Path:
        return self.path / ".git"

    def serves(self, **options: object):
        """Return the context of a daemon in this process."""
        return serving(self.outside, told=lambda *said: self.told.append(said), **options)

    def runs(self, **options: object):
        """Run the daemon in this process until idle."""
        with self.serves(**options) as it:
            return once(it)

    def starts(self, *argv: str, **options: object) -> subprocess.Popen:
        """Run the daemon in a process of its own."""
        return subprocess.Popen([sys.executable, "-m", "daemon", "-C", self.path, *argv], **options)

    # what is there afterwards

    @property
    def store(self) -> Store:
        return Store.open(self.gitdir, durability="process")

    def tip(self, ref: str = "main") -> str:
        return self.git("rev-parse", ref)

    def subjects(self, ref: str = "main") -> list[str]:
        return self.git("log", "--first-parent", "--reverse", "--format=%s", ref).splitlines()

    def shows(self, path: str, ref: str = "main") -> str:
        return self.git("show", f"{ref}:{path}")

    def page(self, mission: str):
        store = self.store
        key = self.outside.trust.daemons
        closed = ledger.read_closed(store, mission, trusted=key)
        return closed or ledger.read(store, mission, trusted=key)

    def facts(self, mission: str) -> list:
        return [one.fact for one in self.page(mission).records]

    def kinds(self, mission: str) -> list[str]:
        return [fact.kind for fact in self.facts(mission)]

    def state(self, mission: str):
        return replay(mission, self.page(mission).records)

    def summary(self, mission: str) -> dict:
        content = ledger.read_closed_file(self.store, mission, "summary.json")
        assert content is not None, f"{mission} is not closed"
        return json.loads(content)

    def closed_file(self, mission: str, path: str) -> str:
        content = ledger.read_closed_file(self.store, mission, path)
        assert content is not None, f"{mission} has no {path}"
        return content.decode()

    def ended(self, mission: str) -> tuple[str, str]:
        summary = self.summary(mission)
        return summary["outcome"], summary["reason"]


def pytest_configure(config):
    config.addinivalue_line(
        "markers", "unaudited(reason): what this test leaves is wrong on purpose; say what"
    )


@pytest.fixture(autouse=True)
def audited(request, tmp_path):
    """Audit what a test leaves of every served repository in its directory (reliability 9.9)."""
    yield
    if request.node.get_closest_marker("unaudited"):
        return
    for host in tmp_path.glob("config/*/host.yaml"):
        gitdir = re.search(r"^git_dir: (.*)$", host.read_text(), re.MULTILINE)[1]
        assert audit(gitdir, host.with_name("trust.yaml")) == []


@pytest.fixture
def people(monkeypatch, tmp_path):
    """Nobody's git configuration but Ada's, and nothing of this machine's outside."""
    for name in list(os.environ):
        if name.startswith("GIT_"):
            monkeypatch.delenv(name)
    for name, value in GIT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PAWL_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("PAWL_STATE_DIR", str(tmp_path / "state"))


@pytest.fixture
def founded(people, tmp_path):
    """`founded(files, policy)` is a served repository that holds *files*."""

    def found(files: Mapping[str, str], policy: bytes = POLICY) -> House:
        path = tmp_path / "house"
        path.mkdir()
        house = House(path)
        house.git("init", "--quiet", "-b", "main")
        house.commits(files, "the beginning")
        place = open_place(path)
        person = Person(place.gitdir, os.environ)

        def begin(*_):
            return Beginning(introduction(policy), {}, "")

        outside = initialise(place, person, "unsigned-local", begin, lambda *_: ()).outside
        with (outside.config / "host.yaml").open("a") as host:
            host.write("free_bytes: 1\n")  # the tests' own disk may be small
        house.git("reset", "--hard", "--quiet")
        return house

    return found


@pytest.fixture
def house(founded):
    return founded({"README": "a house\n"})

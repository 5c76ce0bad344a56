"""A served repository with a checkout, and a daemon on it, in this process or in its own."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import structlog
import yaml

from daemon.cli.beginning import Beginning, introduction
from daemon.cli.init import initialise
from daemon.cli.place import open_place
from daemon.outside import HOST_FILE, Outside, find, roots
from daemon.serve import Serving, serving
from gitops.git import Durability
from gitops.person import Person
from gitops.repository import Store

_PERSON = {
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.org",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.org",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
}
POLICY = b"schema: 1\nextends: default-1\nrepo_name: house\npages: {written: false}\n"
"""Without pages: they are written a minute apart at most, on no mission's path, but at the end of
each `once`, which is how missions are timed here."""
SMALL = {f"src/part{n % 4}/file{n}.txt": f"line {n}\n" * 40 for n in range(20)}
"""Twenty files in a few folders: a small project."""


@dataclass(frozen=True)
class House:
    """*path* is the checkout of `main`; *env* what its people and its daemon are started with."""

    path: Path
    env: Mapping[str, str]

    @property
    def gitdir(self) -> Path:
        return self.path / ".git"

    @property
    def outside(self) -> Outside:
        found = find(self.gitdir, roots(self.env))
        if not isinstance(found, Outside):
            raise TypeError(f"{self.path} is not served: {found}")
        return found

    def git(self, *argv: str, stdin: bytes | None = None) -> str:
        done = subprocess.run(
            ["git", *argv],
            cwd=self.path,
            env=self.env,
            input=stdin,
            capture_output=True,
            check=True,
        )
        return done.stdout.decode().rstrip("\n")

    def commits(self, files: Mapping[str, str], message: str = "a person's commit") -> str:
        """Commit *files* on the checked-out branch; return the commit."""
        for name, content in files.items():
            place = self.path / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(content)
        self.git("add", "--", *files)
        self.git("commit", "--quiet", "-m", message)
        return self.git("rev-parse", "HEAD")

    def store(self, durability: Durability = "process") -> Store:
        return Store.open(self.gitdir, durability=durability)

    @contextmanager
    def serves(self, durability: Durability = "full") -> Iterator[Serving]:
        """Hold the lock and serve in this process."""
        outside = self.outside
        host = outside.host.model_copy(update={"durability": durability})
        with serving(replace(outside, host=host)) as it:
            yield it

    def durable(self, durability: Durability) -> None:
        """Write *durability* into the host file, for daemons in processes of their own."""
        file = self.outside.config / HOST_FILE
        host = yaml.safe_load(file.read_text())
        file.write_text(yaml.safe_dump({**host, "durability": durability}))

    @contextmanager
    def runs(self) -> Iterator["subprocess.Popen[bytes]"]:
        """Run the daemon in a process of its own; it is ended by SIGTERM, and waited for."""
        said = self.path.with_suffix(".log")
        with said.open("wb") as errors:
            process = self.starts(errors)
        try:
            yield process
        finally:
            process.terminate()
            process.wait()

    def starts(self, errors: BinaryIO) -> "subprocess.Popen[bytes]":
        argv = [sys.executable, "-m", "daemon", "-C", str(self.path), "run"]
        return subprocess.Popen(
            argv,
            env={**self.env, "PYTHONPATH": str(Path(__file__).parents[2])},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
        )


@contextmanager
def founded(
    place: Path, files: Mapping[str, str] = SMALL, *, policy: bytes = POLICY
) -> Iterator[House]:
    """Yield a repository of *files* in *place*, served; nothing outside *place* is touched.

    The environment of this process is the house's for as long as the `with` lasts.
    """
    before = dict(os.environ)
    own = {name: value for name, value in before.items() if not name.startswith(("GIT_", "PAWL_"))}
    outside = {"PAWL_CONFIG_DIR": str(place / "config"), "PAWL_STATE_DIR": str(place / "state")}
    env = {**own, **_PERSON, **outside}
    os.environ.clear()
    os.environ.update(env)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(_QUIET))
    try:
        yield _found(place, env, files, policy)
    finally:
        os.environ.clear()
        os.environ.update(before)


_QUIET = 40
"""Errors only: a line for each deed on the terminal is not what is measured."""


def _found(place: Path, env: Mapping[str, str], files: Mapping[str, str], policy: bytes) -> House:
    path = place / "house"
    path.mkdir()
    house = House(path, env)
    house.git("init", "--quiet", "-b", "main")
    house.git("config", "gc.auto", "0")
    plant(house, {"README": "a house\n", **files})
    opened = open_place(path)
    person = Person(opened.gitdir, env)

    def begin(*_: object) -> Beginning:
        return Beginning(introduction(policy), {}, "")

    initialise(opened, person, "unsigned-local", begin, lambda *_: ())
    house.git("reset", "--hard", "--quiet")
    return house


def plant(house: House, files: Mapping[str, str], message: str = "planted") -> None:
    """Commit many *files* at once to `main`, which may be unborn, and check them out."""
    born = house.git("for-each-ref", "refs/heads/main")
    lines = [b"commit refs/heads/main\ncommitter Ada <ada@example.org> 1700000000 +0000\n"]
    lines.append(b"data %d\n%s\n" % (len(message), message.encode()))
    if born:
        lines.append(b"from refs/heads/main^0\n")
    for name, content in files.items():
        raw = content.encode()
        lines.append(b"M 100644 inline %s\ndata %d\n%s\n" % (name.encode(), len(raw), raw))
    house.git("fast-import", "--quiet", stdin=b"".join(lines))
    house.git("reset", "--hard", "--quiet")


def item(name: str, **keys: object) -> dict[str, str]:
    """Return the file of an item: one process writes a file, one process tests for it.

    Of kind `content`, so that no run on the base is asked for: two sandboxes a mission.
    """
    made = f"made-{name}.txt"
    wish = {
        "id": name,
        "title": f"make {made}",
        "priority": "P1",
        "kind": "content",
        "contract": f"there is a file {made}",
        "acceptance": [f"{made} is there"],
        "write_scope": [made],
        "tests": [{"run": ["test", "-s", made]}],
        "command": ["cp", "README", made],
        **keys,
    }
    text = "".join(f"{key}: {json.dumps(value)}\n" for key, value in wish.items())
    return {f"backlog/{name}.yaml": text}

"""A person at a terminal: a home folder, a repository, and the command `pawl`."""

import contextlib
import io
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from daemon.__main__ import main

_ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class Answer:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Desk:
    """Somebody's machine, with nothing of the real one in its environment."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self.repo = folder / "house"
        self.home.mkdir()
        self.environ = {
            "HOME": str(self.home),
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(_ROOT),
            "LC_ALL": "C.UTF-8",
            "GIT_CONFIG_NOSYSTEM": "1",
        }
        self.git("config", "--global", "user.name", "Ada", at=folder)
        self.git("config", "--global", "user.email", "ada@example.org", at=folder)
        self.git("init", "-q", "-b", "main", str(self.repo), at=folder)

    @property
    def config(self) -> Path:
        return self.home / ".config" / "pawl" / "house"

    @property
    def state(self) -> Path:
        return self.home / ".local" / "state" / "pawl" / "house"

    def git(self, *argv: str, at: Path | None = None) -> str:
        done = subprocess.run(
            ("git", *argv), cwd=at or self.repo, env=self.environ, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode().strip()

    def succeeds(self, *argv: str) -> bool:
        """Return whether git exits with 0."""
        done = subprocess.run(
            ("git", *argv), cwd=self.repo, env=self.environ, capture_output=True, check=False
        )
        return done.returncode == 0

    def run(self, *argv: str) -> None:
        subprocess.run(argv, cwd=self.repo, env=self.environ, check=True)

    def pawl(self, *argv: str, at: Path | None = None, **environ: str) -> Answer:
        """Run the command in this process: a new one costs more than most commands."""
        out, err = io.StringIO(), io.StringIO()
        with (
            mock.patch.dict(os.environ, {**self.environ, **environ}, clear=True),
            mock.patch.object(sys, "argv", ["pawl", *argv]),
            contextlib.chdir(at or self.repo),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
            pytest.raises(SystemExit) as ended,
        ):
            main()
        assert isinstance(ended.value.code, int)
        return Answer(ended.value.code, out.getvalue(), err.getvalue())

    def process(self, *argv: str, at: Path | None = None, **environ: str) -> Answer:
        """Run the command as a process of its own."""
        done = subprocess.run(
            (sys.executable, "-W", "error", "-m", "daemon", *argv),
            cwd=at or self.repo,
            env={**self.environ, **environ},
            capture_output=True,
            check=False,
        )
        return Answer(done.returncode, done.stdout.decode(), done.stderr.decode())

    def write(self, path: str, content: str) -> None:
        (self.repo / path).parent.mkdir(parents=True, exist_ok=True)
        (self.repo / path).write_text(content)

    def commit(self, path: str, content: str) -> str:
        self.write(path, content)
        self.git("add", "-A")
        self.git("commit", "-q", "-m", f"change {path}")
        return self.tip()

    def tip(self, ref: str = "main") -> str:
        return self.git("rev-parse", ref)

    def subjects(self, ref: str = "main") -> list[str]:
        return self.git("log", "--first-parent", "--format=%s", ref).splitlines()

    def files_of(self, commit: str) -> list[str]:
        argv = ("show", "--format=", "--name-only", "--root", commit)
        return self.git(*argv).splitlines()


@pytest.fixture(scope="session")
def desk_in() -> type[Desk]:
    """Somebody's machine in a folder of the test's choice."""
    return Desk


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A person with a repository of one commit."""
    made = Desk(tmp_path)
    made.commit("README.md", "a house\n")
    return made


@pytest.fixture
def served(desk: Desk) -> Desk:
    """The same after `pawl init`."""
    answer = desk.pawl("init")
    assert answer.code == 0, answer.err
    return desk

"""The one place that runs git, and everything of git that surprised us, each with its reason.

The environment is built from nothing: an inherited GIT_DIR or GIT_INDEX_FILE aims git at another
repository, HOME and XDG bring a person's configuration. Never run with a working directory that
a builder could write: git reads `.gitattributes` and `.git` pointers there.
"""

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypedDict

from gitops import configuration

Durability = Literal["full", "process"]


class GitError(Exception):
    """Git refused, and no caller said it might."""

    def __init__(self, argv: Sequence[str], code: int, stderr: str, gitdir: Path) -> None:
        said = stderr.strip() or "nothing"
        super().__init__(f"git {' '.join(argv)} on {gitdir} exited {code} and said: {said}")
        self.argv = tuple(argv)
        self.code = code
        self.stderr = stderr


class GitMissingError(Exception):
    """There is no git program on this host."""


class ConfigurationRefusedError(Exception):
    """The repository's configuration was changed to something the daemon does not run git with."""


@dataclass(frozen=True)
class Done:
    """What git answered; *code* is 0 unless the caller accepted another."""

    code: int
    stdout: bytes
    stderr: bytes


class Git:
    """The wrapper of reliability.md R16 for one git dir.

    *gitdir* is absolute; *timeout_s* bounds every run. Everything git could be made to execute by
    the repository's own configuration is overridden; what cannot be is refused, also when it
    appears after the repository was opened.
    """

    def __init__(
        self, gitdir: Path, *, durability: Durability = "process", timeout_s: float | None = None
    ) -> None:
        program = shutil.which("git", path=_PATH)
        if program is None:
            raise GitMissingError(f"git was not found in {_PATH}; install it (apt install git)")
        self.gitdir = gitdir
        self._program = program
        self._durability = durability
        self._timeout_s = timeout_s
        self._inspected: tuple[tuple[int, ...], dict[str, str]] | None = None

    def run(
        self,
        *argv: str,
        stdin: bytes = b"",
        worktree: Path | None = None,
        index: Path | None = None,
        accept: Collection[int] = (0,),
        settings: Mapping[str, str] | None = None,
        user: tuple[int, int] | None = None,
        stopped: Callable[[], bool] | None = None,
    ) -> Done:
        """Run git and return what it answered; raise `GitError` for a code not in *accept*.

        *worktree* is also the working directory; a person's checkout or a scratch directory of
        the daemon. *settings* are added last and win: `{"protocol.file.allow": "always"}`.
        *user* is the uid and gid git runs as, so that what it writes is theirs (root only).
        *stopped* is asked again and again: once it says yes, git is killed.
        """
        process = self.start(*argv, worktree=worktree, index=index, settings=settings, user=user)
        try:
            out, err = self._answer(process, stdin, stopped)
        except subprocess.TimeoutExpired as error:
            self.kill(process)
            told = stopped is not None and stopped()
            limit = "before pawl was stopped" if told else f"within {self._timeout_s} s"
            why = f"no answer {limit}; it was killed"
            raise GitError(argv, -_SIGKILL, why, self.gitdir) from error
        except BaseException:
            self.kill(process)
            raise
        if process.returncode not in accept:
            raise GitError(argv, process.returncode, err.decode(errors="replace"), self.gitdir)
        return Done(process.returncode, out, err)

    def _answer(
        self, process: "subprocess.Popen[bytes]", stdin: bytes, stopped: Callable[[], bool] | None
    ) -> tuple[bytes, bytes]:
        if stopped is None:
            return process.communicate(stdin, self._timeout_s)
        ends = None if self._timeout_s is None else time.monotonic() + self._timeout_s
        while True:
            try:
                return process.communicate(stdin, _LOOK_S)
            except subprocess.TimeoutExpired:
                if stopped() or (ends is not None and time.monotonic() > ends):
                    raise

    def text(self, *argv: str, worktree: Path | None = None) -> str:
        """Return what git printed, without the last newline; bytes not UTF-8 are surrogates."""
        return (
            self.run(*argv, worktree=worktree).stdout.decode(errors="surrogateescape").rstrip("\n")
        )

    def start(
        self,
        *argv: str,
        worktree: Path | None = None,
        index: Path | None = None,
        settings: Mapping[str, str] | None = None,
        user: tuple[int, int] | None = None,
    ) -> "subprocess.Popen[bytes]":
        """Start a git to talk to (`check-ignore --stdin`); it flushes after each answer."""
        environment = self._environment(worktree, index) | self._settings(settings or {})
        if argv[0] in _WITHOUT_PATHSPECS:  # it dies on any pathspec magic, also on "literal"
            del environment["GIT_LITERAL_PATHSPECS"]
        return subprocess.Popen(  # noqa: S603  # absolute program, argv from our own code
            (self._program, *_with_flags(argv)),
            cwd=worktree or self.gitdir,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            process_group=0,
            **_as(user),
        )

    def kill(self, process: "subprocess.Popen[bytes]") -> None:
        """Kill *process* and what it started; it has been waited for when this returns."""
        if process.poll() is None:
            os.killpg(process.pid, _SIGKILL)
        process.communicate()

    def _environment(self, worktree: Path | None, index: Path | None) -> dict[str, str]:
        where = {"GIT_DIR": str(self.gitdir)}
        if worktree is not None:
            where["GIT_WORK_TREE"] = str(worktree)
        if index is not None:
            where["GIT_INDEX_FILE"] = str(index)
        return _ENVIRONMENT | where

    def _settings(self, more: Mapping[str, str]) -> dict[str, str]:
        # By environment, not `-c name=value`: a filter's name may hold a `=`.
        sync = {"core.fsync": "all" if self._durability == "full" else "none"}
        owner = {"safe.directory": str(self.gitdir)}
        settings = {**_SETTINGS, **sync, **owner, **self._overrides(), **more}
        pairs = {"GIT_CONFIG_COUNT": str(len(settings))}
        for number, (name, value) in enumerate(settings.items()):
            pairs[f"GIT_CONFIG_KEY_{number}"] = name
            pairs[f"GIT_CONFIG_VALUE_{number}"] = value
        return pairs

    def _overrides(self) -> dict[str, str]:
        path = self.gitdir / "config"
        mark = _mark(path)
        if self._inspected is None or self._inspected[0] != mark:
            settings = configuration.read_settings(path)
            found = list(configuration.problems(settings, path))
            if found:
                raise ConfigurationRefusedError("; ".join(map(str, found)))
            self._inspected = (mark, configuration.overrides(settings))
        return self._inspected[1]


def _mark(path: Path) -> tuple[int, ...]:
    try:
        found = path.stat()
    except FileNotFoundError:
        return ()
    return (found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size)


class _As(TypedDict, total=False):
    user: int
    group: int
    extra_groups: Sequence[int]


def _as(user: tuple[int, int] | None) -> _As:
    if user is None:
        return {}
    return {"user": user[0], "group": user[1], "extra_groups": ()}


def _with_flags(argv: Sequence[str]) -> tuple[str, ...]:
    # Setting `diff.external` or a textconv to nothing makes git fail instead of not using it.
    if argv[0] in _DIFFING:
        return (argv[0], "--no-ext-diff", "--no-textconv", *argv[1:])
    return tuple(argv)


_WITHOUT_PATHSPECS = {"check-ignore"}
_DIFFING = {"diff", "diff-files", "diff-index", "diff-tree", "log", "show"}
_LOOK_S = 0.1  # how soon it is seen that git is to be stopped; nothing is decided by it
_SIGKILL = 9  # importing `signal` is the daemon's; a number says as much
_PATH = "/usr/local/bin:/usr/bin:/bin"
_ENVIRONMENT = {
    "PATH": _PATH,
    "HOME": "/nonexistent",
    "LC_ALL": "C",
    "TZ": "UTC",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_CEILING_DIRECTORIES": "/",
    "GIT_FLUSH": "1",
    "GIT_PAGER": "cat",
    "GIT_EDITOR": "false",
    "GIT_ASKPASS": "false",
    "GIT_AUTHOR_NAME": "pawl",
    "GIT_AUTHOR_EMAIL": "pawl@localhost",
    "GIT_COMMITTER_NAME": "pawl",
    "GIT_COMMITTER_EMAIL": "pawl@localhost",
}
_SETTINGS = {
    "core.hooksPath": "/dev/null",
    "core.fsmonitor": "false",
    "core.attributesFile": "/dev/null",
    "core.excludesFile": "/dev/null",
    "core.untrackedCache": "false",
    "credential.helper": "",
    "protocol.allow": "never",
    "safe.bareRepository": "explicit",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "commit.gpgSign": "false",
    "submodule.recurse": "false",
}

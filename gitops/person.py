"""A person's own git: their identity, their signing key, their configuration, at their command.

Only for commands a person gives at a terminal (`init`, `pause`, `retry`...); the daemon itself
uses `gitops/git.py`, which reads none of this. A commit is made beside the index from the tip's
tree, then published by compare-and-swap or, where the branch is checked out, by a fast-forward:
so it holds exactly the paths it names, whatever else is staged. Hooks do not run: a pause must
not depend on a linter (docs/decisions/0007).
"""

import os
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from gitops.scratch import scratch_folder
from policy.ids import CommitId


class PersonGitError(Exception):
    """The person's git refused. *said* is what it printed on stderr."""

    def __init__(self, argv: tuple[str, ...], said: str) -> None:
        super().__init__(f"git {' '.join(argv)} said: {said.strip() or 'nothing'}")
        self.said = said.strip()


@dataclass(frozen=True)
class Published:
    commit: CommitId
    checkout: Path | None
    """The checkout of the branch that was brought along."""


@dataclass(frozen=True)
class Missed:
    """The branch was not moved; the commit is an unreferenced object."""

    why: str


class Person:
    """Git as the person who started this command has it, on one repository."""

    def __init__(self, gitdir: Path, environ: Mapping[str, str]) -> None:
        self._gitdir = gitdir
        # Hooks and aliases export these; inherited, they aim git at another repository.
        self._environ = {key: environ[key] for key in environ if key not in _LOCAL}

    @classmethod
    def start(cls, checkout: Path, branch: str, environ: Mapping[str, str]) -> "Person":
        """Make an empty repository with a checkout of *branch*, as a person does."""
        person = cls(checkout / ".git", environ)
        argv = ("init", "--quiet", "--template=", f"--initial-branch={branch}")
        person._git(*argv, checkout=checkout)
        return person

    def identity(self) -> str:
        """Return `Name <mail>`; raise `PersonGitError` if git knows no identity."""
        ident = self._git("var", "GIT_COMMITTER_IDENT")
        return ident.rpartition(" ")[0].rpartition(" ")[0]

    def setting(self, name: str) -> str | None:
        """Return the value of a configuration setting, None if it is not set."""
        found = self._run(("config", "--get", name), b"", {})
        return found.stdout.decode().rstrip("\n") if found.returncode == 0 else None

    def add_setting(self, name: str, value: str) -> None:
        """Add *value* to a multi-valued setting of the repository, once."""
        found = self._run(("config", "--local", "--get-all", name), b"", {})
        if value not in found.stdout.decode().splitlines():
            self._git("config", "--local", "--add", name, value)

    def commit(
        self,
        parent: CommitId | None,
        files: Mapping[str, bytes | None],
        message: str,
        *,
        sign: Literal["as_configured", "always"] = "as_configured",
    ) -> CommitId:
        """Return a commit of *parent* with *files* replaced (None: removed). No ref moves."""
        with scratch_folder() as folder:
            index = {"GIT_INDEX_FILE": str(folder / "index")}
            if parent is not None:
                self._git("read-tree", parent, extra=index)
            for path, content in files.items():
                self._stage(path, content, index)
            tree = self._git("write-tree", extra=index)
        parents = ("-p", parent) if parent is not None else ()
        signed = ("-S",) if sign == "always" or self._signs() else ()
        return CommitId(self._git("commit-tree", *signed, *parents, tree, stdin=message.encode()))

    def _stage(self, path: str, content: bytes | None, index: Mapping[str, str]) -> None:
        if content is None:
            self._git("update-index", "--force-remove", "--", path, extra=index)
            return
        blob = self._git("hash-object", "-w", "--stdin", stdin=content)
        self._git("update-index", "--add", "--cacheinfo", f"100644,{blob},{path}", extra=index)

    def _signs(self) -> bool:
        found = self._run(("config", "--type=bool", "--get", "commit.gpgSign"), b"", {})
        return found.stdout.strip() == b"true"

    def publish(self, branch: str, new: CommitId, was: CommitId | None) -> Published | Missed:
        """Move *branch* from *was* (None: unborn) to *new*, bringing its checkout along."""
        busy = self._rebased(branch)
        if busy is not None:
            return Missed(f"{branch} is being rebased in {busy}; finish or abort that first")
        checkout = self.checkout_of(branch)
        try:
            if checkout is None:
                self._git("update-ref", f"refs/heads/{branch}", new, was or "0" * 40)
            else:
                argv = ("merge", "--quiet", "--ff-only", "--no-verify-signatures", new)
                self._git(*argv, checkout=checkout)
        except PersonGitError as error:
            return Missed(error.said or str(error))
        return Published(new, checkout)

    def checkout_of(self, branch: str) -> Path | None:
        """Return the work tree that has *branch* checked out, None if there is none."""
        rows = self._git("worktree", "list", "--porcelain").split("\n\n")
        for lines in (row.splitlines() for row in rows):
            if f"branch refs/heads/{branch}" in lines and "bare" not in lines:
                return Path(lines[0].removeprefix("worktree "))
        return None

    def _rebased(self, branch: str) -> Path | None:
        for gitdir in (self._gitdir, *self._linked()):
            for folder in ("rebase-merge", "rebase-apply"):
                name = gitdir / folder / "head-name"
                try:
                    found = name.read_text().strip() == f"refs/heads/{branch}"
                except (OSError, UnicodeDecodeError):
                    continue
                if found:
                    return gitdir
        return None

    def _linked(self) -> Iterator[Path]:
        folder = self._gitdir / "worktrees"
        yield from sorted(folder.iterdir()) if folder.is_dir() else ()

    def top_of(self, start: Path) -> Path | None:
        """Return the top folder of the work tree that *start* is in, None where there is none."""
        found = self._run(("rev-parse", "--show-toplevel"), b"", {}, start)
        top = found.stdout.decode(errors="surrogateescape").rstrip("\n")
        return Path(top) if found.returncode == 0 and top else None

    def head_branch(self, start: Path) -> str | None:
        """Return the branch checked out at *start*, unborn ones too; None: detached."""
        found = self._run(("symbolic-ref", "--quiet", "--short", "HEAD"), b"", {}, start)
        return found.stdout.decode(errors="surrogateescape").rstrip("\n") or None

    def dirt(self, checkout: Path) -> tuple[str, ...]:
        """Return the paths with staged or unstaged changes; untracked files are not counted."""
        rows = self._git("status", "--porcelain", "--untracked-files=no", checkout=checkout)
        return tuple(row[3:] for row in rows.splitlines())

    def tracked(self, checkout: Path) -> frozenset[str]:
        """Return the paths in the index of *checkout*."""
        listed = self._git("ls-files", "-z", checkout=checkout)
        return frozenset(listed.split("\0")) - {""}

    def _git(
        self,
        *argv: str,
        stdin: bytes = b"",
        extra: Mapping[str, str] | None = None,
        checkout: Path | None = None,
    ) -> str:
        done = self._run(argv, stdin, extra or {}, checkout)
        if done.returncode != 0:
            raise PersonGitError(argv, done.stderr.decode(errors="replace"))
        return done.stdout.decode(errors="surrogateescape").rstrip("\n")

    def _run(
        self,
        argv: tuple[str, ...],
        stdin: bytes,
        extra: Mapping[str, str],
        checkout: Path | None = None,
    ) -> "subprocess.CompletedProcess[bytes]":
        where = ("-C", str(checkout)) if checkout else (f"--git-dir={self._gitdir}",)
        return subprocess.run(  # noqa: S603  # argv from our own code
            ("git", "-c", f"core.hooksPath={os.devnull}", *where, *argv),  # noqa: S607  # their git
            input=stdin,
            capture_output=True,
            check=False,
            env={**self._environ, "LC_ALL": "C", **extra},
        )


_LOCAL = frozenset(
    (
        "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_COMMON_DIR", "GIT_DIR", "GIT_GRAFT_FILE",
        "GIT_IMPLICIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_INTERNAL_SUPER_PREFIX",
        "GIT_NO_REPLACE_OBJECTS", "GIT_NAMESPACE", "GIT_OBJECT_DIRECTORY", "GIT_PREFIX",
        "GIT_QUARANTINE_PATH", "GIT_REPLACE_REF_BASE", "GIT_SHALLOW_FILE", "GIT_WORK_TREE",
    )
)  # fmt: skip
"""What `git rev-parse --local-env-vars` lists, without the configuration given by environment."""

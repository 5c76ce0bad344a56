"""Which untracked files the base's .gitignore files name: git's own answer, from the base alone.

A builder's .gitignore says nothing here, else it could hide what it made; nor do a person's
excludes or the repository's `info/exclude`, else a snapshot depended on the host. So git is asked
on a scratch work tree that holds the base's .gitignore files and nothing else, each written just
before git may read it.
"""

import os
import selectors
import shutil
import tempfile
from collections import deque
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from gitops.git import Git, GitError
from gitops.objects import FILE_MODE
from gitops.tree.reading import EXECUTABLE_MODE, Source, blob_at, subtree, tree_at
from policy.ids import TreeId

_NAME = b".gitignore"
# check-ignore refuses literal pathspecs, so each path starts with `./`, where no magic can be.
_ARGV = ("--no-literal-pathspecs", "check-ignore", "--stdin", "-z", "--no-index", "-v", "-n")
# So much fits into a pipe whatever the user's limits are, so writing a round never waits for git.
_ROUND = 4096
_FIELDS = 4
_AROUND = len(b"./\0")


class BaseIgnores:
    """Answers for one base tree. git starts with the first question that needs it; close when done.

    *scratch* is a directory of the daemon's own; *timeout_s* bounds one answer.
    """

    def __init__(
        self, source: Source, base: TreeId, scratch: Path, *, timeout_s: float | None = None
    ) -> None:
        self._source, self._base, self._timeout_s = source, base, timeout_s
        self._scratch = scratch
        self._folders: dict[bytes, _Folder] = {}
        self._unwritten: dict[bytes, bytes] = {}
        """The .gitignore files that were found, by path, and that git does not have yet."""
        self._git: _Asked | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        if self._git is not None:
            self._git.close()
            self._git = None

    def among(self, folder: bytes, names: Collection[bytes]) -> set[bytes]:
        """Return those of *names* in *folder* that are ignored; directories end with a slash.

        Raises `GitError` where git does not answer.
        """
        if not self._found(folder).ruled:
            return set()
        if self._git is None:
            self._git = _Asked(self._scratch, self._timeout_s)
        while self._unwritten:
            self._git.write(*self._unwritten.popitem())
        asked = sorted(names)
        answers = self._git.ask([folder + name for name in asked])
        return {name for name, ignored in zip(asked, answers, strict=True) if ignored}

    def _found(self, folder: bytes) -> "_Folder":
        """Return the base's *folder*, with the .gitignore files in it and above it found."""
        known = self._folders.get(folder)
        if known is not None:
            return known
        tree: str | None = self._base
        ruled = False
        if folder:
            above, _, name = folder[:-1].rpartition(b"/")
            parent = self._found(above + b"/" if above else b"")
            tree = subtree(tree_at(self._source, parent.tree), name) if parent.tree else None
            ruled = parent.ruled
        if tree is not None:
            mode, oid = tree_at(self._source, tree).get(_NAME, (0, ""))
            if mode in (FILE_MODE, EXECUTABLE_MODE):
                self._unwritten[folder + _NAME] = blob_at(self._source, oid)
                ruled = True
        found = self._folders[folder] = _Folder(tree, ruled)
        return found


@dataclass(frozen=True, slots=True)
class _Folder:
    """A folder of the base, if it is there, and whether any rule could name what is in it."""

    tree: str | None
    ruled: bool


class _Asked:
    """A git that answers as long as it is asked."""

    def __init__(self, scratch: Path, timeout_s: float | None) -> None:
        self._top = Path(tempfile.mkdtemp(prefix="ignore-", dir=scratch))
        self._timeout_s = timeout_s
        self._unread = b""
        self._fields: deque[bytes] = deque()
        try:
            git = Git(_empty_repository(self._top / "git"))
            (self._top / "tree").mkdir()
            self._process = git.start(*_ARGV, worktree=self._top / "tree")
        except BaseException:
            shutil.rmtree(self._top)
            raise
        self._git = git
        self._to = _descriptor(self._process.stdin)
        self._from = _descriptor(self._process.stdout)

    def close(self) -> None:
        self._git.kill(self._process)
        shutil.rmtree(self._top)

    def write(self, path: bytes, content: bytes) -> None:
        where = os.path.join(os.fsencode(self._top / "tree"), path)  # noqa: PTH118  # bytes
        os.makedirs(os.path.dirname(where), exist_ok=True)  # noqa: PTH103, PTH120  # bytes
        Path(os.fsdecode(where)).write_bytes(content)

    def ask(self, paths: Iterable[bytes]) -> list[bool]:
        answers: list[bool] = []
        for asked in _rounds(paths):
            try:
                os.write(self._to, b"".join(b"./" + path + b"\0" for path in asked))
            except BrokenPipeError as error:
                raise self._failed("it ended") from error
            answers += [self._answer(path) for path in asked]
        return answers

    def _answer(self, path: bytes) -> bool:
        _, _, pattern, answered = (self._field() for _ in range(_FIELDS))
        if answered != b"./" + path:
            raise self._failed(f"asked for {path!r}, it answered for {answered!r}")
        return bool(pattern) and not pattern.startswith(b"!")

    def _field(self) -> bytes:
        while not self._fields:
            *whole, self._unread = (self._unread + self._more()).split(b"\0")
            self._fields.extend(whole)
        return self._fields.popleft()

    def _more(self) -> bytes:
        with selectors.DefaultSelector() as selector:
            selector.register(self._from, selectors.EVENT_READ)
            if not selector.select(self._timeout_s):
                raise self._failed(f"no answer within {self._timeout_s} s")
        chunk = os.read(self._from, 1 << 16)
        if not chunk:
            raise self._failed("it ended")
        return chunk

    def _failed(self, why: str) -> GitError:
        self._process.kill()
        _, said = self._process.communicate()
        why = f"{why}; it said: {said.decode(errors='replace').strip() or 'nothing'}"
        return GitError(_ARGV, self._process.returncode, why, self._git.gitdir)


def _rounds(paths: Iterable[bytes]) -> Iterator[list[bytes]]:
    asked: list[bytes] = []
    size = 0
    for path in paths:
        if asked and size + len(path) + _AROUND > _ROUND:
            yield asked
            asked, size = [], 0
        asked.append(path)
        size += len(path) + _AROUND
    if asked:
        yield asked


def _descriptor(stream: IO[bytes] | None) -> int:
    if stream is None:
        raise ValueError("git was started without pipes")
    return stream.fileno()


def _empty_repository(gitdir: Path) -> Path:
    for name in ("objects", "refs"):
        (gitdir / name).mkdir(parents=True)
    (gitdir / "HEAD").write_text("ref: refs/heads/main\n")
    (gitdir / "config").write_text("[core]\n\trepositoryformatversion = 0\n")
    return gitdir

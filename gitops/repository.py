"""One opened repository, always by the absolute path of its main git dir.

A `Store` belongs to one thread. Opening one changes libgit2 for the whole process: a person's
configuration is not read, who owns the repository is judged by us, and in `full` each ref is
synced. That last switch is read when a repository's refs are first touched, so it is set before.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import pygit2
from pygit2.enums import ConfigLevel, RepositoryOpenFlag

from gitops import maintenance, packs, refusals
from gitops.configuration import Problem
from gitops.git import Durability, Git
from gitops.remembered import Trees

__all__ = ["Durability", "NotARepositoryError", "Problem", "RepositoryRefusedError", "Store"]

# libgit2 maps each pack it has read from; past this many it closes the least used.
_MAPPED_PACKS = 200


class NotARepositoryError(Exception):
    """No git repository is at or above the directory."""


class RepositoryRefusedError(Exception):
    """The repository has something that changes what its objects or refs mean (DESIGN 4.6)."""

    def __init__(self, gitdir: Path, problems: tuple[Problem, ...]) -> None:
        lines = "".join(f"\n- {problem}" for problem in problems)
        super().__init__(f"{gitdir} is not opened:{lines}")
        self.problems = problems


@dataclass(eq=False)
class Store:
    """One opened repository; not shared between threads: each worker makes its own `twin`."""

    gitdir: Path
    repo: pygit2.Repository
    git: Git
    durability: Durability
    notes: tuple[str, ...] = ()
    """What of the repository has no effect while the daemon works on it, or is worth knowing."""
    trees: Trees = field(default_factory=Trees)
    remembered: dict[str, object] = field(default_factory=dict)
    """Facts about immutable objects by id, for the module that put them there; bounded by it."""

    @classmethod
    def open(
        cls, gitdir: Path, *, durability: Durability, git_timeout_s: float | None = None
    ) -> Self:
        """Open the repository at the main *gitdir* after looking for what is refused.

        Raises `RepositoryRefusedError` with every problem, each with what to do.
        """
        problems = tuple(refusals.problems(gitdir))
        if problems:
            raise RepositoryRefusedError(gitdir, problems)
        git = Git(gitdir, durability=durability, timeout_s=git_timeout_s)
        repo = _open(gitdir, durability)
        return cls(gitdir, repo, git, durability, tuple(refusals.notes(gitdir)))

    def twin(self) -> "Store":
        """Return another handle for another thread; what was looked at is not looked at again."""
        return Store(
            self.gitdir, _open(self.gitdir, self.durability), self.git, self.durability, self.notes
        )

    def reopen(self) -> None:
        """Forget what libgit2 has open: after a damaged pack was replaced."""
        self.repo = _open(self.gitdir, self.durability)

    @property
    def pack_directory(self) -> Path:
        return self.gitdir / "objects" / "pack"

    @property
    def corrupt_directory(self) -> Path:
        """Where damaged files are moved to; for a person to look at, git never does."""
        return self.gitdir / "pawl-corrupt"

    def heal_packs(self) -> None:
        """Put own packs in order whose writing a power loss tore (only in `process`)."""
        for pack in packs.own(self.pack_directory):
            if not maintenance.is_whole(pack):
                maintenance.salvage(pack, self.corrupt_directory, sync=self.durability == "full")


def find_gitdir(start: Path) -> Path:
    """Return the absolute main git dir of the repository that *start* is in.

    Works in a checkout, in a linked worktree (whose own git dir is not the main one), in a git
    dir and in a bare repository. Raises `NotARepositoryError`.
    """
    _prepare_libgit2()
    found = pygit2.discover_repository(str(start))
    if found is None:
        raise NotARepositoryError(
            f"there is no git repository at or above {start}; go into one, name one with -C, or "
            "make one (git init)"
        )
    gitdir = Path(found).resolve()
    common = gitdir / "commondir"
    if common.is_file():
        gitdir = (gitdir / common.read_text().strip()).resolve()
    return gitdir


def _open(gitdir: Path, durability: Durability) -> pygit2.Repository:
    _prepare_libgit2()
    pygit2.settings.enable_fsync_gitdir(durability == "full")
    repo = pygit2.Repository(str(gitdir), RepositoryOpenFlag.NO_SEARCH)
    repo.references.get("refs/heads/none")
    repo.set_ident("pawl", "pawl@localhost")
    return repo


def _prepare_libgit2() -> None:
    for level in (ConfigLevel.SYSTEM, ConfigLevel.XDG, ConfigLevel.GLOBAL, ConfigLevel.PROGRAMDATA):
        pygit2.settings.search_path[level] = ""
    # git refuses a repository of another owner because its configuration can run commands. Ours
    # is refused or overridden line by line (configuration.py), so a root daemon can serve a
    # person's repository; `refusals` notes the owner and refuses one that anybody can write.
    pygit2.settings.owner_validation = False
    pygit2.settings.mwindow_file_limit = _MAPPED_PACKS

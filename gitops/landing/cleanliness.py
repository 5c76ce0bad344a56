"""Whether a checkout can be brought to another commit without losing anything of a person's.

Everything is asked of a private copy of the index, never of the index itself. The copy keeps the
index's modification time: git takes a file changed in the same moment for unchanged otherwise.
git calls ignored files expendable and would overwrite one; here they are somebody's.
"""

import os
import re
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from gitops.configuration import read_settings
from gitops.git import ConfigurationRefusedError, Done, GitError
from gitops.landing.changes import SUBMODULE, Change
from gitops.landing.marker import create
from gitops.landing.places import Place, held
from gitops.landing.untouched import holds, untouched
from gitops.landing.worktree import in_the_way
from gitops.repository import Store
from gitops.scratch import scratch_folder
from policy.ids import CommitId
from policy.mission.world import Held

_SHOWN = 3

GIT_SAYS_NO = (GitError, ConfigurationRefusedError)


class CheckoutGit:
    """git on one checkout and one private index, as the checkout's owner."""

    def __init__(self, store: Store, place: Place, index: Path) -> None:
        self._git, self._store = store.git, store
        self._place = place
        self.index = index
        self.unflagged = False
        """Whether it is known that git was told of no path in the index not to look at it."""

    def __call__(self, *argv: str, stdin: bytes = b"", accept: tuple[int, ...] = (0,)) -> Done:
        owner = self._place.owner
        return self._git.run(
            *argv,
            stdin=stdin,
            worktree=self._place.worktree,
            index=self.index,
            accept=accept,
            settings=_STRICT,
            user=(owner.uid, owner.gid) if owner else None,
        )

    @property
    def gitdirs(self) -> tuple[Path, Path]:
        """The main git dir, and the checkout's own."""
        return self._store.gitdir, self._place.gitdir

    def holds(self, commit: CommitId) -> bool:
        """Return whether it is seen without running git that the index is *commit*'s tree."""
        return holds(self._store, self.index, commit)

    def refresh(self) -> list[bytes]:
        """Compare by content what stat data does not prove unchanged; return what differs."""
        done = self("update-index", "--refresh", "--ignore-submodules", accept=(0, 1))
        if done.code == 0:
            return []
        found = [line.rpartition(b": ")[0] for line in done.stdout.splitlines()]
        return found or [b"git does not say which"]


# A person may have told git to look less closely; here it costs a comparison by content.
_STRICT = {
    "core.checkStat": "default",
    "core.trustctime": "true",
    "core.ignoreStat": "false",
    "core.splitIndex": "false",
    "index.sparse": "false",
    # The private index is synced before it becomes the index (checkout.py), and no sooner.
    "core.fsync": "none",
}


@contextmanager
def scratch(place: Place) -> Iterator[Path]:
    """Yield a directory outside the repository that the checkout's owner may write."""
    with scratch_folder() as folder:
        if place.owner is not None:
            os.chown(folder, place.owner.uid, place.owner.gid)
        yield folder


def copy_index(place: Place, to: Path) -> Held | None:
    """Copy the checkout's index to a new file *to*, or tell why it cannot be used."""
    with suppress(FileNotFoundError):
        to.unlink()
    try:
        source = os.open(place.index, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return held(
            "dirty", f"nothing is checked out in {place.worktree}; run `git checkout` there"
        )
    except OSError as error:
        return _unreadable(place, f"its index cannot be opened: {error.strerror}")
    with os.fdopen(source, "rb") as old:
        found = os.fstat(source)
        if not stat.S_ISREG(found.st_mode) or (place.owner and found.st_uid != place.owner.uid):
            return _unreadable(place, "its index is not a file of its owner's")
        with os.fdopen(create(to, place.owner), "wb") as new:
            shutil.copyfileobj(old, new)
            new.flush()
            os.utime(new.fileno(), ns=(found.st_atime_ns, found.st_mtime_ns))
    return None


def unclean(store: Store, place: Place, git: CheckoutGit, at: CommitId) -> Held | None:
    """Return why the checkout is not *at* that commit with nothing changed, None if it is."""
    try:
        sparse = _sparse(store, place)
        if sparse is not None:
            return sparse
        git.unflagged = untouched(store, place, git.index, at)
        return None if git.unflagged else _changed(place, git, at)
    except GIT_SAYS_NO as error:
        return _unreadable(place, str(error))


def _sparse(store: Store, place: Place) -> Held | None:
    settings = {setting.name: setting.value for setting in read_settings(store.gitdir / "config")}
    if settings.get("core.sparsecheckout", "false").lower() not in {"false", "no", "off", "0"}:
        why = f"{place.worktree} is a sparse checkout; run `git sparse-checkout disable` there"
        return held("sparse", why)
    return None


def _changed(place: Place, git: CheckoutGit, at: CommitId) -> Held | None:
    edited = git.refresh()
    if edited:
        return _dirty(place, "edited", edited)
    staged = git("diff-index", "--cached", "--name-only", "-z", "--no-renames", at, "--").stdout
    if staged:
        return _dirty(place, "staged", staged.split(b"\0")[:-1])
    return None


def _dirty(place: Place, what: str, paths: list[bytes]) -> Held:
    return held(
        "dirty",
        f"{place.worktree} has {what} changes that are not committed ({shown(paths)}); commit or "
        "stash them (git stash)",
    )


def obstructed(
    place: Place, git: CheckoutGit, new: CommitId, changes: tuple[Change, ...]
) -> Held | None:
    """Return what stands in the way of *changes* in a checkout that is clean, None if nothing."""
    try:
        return (
            _special(place, changes)
            or _filtered(place, git, changes)
            or _hidden(place, git, changes)
            or in_the_way(place, changes)
            or (None if _is_plain(git, changes) else _refused(place, git, new))
        )
    except GIT_SAYS_NO as error:
        return _unreadable(place, str(error))
    except OSError as error:
        return _unreadable(place, f"it cannot be looked at: {error}")


def _special(place: Place, changes: tuple[Change, ...]) -> Held | None:
    for change in changes:
        if any(side is not None and side.mode == SUBMODULE for side in (change.old, change.new)):
            return held(
                "submodule",
                f"the submodule {shown([change.path])} changes and pawl does not update one in "
                f"{place.worktree}; leave the branch there (git switch --detach)",
            )
    return None


def _filtered(place: Place, git: CheckoutGit, changes: tuple[Change, ...]) -> Held | None:
    paths = [change.path for change in changes]
    suspects = [path for path in paths if path.rpartition(b"/")[2] == b".gitattributes"]
    if _has_attributes(git, place, paths):
        asked = git("check-attr", "-z", "--stdin", "filter", stdin=_lines(paths))
        rows = asked.stdout.split(b"\0")
        suspects += [
            path
            for path, value in zip(rows[0::3], rows[2::3], strict=False)
            if value not in (b"unspecified", b"unset")
        ]
    if not suspects:
        return None
    return held(
        "filtered",
        f"git would run a filter to write {shown(suspects)} in {place.worktree}, and pawl runs "
        "none; leave the branch there (git switch --detach) and come back after the landing",
    )


def _has_attributes(git: CheckoutGit, place: Place, paths: list[bytes]) -> bool:
    """Return whether any file there is, tracked or not, could give one of *paths* an attribute.

    The checkout is clean, so what is tracked lies in it.
    """
    top = os.fsencode(place.worktree)
    folders = {b""}
    for path in paths:
        above = path.rpartition(b"/")[0]
        while above not in folders:
            folders.add(above)
            above = above.rpartition(b"/")[0]
    places = [top + b"/" + folder + b"/.gitattributes" for folder in folders]
    places += [os.fsencode(where / "info/attributes") for where in git.gitdirs]
    return any(os.path.lexists(each) for each in places)


def _hidden(place: Place, git: CheckoutGit, changes: tuple[Change, ...]) -> Held | None:
    if git.unflagged:
        return None
    wanted = {change.path for change in changes}
    rows = git("ls-files", "-v", "-z").stdout.split(b"\0")
    flagged = [row[2:] for row in rows if row[2:] in wanted and row[:1] != b"H"]
    if not flagged:
        return None
    return held(
        "hidden",
        f"git was told not to look at {shown(flagged)} in {place.worktree}; run `git update-index "
        "--no-assume-unchanged --no-skip-worktree` on it",
    )


def _is_plain(git: CheckoutGit, changes: tuple[Change, ...]) -> bool:
    """Return whether all that git could object to was looked at already, without git.

    It refuses what is edited, flagged or in the way, and names that some file system takes for
    another: those it is asked about.
    """
    return git.unflagged and all(_PLAIN.fullmatch(change.path) for change in changes)


_PLAIN = re.compile(rb"(?!\.git)[\w.+@=-]*\w(?:/(?!\.git)[\w.+@=-]*\w)*", re.IGNORECASE)


def _refused(place: Place, git: CheckoutGit, new: CommitId) -> Held | None:
    done = git("read-tree", "-m", "-u", "-n", new, accept=(0, 128))
    if done.code == 0:
        return None
    said = done.stderr.decode(errors="replace").strip()
    return held("in_the_way", f"git would not update {place.worktree}: {said}")


def _unreadable(place: Place, why: str) -> Held:
    return held("unreadable", f"{place.worktree} cannot be judged: {why}; see `git status` there")


def shown(paths: list[bytes]) -> str:
    """Return the first few of *paths* as one line a terminal can be trusted with."""
    names = [path.decode(errors="backslashreplace") for path in paths[:_SHOWN]]
    more = f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
    return ", ".join(name if name.isprintable() else repr(name) for name in names) + more


def _lines(paths: list[bytes]) -> bytes:
    return b"".join(path + b"\0" for path in paths)

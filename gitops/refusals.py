"""What a repository must not have, because it changes what ids, refs or commands mean.

Everything is looked at in the files themselves, before libgit2 opens anything: the two engines
disagree exactly where these things are present (reliability.md finding 8). Nothing is changed.
"""

import os
import re
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from gitops import configuration, maintenance, packs
from gitops.configuration import Problem, Setting, UnreadableConfigurationError

_REF = re.compile(rb"(?:[0-9a-f]{40}|ref: refs/[^\0\n]+)\n*")
_PACKED = re.compile(rb"(?:#[^\n]*|\^[0-9a-f]{40}|[0-9a-f]{40} refs/[^\0\n]+|)")


def problems(gitdir: Path) -> Iterator[Problem]:
    """Yield every reason not to open *gitdir*, each with what to do."""
    if not gitdir.is_absolute() or not (gitdir / "objects").is_dir():
        yield Problem("it is not the absolute path of a main git dir", str(gitdir), _FIND)
        return
    if (gitdir / "commondir").exists():
        yield Problem("it is a linked worktree's git dir, not the main one", str(gitdir), _FIND)
        return
    yield from _configured(gitdir)
    yield from _redirected(gitdir)
    yield from _refs(gitdir)
    yield from _packed(gitdir)
    yield from _packs(gitdir)
    yield from _writable_by_all(gitdir)


def notes(gitdir: Path) -> Iterator[str]:
    """Yield what is not refused and has no effect, or what an operator should know."""
    yield from configuration.notes(configuration.read_settings(gitdir / "config"))
    owner = gitdir.stat().st_uid
    if owner != os.geteuid():
        yield (
            f"{gitdir} belongs to uid {owner}, the daemon is uid {os.geteuid()}: its configuration "
            "is overridden or refused line by line, its owner can still change any ref"
        )
    hooks = gitdir / "hooks"
    if hooks.is_dir() and any(not hook.name.endswith(".sample") for hook in hooks.iterdir()):
        yield f"the hooks in {hooks} are not run by the daemon's git"
    for path in filter(_is_empty, _loose(gitdir)):
        yield f"{path} has 0 bytes; it is rewritten when the step that made it is repeated"


_FIND = "use the path `git rev-parse --path-format=absolute --git-common-dir` prints"


def _configured(gitdir: Path) -> Iterator[Problem]:
    path = gitdir / "config"
    try:
        settings = configuration.read_settings(path)
    except UnreadableConfigurationError as error:
        yield Problem(str(error), str(path), "repair the file")
        return
    yield from configuration.problems(settings, path)
    yield from _format(settings, path)
    if (gitdir / "config.worktree").exists():
        what = "settings of single worktrees are not looked at"
        yield Problem(what, str(gitdir / "config.worktree"), "move what is in it to `config`")


def _format(settings: tuple[Setting, ...], path: Path) -> Iterator[Problem]:
    for setting in settings:
        if setting.name == "core.repositoryformatversion" and setting.value not in ("0", "1"):
            what = f"repository format {setting.value} is not known"
            yield Problem(what, str(path), "use a repository of format 0 (plain files, sha1)")


def _redirected(gitdir: Path) -> Iterator[Problem]:
    for name, what, todo in _FILES:
        path = gitdir / name
        if path.exists() and path.stat().st_size:
            yield Problem(what, str(path), todo)
    if (gitdir / "reftable").exists():
        todo = "convert it: git refs migrate --ref-format=files"
        yield Problem("refs are kept in a reftable", str(gitdir / "reftable"), todo)


_FILES = (
    ("info/grafts", "grafts change the parents of commits", "remove the file"),
    ("shallow", "the history is cut off", "fetch the rest: git fetch --unshallow"),
    (
        "objects/info/alternates",
        "objects are borrowed from another repository and can vanish with it",
        "copy them: git repack -a -d, then remove the file",
    ),
    (
        "objects/info/http-alternates",
        "objects are borrowed from another repository and can vanish with it",
        "remove the file",
    ),
)


def _refs(gitdir: Path) -> Iterator[Problem]:
    for path in (gitdir / "HEAD", *_files_under(gitdir / "refs")):
        name = path.relative_to(gitdir).as_posix()
        if name.endswith(".lock"):
            continue
        if name.startswith("refs/replace/"):
            yield Problem("an object is replaced by another", name, f"git update-ref -d {name}")
        elif why := _unreadable(path):
            todo = f"point it at the right commit (git update-ref {name} OID), or remove the file"
            if name == "HEAD":  # without a sound one git finds no repository at all
                todo = f"name the branch in it: echo 'ref: refs/heads/main' > {path}"
            yield Problem(why, str(path), todo)


def _unreadable(path: Path) -> str:
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            return "a ref is not a plain file"
        content = path.read_bytes()
    except FileNotFoundError:
        return "" if path.name != "HEAD" else "there is no HEAD"
    except OSError as error:
        return f"a ref cannot be read: {error.strerror}"
    if not content:
        return "a ref has 0 bytes, as a power loss leaves it"
    return "" if _REF.fullmatch(content) else "a ref names no object"


def _packed(gitdir: Path) -> Iterator[Problem]:
    path = gitdir / "packed-refs"
    if not path.exists():
        return
    for number, line in enumerate(path.read_bytes().split(b"\n"), 1):
        if not _PACKED.fullmatch(line):
            yield Problem("this line is not a ref", f"{path}:{number}", "repair or remove the line")
        elif line[41:].startswith(b"refs/replace/"):
            name = line[41:].decode(errors="replace")
            yield Problem("an object is replaced by another", name, f"git update-ref -d {name}")


def _packs(gitdir: Path) -> Iterator[Problem]:
    for index in (gitdir / "objects" / "pack").glob("pack-*.idx"):
        pack = index.with_suffix(".pack")
        if packs.is_own(pack) or maintenance.is_whole(pack):
            continue
        if index.exists() and pack.exists():  # else a person's `git gc` removed it meanwhile
            todo = f"try `git index-pack {pack}`, else fetch the objects from a clone"
            yield Problem("a pack or its index is not whole", str(pack), todo)


def _writable_by_all(gitdir: Path) -> Iterator[Problem]:
    for name in ("", "config", "objects", "refs"):
        path = gitdir / name
        if path.exists() and path.stat().st_mode & stat.S_IWOTH:
            yield Problem("everybody on this host can write it", str(path), f"chmod o-w {path}")


def _files_under(directory: Path) -> Iterator[Path]:
    for parent, directories, files in os.walk(directory):
        for name in (*files, *(d for d in directories if (Path(parent) / d).is_symlink())):
            yield Path(parent) / name


def _loose(gitdir: Path) -> Iterator[Path]:
    """Yield loose objects; a person's `git gc` may remove them and their folders meanwhile."""
    for directory in (gitdir / "objects").glob("[0-9a-f][0-9a-f]"):
        with suppress(FileNotFoundError):
            for name in os.listdir(directory):  # noqa: PTH208  # there may be very many
                yield directory / name


def _is_empty(path: Path) -> bool:
    try:
        return path.stat().st_size == 0
    except FileNotFoundError:
        return False

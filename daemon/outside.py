"""What lies outside the repository: host file, trust file, daemon key, state directory.

Which of them belong to a repository is decided by the host file's `git_dir`, never by a name
found in the repository: a repository cannot point the daemon at another one's key.
"""

import os
import pwd
import stat
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path
from typing import TypeVar

import yaml

from policy.canonical import sha256
from policy.host import Builder, Host
from policy.people.trust import Trust
from policy.problems import Problem, Unreadable
from policy.typed import read
from policy.value import Value

HOST_FILE = "host.yaml"
TRUST_FILE = "trust.yaml"
KEY_FILE = "daemon_ed25519"
_BUILDER_IDS = range(60578, 61184)
"""Numeric users no distribution hands out (systemd's list of uid ranges), and that also exist in
a container which maps only 65536 of them."""


@dataclass(frozen=True)
class Roots:
    """Where the outside of all repositories of this user lies."""

    config: Path
    state: Path
    credentials: Path | None = None
    """Where systemd put what the unit's LoadCredential= names; None outside such a unit."""


@dataclass(frozen=True)
class Outside:
    """The outside of one repository, read and found to belong to it."""

    name: str
    config: Path
    state: Path
    host: Host
    trust: Trust
    credentials: Path | None = None

    @property
    def key(self) -> Path:
        """The daemon's key; a person outside the unit finds it beside the host file."""
        if self.host.key == "credential" and self.credentials is not None:
            return self.credentials / KEY_FILE
        return self.config / KEY_FILE

    @property
    def mark(self) -> Path:
        """The file of the high-water mark (gitops/highwater.py)."""
        return self.state / "highwater.json"


@dataclass(frozen=True)
class Absent:
    """No host file names this git directory: readers go on unverified, writers refuse."""

    why: str
    unreadable: tuple[str, ...] = ()
    """Host files that may well name it, if only they could be read."""


@dataclass(frozen=True)
class Unsound:
    """There is an outside for this repository, but it cannot be believed. One line a problem."""

    config: Path
    problems: tuple[str, ...]


def roots(environ: Mapping[str, str]) -> Roots:
    """Return the configuration and the state root that *environ* chooses (DESIGN 4.1)."""
    home = Path(environ.get("HOME") or pwd.getpwuid(os.getuid()).pw_dir)
    return Roots(
        config=_root(environ, "PAWL_CONFIG_DIR", "XDG_CONFIG_HOME", home / ".config"),
        state=_root(environ, "PAWL_STATE_DIR", "XDG_STATE_HOME", home / ".local" / "state"),
        credentials=Path(given) if (given := environ.get("CREDENTIALS_DIRECTORY")) else None,
    )


def _root(environ: Mapping[str, str], own: str, xdg: str, default: Path) -> Path:
    if environ.get(own):
        return Path(environ[own]).absolute()
    base = environ.get(xdg, "")
    # the XDG specification: a relative path there is to be ignored
    return (Path(base) if base.startswith("/") else default) / "pawl"


def find(gitdir: Path, where: Roots) -> Outside | Absent | Unsound:
    """Return what lies outside the repository with the main git directory *gitdir*.

    An unreadable host file of some other repository is not this one's problem.
    """
    own = gitdir.resolve()
    for config in _folders(where.config):
        host = _load(config / HOST_FILE, Host)
        if isinstance(host, Host) and Path(host.git_dir).resolve() == own:
            return _outside(config, where, host)
    return _absent(own, where.config)


def gitdir_of(name: str, where: Roots) -> Path | Unreadable:
    """Return the git directory the host file of *name* is about: a configuration folder's name."""
    host = _load(where.config / name / HOST_FILE, Host)
    return Path(host.git_dir) if isinstance(host, Host) else host


def _folders(config: Path) -> Iterator[Path]:
    try:
        yield from sorted(path for path in config.iterdir() if path.is_dir())
    except OSError:
        return


def _absent(gitdir: Path, config: Path) -> Absent:
    unreadable = tuple(
        problem
        for path in (folder / HOST_FILE for folder in _folders(config))
        if not _is_gone(path)
        for problem in _problems_of(path, _load(path, Host))
    )
    seen = f" (not readable: {'; '.join(unreadable)})" if unreadable else ""
    return Absent(f"no host file below {config} has `git_dir: {gitdir}`{seen}", unreadable)


def _is_gone(path: Path) -> bool:
    try:
        path.lstat()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return False


def _outside(config: Path, where: Roots, host: Host) -> Outside | Unsound:
    state = where.state / config.name
    trust = _load(config / TRUST_FILE, Trust)
    problems = [
        *_problems_of(config / TRUST_FILE, trust),
        *_exposed(config),
        *_mounted(host, config, state),
    ]
    if problems or not isinstance(trust, Trust):
        return Unsound(config, tuple(problems))
    return Outside(
        name=config.name,
        config=config,
        state=state,
        host=host,
        trust=trust,
        credentials=where.credentials,
    )


def _exposed(config: Path) -> Iterator[str]:
    for path, forbidden, mend in (
        (config, 0o022, "chmod go-w"),
        (config / HOST_FILE, 0o022, "chmod go-w"),
        (config / TRUST_FILE, 0o022, "chmod go-w"),
        (config / KEY_FILE, 0o077, "chmod go-rwx"),
    ):
        try:
            found = path.stat()
        except OSError:
            continue  # who needs the file says so; a reader does without the key
        if found.st_mode & forbidden:
            mode = stat.S_IMODE(found.st_mode)
            yield f"{path}: mode {mode:04o} lets others in; {mend} {path}"
        if found.st_uid not in {0, os.geteuid()}:
            yield f"{path}: belongs to uid {found.st_uid}, neither to root nor to you"


def _mounted(host: Host, config: Path, state: Path) -> Iterator[str]:
    for mount in map(Path, host.mounts):
        for own in (config, state):
            if own.resolve().is_relative_to(mount.resolve()):
                yield (
                    f"{config / HOST_FILE}: mounts: {mount} holds {own}, which a builder must "
                    "never see; mount the folders of the toolchain instead"
                )


Model = TypeVar("Model", bound=Value)


def _load(path: Path, model: type[Model]) -> Model | Unreadable:
    try:
        content = path.read_bytes()
    except OSError as error:
        return Unreadable((Problem(0, 0, f"cannot be read: {error.strerror}"),))
    return read(content, model)


def _problems_of(path: Path, loaded: Value | Unreadable) -> Iterator[str]:
    if isinstance(loaded, Unreadable):
        yield from (f"{path}: {problem}" for problem in loaded.problems)


def free_name(where: Roots, wanted: str, gitdir: Path) -> str:
    """Return *wanted*, or it with a number where another repository has that name already."""
    numbered = (f"{wanted}-{number}" for number in count(2))
    return next(name for name in chain((wanted,), numbered) if _is_free(where, name, gitdir))


def _is_free(where: Roots, name: str, gitdir: Path) -> bool:
    if _is_bare(where.config / name) and _is_bare(where.state / name):
        return True
    host = _load(where.config / name / HOST_FILE, Host)
    return isinstance(host, Host) and Path(host.git_dir) == gitdir


def _is_bare(folder: Path) -> bool:
    """Tell whether there is nothing in the way: no such folder, or one that an `init` left."""
    try:
        return not any(folder.iterdir())
    except FileNotFoundError:
        return True
    except OSError:
        return False


def write(where: Roots, name: str, host: Host, trust: Trust) -> Outside:
    """Write both files of a repository, each in one piece, in folders nobody else can read."""
    config, state = where.config / name, where.state / name
    for folder in (config, state):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    _replace(config / HOST_FILE, _HOST_HEAD + _yaml(host, defaults=False))
    _replace(config / TRUST_FILE, _TRUST_HEAD + _yaml(trust, defaults=True))
    return Outside(name=name, config=config, state=state, host=host, trust=trust)


def write_trust(outside: Outside, trust: Trust) -> None:
    """Replace the trust file, in one piece."""
    _replace(outside.config / TRUST_FILE, _TRUST_HEAD + _yaml(trust, defaults=True))


def _yaml(value: Value, *, defaults: bool) -> str:
    plain = value.model_dump(mode="json", by_alias=True, exclude_defaults=not defaults)
    return yaml.safe_dump({"schema": 1, **plain}, sort_keys=False, width=1000, allow_unicode=True)


def _replace(path: Path, text: str) -> None:
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False) as file:
        try:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
            Path(file.name).replace(path)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def builder_for(gitdir: Path) -> Builder | None:
    """Return the numeric user builders of a root daemon run as; None for an ordinary user's."""
    if os.geteuid() != 0:
        return None
    taken = {entry.pw_uid for entry in pwd.getpwall()}
    free = [uid for uid in _BUILDER_IDS if uid not in taken]
    uid = free[int(sha256(os.fsencode(gitdir))[:8], 16) % len(free)]
    return Builder(uid=uid, gid=uid)


_HOST_HEAD = """\
# What only the operator of this host decides about one repository; a repository can ask for less.
# `pawl schema host` lists every key with its default.
"""
_TRUST_HEAD = """\
# Whom to believe about one repository. Nothing in the repository can change this.
"""

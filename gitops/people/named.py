"""Keys that git and ssh are told to use on this host: the files they name, the agents they ask.

Conditions are not asked for: what is said for one host or one folder lies there for every other
one too. Nothing here says whose a key is, or that it is there at all.
"""

import glob
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gitops.configuration import UnreadableConfigurationError, read_settings

_LITERAL = ("key::", "ssh-", "ecdsa-", "sk-ssh-", "sk-ecdsa-")
"""A `user.signingKey` that is the public key itself: an agent signs for it."""
_GIT = ("gitconfig", "../usr/local/etc/gitconfig")
_SSH = "ssh/ssh_config"
_GONE = (FileNotFoundError, NotADirectoryError, PermissionError)
"""Who may not read what says it cannot use it either."""


@dataclass(frozen=True)
class Home:
    """A home folder, and whose it is by name."""

    path: Path
    user: str


@dataclass
class Named:
    files: list[Path] = field(default_factory=list)
    """Private keys, if they are any; for a public one also what would be its private half."""
    agents: list[str] = field(default_factory=list)
    """Sockets."""
    unread: list[tuple[str, str]] = field(default_factory=list)
    """Where more may be named, and why it was not read."""


def named(
    gitdir: Path, homes: Sequence[Home], environ: Mapping[str, str], etc: Path = Path("/etc")
) -> Named:
    """Return what git is told in *gitdir*, by each of *homes* and in *etc*, and what ssh is."""
    found = Named()
    git = _Git(found, (gitdir.parent, *(home.path for home in homes)))
    for path in _configurations(gitdir, homes, environ, etc):
        git.read(path)
    for name, value in environ.items():
        if name.startswith("GIT_CONFIG_KEY_"):
            git.take(value, environ.get(name.replace("_KEY_", "_VALUE_"), ""))
    for home in homes:
        ssh = _Ssh(found, home, environ)
        ssh.read(home.path / ".ssh/config", home.path / ".ssh")
        ssh.read(etc / _SSH, (etc / _SSH).parent)
    return found


def _configurations(
    gitdir: Path, homes: Iterable[Home], environ: Mapping[str, str], etc: Path
) -> Iterator[Path]:
    yield from (gitdir / "config", gitdir / "config.worktree")
    yield from sorted(gitdir.glob("worktrees/*/config.worktree"))
    for home in homes:
        yield from (home.path / ".gitconfig", home.path / ".config/git/config")
    yield from (etc / name for name in _GIT)
    base = environ.get("XDG_CONFIG_HOME", "")
    named_ones = (environ.get(name, "") for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"))
    others = (f"{base}/git/config", *named_ones)
    yield from (Path(other) for other in others if other.startswith("/"))


_INCLUDES = re.compile(r"include(if\..*)?\.path", re.IGNORECASE | re.DOTALL)


@dataclass
class _Git:
    found: Named
    bases: Sequence[Path]
    """What a relative path may be meant from: the work tree, then the homes."""
    seen: set[Path] = field(default_factory=set)

    def read(self, path: Path) -> None:
        if path in self.seen:
            return
        self.seen.add(path)
        try:
            settings = read_settings(path)
        except _GONE:
            return
        except (UnreadableConfigurationError, OSError) as error:
            if not _is_closed(path):
                self.found.unread.append((str(path), str(error)))
            return
        for setting in settings:
            self.take(setting.name, setting.value)
            if _INCLUDES.fullmatch(setting.name):
                for included in self._paths(setting.value, (path.parent,)):
                    self.read(included)

    def take(self, name: str, value: str) -> None:
        if name.lower() == "user.signingkey" and not value.startswith(_LITERAL):
            self.found.files += _halves(self._paths(value, self.bases))

    def _paths(self, value: str, bases: Sequence[Path]) -> Iterator[Path]:
        if value.startswith("~/"):
            yield from (base / value[2:] for base in self.bases[1:])
        elif value:
            yield from dict.fromkeys(base / path for path in _of_user(value) for base in bases)


@dataclass
class _Ssh:
    found: Named
    home: Home
    environ: Mapping[str, str]
    seen: set[Path] = field(default_factory=set)

    def read(self, path: Path, base: Path) -> None:
        """Read *path*; what it includes without a folder lies in *base*."""
        if path in self.seen:
            return
        self.seen.add(path)
        try:
            text = path.read_text(errors="surrogateescape")
        except _GONE:
            return
        except OSError as error:
            self.found.unread.append((str(path), str(error)))
            return
        for keyword, value in _lines(text):
            match keyword:
                case "identityfile":
                    self.found.files += _halves(self._paths(value, self.home.path))
                case "identityagent":
                    self.found.agents += map(str, self._paths(value, self.home.path))
                case "include":
                    for included in self._paths(value, base):
                        self.read(included, base)
                case _:
                    pass  # says nothing of keys

    def _paths(self, value: str, base: Path) -> Iterator[Path]:
        """Yield the files *value* may mean; what differs by host stands for each that is there."""
        known = {"%%": "%", "%d": str(self.home.path), "%u": self.home.user}
        pattern = _TOKEN.sub(lambda one: self._token(one, known), value)
        for path in _of_user(pattern.replace("~/", f"{self.home.path}/", 1)):
            yield from _there(base / path)

    def _token(self, found: "re.Match[str]", known: Mapping[str, str]) -> str:
        name = found["name"]
        return known.get(found[0], "*") if name is None else self.environ.get(name, "*")


_TOKEN = re.compile(r"%.|\$\{(?P<name>\w+)\}")
_LINE = re.compile(r"\s*(?P<keyword>[A-Za-z]+)(?:\s*=\s*|\s+)(?P<rest>.*)")


def _there(path: Path) -> Iterator[Path]:
    if not glob.has_magic(str(path)):
        yield path
        return
    try:
        yield from sorted(Path(path.anchor).glob(str(path.relative_to(path.anchor))))
    except ValueError:
        return  # no pattern: nothing is called so


def _lines(text: str) -> Iterator[tuple[str, str]]:
    """Yield keyword and argument of an ssh configuration, a pair for each argument."""
    for line in text.replace("\0", "").splitlines():
        found = _LINE.fullmatch(line)
        if found is None:
            continue
        try:
            words = shlex.split(found["rest"])
        except ValueError:
            words = found["rest"].split()
        yield from ((found["keyword"].lower(), word) for word in words)


def _of_user(value: str) -> tuple[Path, ...]:
    """Return the path *value* is; none where `~name` is nobody."""
    try:
        return (Path(value).expanduser(),)
    except RuntimeError:
        return ()


def _halves(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        yield path
        if path.suffix == ".pub":
            yield path.with_suffix("")


def _is_closed(path: Path) -> bool:
    """Tell whether *path* is not there for who runs here, rather than in disorder."""
    try:
        path.open("rb").close()
    except _GONE:
        return True
    except OSError:
        return False
    return False

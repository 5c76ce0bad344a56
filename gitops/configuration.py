"""A repository's own configuration file: what of it the daemon refuses, and what it overrides.

Whoever can write the file could run code as the daemon (`core.sshCommand`, `filter.x.clean`) or
change what objects mean (`extensions.*`, `include.path`). System and personal configuration is
never read. Names are matched as git does: section and key ignore case, the middle does not.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import pygit2


@dataclass(frozen=True)
class Problem:
    """Why a repository is not opened, and what a person can do about it."""

    what: str
    where: str
    todo: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}; {self.todo}"


@dataclass(frozen=True)
class Setting:
    """One line of the file: `filter.lfs.clean`, and its value as text."""

    name: str
    value: str


class UnreadableConfigurationError(Exception):
    """The file cannot be read as git configuration."""


def read_settings(path: Path) -> tuple[Setting, ...]:
    """Return the settings in *path*, in order; none where there is no such file.

    Raises `UnreadableConfigurationError`. Included files are not refused here but by
    `problems`, which sees the `include` line itself.
    """
    if not path.exists():
        return ()
    try:
        entries = list(pygit2.Config(str(path)))
    except (pygit2.GitError, OSError, ValueError) as error:
        raise UnreadableConfigurationError(f"cannot read {path}: {error}") from error
    return tuple(Setting(entry.name, entry.value or "") for entry in entries)


_REFUSED = {
    "include.path": "it can change every other setting",
    "includeif.*.path": "it can change every other setting",
    "extensions.*": "it changes what the repository's objects and refs mean",
    "core.worktree": "it aims git at another directory (a submodule's git dir has it too)",
    "core.sshcommand": "it runs a command for each transport",
    "core.gitproxy": "it runs a command for each transport",
    "core.alternaterefscommand": "it runs a command for each transport",
    "remote.*.uploadpack": "it runs a command for each transport",
    "remote.*.receivepack": "it runs a command for each transport",
    "remote.*.vcs": "it runs a command for each transport",
    "remote.*.promisor": "a partial clone lacks objects the daemon needs",
    "remote.*.partialclonefilter": "a partial clone lacks objects the daemon needs",
    "protocol.*": "it opens transports the daemon has closed",
    "url.*.insteadof": "it redirects remotes",
    "url.*.pushinsteadof": "it redirects remotes",
}
_OVERRIDDEN = {
    "filter.*.clean": "",
    "filter.*.smudge": "",
    "filter.*.process": "",
    "filter.*.required": "false",
    "credential.helper": "",
    "credential.*.helper": "",
    "core.hookspath": "/dev/null",
    "core.fsmonitor": "false",
    "core.attributesfile": "/dev/null",
    "core.excludesfile": "/dev/null",
    "core.askpass": "",
    "core.editor": "false",
    "core.pager": "cat",
    "sequence.editor": "false",
    "gpg.program": "false",
    "gpg.*.program": "false",
    "gpg.ssh.defaultkeycommand": "",
    "commit.gpgsign": "false",
    "tag.gpgsign": "false",
    "push.gpgsign": "false",
    "merge.*.driver": "false",
    "trailer.*.command": "",
    "trailer.*.cmd": "",
    "submodule.*.update": "none",
    "gc.recentobjectshook": "",
}
_REFUSED_BY_FLAG = ("diff.external", "diff.*.command", "diff.*.textconv")


def problems(settings: tuple[Setting, ...], where: Path) -> Iterator[Problem]:
    """Yield what the daemon refuses of *settings*."""
    for setting in settings:
        for pattern, why in _REFUSED.items():
            if _matches(setting.name, pattern):
                todo = f"remove it: git config --file {where} --unset-all {setting.name}"
                yield Problem(f"`{setting.name}` is set, {why}", str(where), todo)


def overrides(settings: tuple[Setting, ...]) -> dict[str, str]:
    """Return name -> value of each executable setting that git must be given another value for."""
    return {
        setting.name: value
        for setting in settings
        for pattern, value in _OVERRIDDEN.items()
        if _matches(setting.name, pattern)
    }


def notes(settings: tuple[Setting, ...]) -> tuple[str, ...]:
    """Return a line for each setting that has no effect while the daemon runs git."""
    ignored = dict.fromkeys(
        setting.name
        for setting in settings
        if any(_matches(setting.name, pattern) for pattern in (*_OVERRIDDEN, *_REFUSED_BY_FLAG))
    )
    return tuple(f"`{name}` is not used by the daemon's git" for name in ignored)


def _matches(name: str, pattern: str) -> bool:
    section, _, rest = name.partition(".")
    middle, _, key = rest.rpartition(".")
    folded = (
        f"{section.lower()}.{middle}.{key.lower()}"
        if middle
        else f"{section.lower()}.{key.lower()}"
    )
    if "*" not in pattern:
        return folded == pattern
    return fnmatchcase(folded, pattern)

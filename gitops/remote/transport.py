"""Fetch and push through the git wrapper, with nothing but what the host file says.

The repository's own configuration could send a connection elsewhere, or take it through a proxy
of its own: such settings are refused. No prompt is ever answered, no other key or helper is asked.
"""

import re
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from gitops import configuration, refs
from gitops.git import ConfigurationRefusedError, Done, Git, GitError
from gitops.remote import push as pushing
from gitops.remote.push import Change, Pushed, last_words
from gitops.repository import Store
from policy.ids import CommitId, RefName
from policy.remote import Remote

Stopped = Callable[[], bool]


@dataclass(frozen=True)
class Fetched:
    """What the hub had: its full ref name -> commit. Everything named is here now."""

    refs: Mapping[RefName, CommitId]


@dataclass(frozen=True)
class Unreachable:
    """No answer, or not a whole one: whether a push took effect is not known."""

    why: str


class Transport:
    """One hub, seen from one clone. Belongs to the thread that *store* belongs to."""

    def __init__(self, store: Store, remote: Remote, target: RefName) -> None:
        self._store = store
        self._remote = remote
        self._target = target
        self._git = Git(store.gitdir, durability=store.durability, timeout_s=remote.timeout_s)

    def fetch(self, stopped: Stopped) -> Fetched | Unreachable:
        """Bring what the hub has below `refs/pawl/remote/`, and return it."""
        answer = self._fetch(stopped, (self._target,))
        if isinstance(answer, Unreachable) and _NO_TARGET.search(answer.why):
            answer = self._fetch(stopped, ())
            if answer is None:
                _forget(self._store, refs.tracking_ref(self._target))
        return answer or Fetched(last_seen(self._store))

    def push(
        self, changes: Sequence[Change], *, atomic: bool, stopped: Stopped
    ) -> Pushed | Unreachable:
        """Ask the hub for *changes*; with *atomic* for all of them or none."""
        return self._push(pushing.arguments(changes, atomic=atomic), changes, stopped)

    def look(self, stopped: Stopped) -> Fetched | Unreachable:
        """Return what the hub has of target and ledger; nothing of it is brought here."""
        asked = ("--refs", "--end-of-options", self._remote.url, self._target, refs.LEDGER)
        done = self._asks(stopped, "ls-remote", *asked)
        if isinstance(done, Unreachable):
            return done
        if done.code != 0:
            return Unreachable(last_words(done.stderr.decode(errors="replace")))
        rows = (line.split("\t", 1) for line in done.stdout.decode().splitlines())
        return Fetched({RefName(ref): CommitId(commit) for commit, ref in rows})

    def rehearse(self, change: Change, stopped: Stopped) -> Pushed | Unreachable:
        """Ask the hub whether *change* may be pushed, and do not push it.

        It says who may not push at all; its hooks and its rules for single refs are not asked.
        """
        argv = ["--dry-run", *pushing.arguments([change], atomic=False)]
        return self._push(argv, [change], stopped)

    def _push(
        self, argv: Sequence[str], changes: Sequence[Change], stopped: Stopped
    ) -> Pushed | Unreachable:
        asked = (*argv, "--end-of-options", self._remote.url, *pushing.specs(changes))
        done = self._asks(stopped, "push", *asked)
        if isinstance(done, Unreachable):
            return done
        out, err = (text.decode(errors="replace") for text in (done.stdout, done.stderr))
        return pushing.parse(out, err) or Unreachable(last_words(err))

    def _fetch(self, stopped: Stopped, heads: Sequence[RefName]) -> Unreachable | None:
        specs = [f"+{ref}:{refs.tracking_ref(ref)}" for ref in (*heads, *_WANTED)]
        asked = (*_FETCH, "--end-of-options", self._remote.url, *specs)
        done = self._asks(stopped, "fetch", *asked)
        if isinstance(done, Unreachable):
            return done
        if done.code == 0:
            return None
        return Unreachable(last_words(done.stderr.decode(errors="replace")))

    def _asks(self, stopped: Stopped, *argv: str) -> Done | Unreachable:
        """Run git as the host file says; whatever code it ends with is an answer."""
        settings = self._settings()
        if isinstance(settings, Unreachable):
            return settings
        try:
            return self._git.run(*argv, settings=settings, stopped=stopped, accept=range(256))
        except (GitError, ConfigurationRefusedError) as error:
            return Unreachable(str(error))

    def _settings(self) -> dict[str, str] | Unreachable:
        strays = list(_strays(self._store, self._remote.url))
        if strays:
            return Unreachable(
                f"{self._store.gitdir / 'config'} has {', '.join(strays)}; the host file alone "
                "says how the hub is reached: remove it"
            )
        return settings_of(self._remote)


def last_seen(store: Store) -> dict[RefName, CommitId]:
    """Return what the hub had when it was last looked at; a damaged one is left out.

    What is left out is fetched again; nothing is decided by its absence before that.
    """
    found = refs.list_refs(store, refs.REMOTE).refs
    return {_original(ref): tip for ref, tip in found.items()}


def _original(tracking: RefName) -> RefName:
    rest = tracking.removeprefix(refs.REMOTE)
    return RefName(f"refs/{rest}" if rest.startswith("heads/") else f"refs/pawl/{rest}")


def _forget(store: Store, ref: RefName) -> None:
    tip = refs.read(store, ref)
    if tip is not None:
        refs.delete(store, ref, was=tip)


_WANTED = (
    RefName("refs/heads/pawl/*"),
    RefName(f"{refs.MISSIONS}*"),
    RefName(f"{refs.LEASES}*"),
)
_FETCH = (
    "--quiet",
    "--prune",
    "--no-tags",
    "--no-write-fetch-head",
    "--no-auto-maintenance",
    "--recurse-submodules=no",
    "--no-show-forced-updates",
)
_NO_TARGET = re.compile(r"couldn't find remote ref refs/heads/")


def settings_of(remote: Remote) -> dict[str, str]:
    """Return the settings git reaches *remote* with: last in its configuration, so they win."""
    opened = {f"protocol.{remote.scheme}.allow": "always"}
    match remote.scheme:
        case "ssh":
            return {**opened, "core.sshCommand": _ssh(remote), "ssh.variant": "ssh"}
        case "http" | "https":
            return {**opened, **_http(remote)}
        case "file":
            return opened


def _ssh(remote: Remote) -> str:
    words = ["ssh", "-F", "/dev/null"]
    for option in (
        "BatchMode=yes",
        "StrictHostKeyChecking=yes",
        f"UserKnownHostsFile={_quoted(remote.known_hosts)}",
        "GlobalKnownHostsFile=/dev/null",
        f"IdentityFile={_quoted(remote.ssh_key)}",
        "IdentitiesOnly=yes",
        "IdentityAgent=none",
        "PreferredAuthentications=publickey",
        "UpdateHostKeys=no",
        "ControlPath=none",
        "ClearAllForwardings=yes",
        "PermitLocalCommand=no",
        f"ConnectTimeout={remote.silence_s}",
        f"ServerAliveInterval={remote.silence_s}",
        "ServerAliveCountMax=1",
    ):
        words += ["-o", option]
    return shlex.join(words)


def _quoted(path: str | None) -> str:
    """Return *path* as ssh's own configuration wants it: `%` are tokens, blanks end a word."""
    return '"' + (path or "/dev/null").replace("%", "%%").replace('"', '\\"') + '"'


def _http(remote: Remote) -> dict[str, str]:
    parts = urlsplit(remote.url)
    settings = {
        "http.followRedirects": "false",
        "http.sslVerify": "true",
        "http.proxy": "",
        "http.emptyAuth": "false",
        "http.lowSpeedLimit": "1",
        "http.lowSpeedTime": str(remote.silence_s),
    }
    if remote.certificates:
        settings["http.sslCAInfo"] = remote.certificates
    if remote.credentials:
        # Only reading: git's own `store` would delete a password the server refused once.
        command = f'!f() {{ test "$1" != get || cat {shlex.quote(remote.credentials)}; }}; f'
        settings[f"credential.{parts.scheme}://{parts.netloc}.helper"] = command
    return settings


def _strays(store: Store, url: str) -> Iterator[str]:
    """Yield settings of the repository that have a say in how the hub is reached."""
    for setting in configuration.read_settings(store.gitdir / "config"):
        if setting.name.lower().startswith(("http.", "push.pushoption", f"remote.{url.lower()}.")):
            yield f"`{setting.name}`"

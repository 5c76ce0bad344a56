"""What `doctor` says of the hub: it is asked, with the host file's own key, and left as it is.

Whether a hook or a protected branch is in the way a hub tells in earnest only. What the daemon was
refused last is told in its place.
"""

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from daemon.cli.exits import Exit
from daemon.cli.finding import Finding, bad
from daemon.cli.hub import refused
from daemon.cli.place import Place
from daemon.outside import HOST_FILE, Outside
from gitops import refs
from gitops.observe import contains
from gitops.remote import Change, Changed, Fetched, Transport, Unreachable
from policy.ids import CommitId, RefName
from policy.remote import Remote

_WHAT = "hub"
_CREDENTIALS = Path("/run/credentials")
_REHEARSED = RefName(f"{refs.LEASES}doctor")
"""A ref nobody has: the question is only whether there may be one."""


def hub(place: Place, outside: Outside, target: RefName) -> Iterator[Finding]:
    """Yield how the hub answers, and what to do; nothing where the host file names none."""
    remote = outside.host.remote
    if remote is None:
        return
    missing = list(_missing(remote))
    if missing:
        yield from missing
        return
    transport = Transport(place.store, remote, target)
    match transport.look(_never):
        case Unreachable(why=why):
            yield bad(_WHAT, f"{remote.url} was not reached: {why}", _mend(why, remote), _RED)
        case Fetched(refs=there):
            yield Finding(_WHAT, "good", f"{remote.url} answers, and may be fetched")
            yield from _branches(place, remote, target, there)
            yield from _pushing(place, transport, remote, target)
            yield from _refusals(outside)


_RED = Exit.ENVIRONMENT


def _never() -> bool:
    return False


def _missing(remote: Remote) -> Iterator[Finding]:
    """Yield the files of the host file that cannot be read here."""
    named = {
        "ssh_key": remote.ssh_key,
        "known_hosts": remote.known_hosts,
        "credentials": remote.credentials,
        "certificates": remote.certificates,
    }
    for key, path in named.items():
        if path is None or os.access(path, os.R_OK):
            continue
        handed = Path(path).is_relative_to(_CREDENTIALS)
        then = (
            "systemd has it there while the service runs, for its user: look then, as that user"
            if handed
            else f"put it there, readable for whom pawl runs as, or correct {HOST_FILE}"
        )
        yield bad(_WHAT, f"{key}: {path} cannot be read", then, _RED)


def _branches(
    place: Place, remote: Remote, target: RefName, there: Mapping[RefName, CommitId]
) -> Iterator[Finding]:
    """Yield what of the target keeps everything waiting: not there, or not all of it."""
    theirs, ours = there.get(target), refs.read(place.store, target)
    if theirs is None:
        then = f"git push {remote.url} {target}"
        yield bad(_WHAT, f"it has no {target}: nothing can land there", then, _RED)
    elif ours is not None and ours != theirs and contains(place.store, ours, theirs):
        said = f"{target} here is ahead of the hub's: until it is pushed nothing is opened or lands"
        yield bad(_WHAT, said, f"git push {remote.url} {target}", _RED)


def _pushing(
    place: Place, transport: Transport, remote: Remote, target: RefName
) -> Iterator[Finding]:
    commit = refs.read(place.store, target)
    if commit is None:
        return
    answer = transport.rehearse(Change(_REHEARSED, None, commit), _never)
    if isinstance(answer, Unreachable):
        said = f"{remote.url} may be fetched and not pushed to: {answer.why}"
        yield bad(_WHAT, said, f"let {_who(remote)} write there: {_NEEDED.format(target)}", _RED)
    elif all(isinstance(one, Changed) for one in answer.answers.values()):
        said = "it may be pushed to; hooks and protected branches say so in earnest only"
        yield Finding(_WHAT, "good", said, f"not to be protected: {_NEEDED.format(target)}")
    else:
        whys = "; ".join(one.why for one in answer.answers.values() if not isinstance(one, Changed))
        yield bad(_WHAT, f"it would not take {_REHEARSED}: {whys}", _NEEDED.format(target), _RED)


_NEEDED = "{}, refs/heads/pawl/* (with deletion), refs/pawl/*"


def _refusals(outside: Outside) -> Iterator[Finding]:
    for what, why in refused(outside).items():
        then = "change that at the hub; it is asked again by itself"
        yield bad(_WHAT, f"it refused the daemon ({what}): {why}", then, _RED)


# what to do


def _who(remote: Remote) -> str:
    return f"the key {remote.ssh_key}" if remote.ssh_key else "whom the credentials name"


def _mend(why: str, remote: Remote) -> str:
    """Return what to do about words of git, ssh or curl; they are only read for people."""
    for words, then in _MENDS:
        if words.search(why):
            return then.format(remote=remote)
    return f"try it by hand: git ls-remote {remote.url}"


_MENDS = (
    (
        re.compile(r"Host key verification failed|HOST IDENTIFICATION HAS CHANGED"),
        "its host key is not in {remote.known_hosts}: ssh-keyscan, compare, and put it there",
    ),
    (
        re.compile(r"Permission denied \(|Load key"),
        "let the key in at the hub: ssh-keygen -y -f {remote.ssh_key} prints its public half",
    ),
    (
        re.compile(r"Could not resolve|Connection (?:refused|timed out|closed)|No route|Network"),
        "see whether the network, the name and the port in {remote.url} are right",
    ),
    (
        re.compile(r"does not appear to be a git repository|not found|does not exist"),
        "see whether the path in {remote.url} is right, and whether this user may see it",
    ),
    (
        re.compile(r"Authentication failed|could not read (?:Username|Password)|40[13]"),
        "see whether {remote.credentials} has a `username=` and a `password=` that hold",
    ),
    (
        re.compile(r"certificate|SSL"),
        "name the hub's authority with `certificates`; now: {remote.certificates}",
    ),
    (re.compile(r"the host file alone says"), "remove these settings: git config --unset-all"),
)

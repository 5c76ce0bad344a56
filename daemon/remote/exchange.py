"""One exchange with the hub, in a worker: what is to be pushed, then what is there now.

The fetch comes after the pushes, so that whatever is decided next is decided on what the hub had
when it had already taken, or refused, what was ours. Crashes and lost answers need no memory.
"""

import threading
from dataclasses import dataclass

import pygit2

from daemon.site import Site
from gitops.refs import BrokenRefError, RefLockedError
from gitops.remote import Change, Fetched, Pushed, Transport, Unreachable
from policy.remote import Remote


@dataclass(frozen=True)
class Ask:
    """Changes of the hub's refs that belong together, and the points around asking for them."""

    key: str
    changes: tuple[Change, ...]
    atomic: bool = True


@dataclass(frozen=True)
class Exchanged:
    answers: tuple[tuple[Ask, Pushed], ...]
    """Of what the hub answered; what comes after a lost answer was not asked any more."""
    fetched: Fetched | Unreachable


def exchange(site: Site, remote: Remote, asks: tuple[Ask, ...], stop: threading.Event) -> Exchanged:
    """Push *asks* one after the other, then fetch."""
    answers: list[tuple[Ask, Pushed]] = []
    try:
        transport = Transport(site.worker_store(), remote, site.target)
        for ask in asks:
            _point(site, "push", ask)
            answer = transport.push(ask.changes, atomic=ask.atomic, stopped=stop.is_set)
            if isinstance(answer, Unreachable):
                return Exchanged(tuple(answers), answer)
            _point(site, "pushed", ask)
            answers.append((ask, answer))
        return Exchanged(tuple(answers), transport.fetch(stop.is_set))
    except (OSError, pygit2.GitError, RefLockedError, BrokenRefError) as error:
        return Exchanged(tuple(answers), Unreachable(f"what the hub has cannot be kept: {error}"))


def _point(site: Site, moment: str, ask: Ask) -> None:
    """Name the moment, where what is asked for has an effect of its own."""
    if ask.atomic:
        site.point(f"hub:{moment}:{ask.key.partition(' ')[0]}")

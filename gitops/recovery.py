"""Recovery: what is looked at, and put right, before the daemon does anything else.

Two halves, because a repository with an empty ref is not opened: `before_open` works on the files,
`after_open` needs the store. Both only after the single-instance lock is held. Neither guesses:
what cannot be proven stale or healed with a verified commit is left as it is and reported.
"""

import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from gitops import processes, scratch
from gitops.empty_refs import heal_refs
from gitops.finding import Doubt, Finding, Healed, NeedsPerson
from gitops.landing import marker
from gitops.landing.marker import Marker
from gitops.landing.places import gitdirs
from gitops.landing.resume import resume
from gitops.locks import LockRules, stale_locks
from gitops.packs import TEMPORARY
from gitops.repository import Store
from gitops.torn import torn_objects
from policy.ids import CommitId, RefName

__all__ = [
    "Doubt",
    "Finding",
    "Healed",
    "LockRules",
    "NeedsPerson",
    "after_open",
    "before_open",
    "resume",
]


def before_open(
    gitdir: Path,
    *,
    target: RefName,
    known: Mapping[RefName, CommitId],
    trusted: str | None,
    rules: LockRules,
    now: float,
    patience_s: float = 0.0,
) -> tuple[Finding, ...]:
    """Remove stale locks and heal emptied refs; see `stale_locks` and `heal_refs`."""
    return (
        *stale_locks(gitdir, rules, trusted=trusted, now=now, patience_s=patience_s),
        *heal_refs(gitdir, target=target, known=known, trusted=trusted),
    )


def after_open(
    store: Store, *, patience_s: float, since: float | None = None
) -> tuple[Finding, ...]:
    """Heal packs and objects, finish the checkouts, sweep. *patience_s*: for a git still at it."""
    store.heal_packs()
    findings = (*torn_objects(store, since=since), *resume(store, patience_s=patience_s))
    _sweep(store)
    return findings


def _sweep(store: Store) -> None:
    """Remove temporary files of a daemon that is gone."""
    for gitdir in gitdirs(store.gitdir):
        if not isinstance(marker.read(gitdir), Marker):
            for path in (gitdir / "pawl-index", gitdir / "pawl-index.lock"):
                path.unlink(missing_ok=True)
        for path in gitdir.glob("pawl-index-lock.*"):
            _drop_if_left(path)
    for path in store.pack_directory.glob(f"{TEMPORARY}*"):
        _drop_if_left(path)
    scratch.sweep()


def _drop_if_left(path: Path) -> None:
    found = _PID.search(path.name)
    if found is not None and not processes.is_alive(int(found[1])):
        with suppress(FileNotFoundError):
            path.unlink()


_PID = re.compile(r"(?:pawl-[a-z]+_|lock\.)([0-9]+)(?:_|$)")

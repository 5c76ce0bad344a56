"""The command `cleanup`: what may go, and only that.

A work branch goes when its mission is closed and everything on it is in the ledger's history: a
commit that a person made there and that nothing else holds stays. Spilled output goes by age,
environments by their last use where there are more than the host file keeps.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pygit2

from daemon.cli import output
from daemon.cli.exits import Exit
from daemon.cli.missions import Missions
from daemon.cli.place import Place, open_place, policy_at, target_of, tip_of, trusted_outside
from daemon.clock import SystemClock
from daemon.hosting import environments_of
from daemon.lock import single_instance
from daemon.outside import Outside
from daemon.upkeep import outlived
from gitops import ledger, refs
from gitops.observe import contains
from policy.ids import CommitId, MissionId, RefName
from policy.problems import Unreadable
from policy.rules.load import Effective, shipped_policy


@dataclass(frozen=True)
class Branch:
    ref: RefName
    tip: CommitId


@dataclass(frozen=True)
class Kept:
    """A work branch of a closed mission that stays, and why."""

    ref: RefName
    why: str


def cleanup(start: Path, *, dry_run: bool, as_json: bool) -> Exit:
    """Delete what may go; with *dry_run* only tell."""
    place = open_place(start)
    outside = trusted_outside(place, "clean up")
    environments, host = environments_of(outside), outside.host
    unused = environments.prunable(most=host.environments_kept, most_bytes=host.environments_bytes)
    if dry_run:
        branches, kept, files = _look(place, outside)
    else:
        with single_instance(outside.state):
            branches, kept, files = _look(place, outside)
            for branch in branches:
                refs.delete(place.store, branch.ref, was=branch.tip)
            for file in files:
                file.unlink(missing_ok=True)
            environments.prune(most=host.environments_kept, most_bytes=host.environments_bytes)
    if as_json:
        output.dump(
            {
                "schema": 1,
                "dry_run": dry_run,
                "branches": [one.ref for one in branches],
                "kept": {one.ref: one.why for one in kept},
                "files": [str(file) for file in files],
                "environments": [one.key for one in unused],
            }
        )
        return Exit.OK
    did = "would delete" if dry_run else "deleted"
    for branch in branches:
        output.say(f"{did} {branch.ref} ({branch.tip[:12]})")
    for file in files:
        output.say(f"{did} {file}")
    for about in unused:
        output.say(f"{did} environment {about.name} ({about.key[:12]}, {about.bytes} bytes)")
    for one in kept:
        output.say(f"keeps {one.ref}: {one.why}")
    if not branches and not files and not unused:
        output.say("nothing to clean up")
    return Exit.OK


def _look(place: Place, outside: Outside) -> tuple[list[Branch], list[Kept], list[Path]]:
    found = [*_branches(place), *_lost(place)]
    branches = [one for one in found if isinstance(one, Branch)]
    kept = [one for one in found if isinstance(one, Kept)]
    return branches, kept, sorted(_spilled(place, outside))


def _branches(place: Place) -> Iterator[Branch | Kept]:
    missions = Missions(place)
    closed = missions.ledger
    for ref, tip in refs.list_refs(place.store, refs.WORK).refs.items():
        mission = MissionId(ref.removeprefix(refs.WORK))
        if mission in missions.open_ids() or closed is None:
            continue
        if not ledger.is_closed(place.store, mission, ledger=closed):
            yield Kept(ref, "no mission of that name is known")
        elif contains(place.store, closed, tip):
            yield Branch(ref, tip)
        else:
            yield Kept(ref, f"{tip[:12]} is in no ledger: somebody committed on it")


def _lost(place: Place) -> Iterator[Branch]:
    """Yield steps that the hub did not take, once they are old enough."""
    oldest = _oldest(place).timestamp()
    for ref, tip in refs.list_refs(place.store, refs.LOST).refs.items():
        if place.store.repo[tip].peel(pygit2.Commit).commit_time < oldest:
            yield Branch(ref, tip)


def _spilled(place: Place, outside: Outside) -> Iterator[Path]:
    yield from outlived(outside.state, _oldest(place))


def _oldest(place: Place) -> datetime:
    """Return from when on things are kept."""
    effective = policy_at(place, tip_of(place, target_of(place)).tree)
    days = _or_shipped(effective).policy.evidence.retention_days
    return SystemClock().now() - timedelta(days=days)


def _or_shipped(effective: Effective | Unreadable) -> Effective:
    return effective if isinstance(effective, Effective) else shipped_policy()

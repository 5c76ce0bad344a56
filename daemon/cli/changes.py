"""The command `diff`: what a mission changed, as git shows it."""

from pathlib import Path

from daemon.cli import output
from daemon.cli.exits import Exit, RefusedError
from daemon.cli.missions import Known, Missions
from daemon.cli.place import Place, open_place
from daemon.cli.show import readable
from gitops.objects import read_object
from policy.ids import CommitId
from policy.mission.attempts import AttemptEnded, AttemptStarted
from policy.mission.facts import CandidateBuilt, Landed


def diff(start: Path, name: str, *, as_json: bool) -> Exit:
    """Print the diff of what landed, else of the newest candidate, else of the newest attempt."""
    place = open_place(start)
    known = readable(Missions(place).named(name), "show the diff of")
    found = _sides(known)
    if found is None:
        raise RefusedError(
            Exit.NOT_FOUND,
            attempted="show the diff of",
            on=known.mission,
            why="no attempt of it left a tree",
            then=f"`pawl show {known.mission}` tells why.",
        )
    what, old, new = found
    for commit in (old, new):
        read_object(place.store, commit, "commit")
    patch = _patch(place, old, new)
    if as_json:
        text = patch.decode(errors="replace")
        output.dump({"schema": 1, "id": known.mission, "of": what, "old": old, "new": new,
                     "diff": text})  # fmt: skip
    else:
        output.say(f"{known.mission}: {what} {new} against {old}")
        output.say(*patch.decode(errors="replace").split("\n"))
    return Exit.OK


def _sides(known: Known) -> tuple[str, CommitId, CommitId] | None:
    for record in reversed(known.records):
        match record.fact:
            case Landed(commit=commit):
                return "landed", known.summary.base, commit
            case CandidateBuilt(candidate=candidate):
                return "candidate", candidate.base, candidate.commit
            case AttemptEnded(n=n, checkpoint=left) if left is not None:
                return "attempt", _base_of(known, n), left
            case _:  # what else happened left no tree
                continue
    return None


def _base_of(known: Known, attempt: int) -> CommitId:
    started = [one.fact for one in known.records if isinstance(one.fact, AttemptStarted)]
    return next(fact.base for fact in reversed(started) if fact.n == attempt)


def _patch(place: Place, old: CommitId, new: CommitId) -> bytes:
    return place.store.git.run("diff", "--no-renames", "--no-color", old, new, "--").stdout

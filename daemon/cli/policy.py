"""The commands `policy check` and `policy diff`: what a policy file would do, before it does.

The file is that of the work tree, which nobody may have committed yet, or that of a commit. Both
commands only read, and need neither a daemon nor a trust file.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pygit2

from daemon.builders.command import crew_of
from daemon.cli import output
from daemon.cli.exits import Exit, RefusedError
from daemon.cli.place import Place, open_place, target_of, tip_of
from daemon.outside import Outside
from gitops.objects import read_blob
from gitops.observe import POLICY, blob_at
from gitops.person import Person
from gitops.refs import branch_ref
from policy.ids import TreeId
from policy.mission.integrity import of_policy
from policy.mission.world import Frozen
from policy.preview.bounds import bounds
from policy.preview.compare import Difference, differences
from policy.preview.routes import Prospect, prospects
from policy.preview.tiers import GateSeen, Tier, tiers
from policy.problems import Unreadable
from policy.rules.load import Effective, extended_by, load_policy, shipped_names, shipped_policy
from policy.rules.model import Policy


@dataclass(frozen=True)
class _Source:
    """A policy that can be read, where it was, and the shipped one it extends."""

    where: str
    effective: Effective
    extends: str

    @property
    def policy(self) -> Policy:
        return self.effective.policy

    def as_json(self) -> dict[str, object]:
        return {"policy": self.where, "extends": self.extends, "digest": self.effective.digest}


def check(start: Path, revision: str | None, *, as_json: bool) -> Exit:
    """Tell what the policy would do; exit 3 with every problem where it is none or cannot work."""
    place = open_place(start)
    source = _source(place, revision)
    problems = tuple(_problems(place, source.policy))
    if as_json:
        output.dump(_object(source, problems))
    else:
        _tell(source, problems)
    return Exit.INVALID if problems else Exit.OK


def diff(start: Path, old: str | None, new: str | None, *, as_json: bool) -> Exit:
    """Tell what *new* (the work tree's) says otherwise than *old* (the one it extends)."""
    place = open_place(start)
    after = _source(place, new)
    before = _shipped(after.extends) if old is None else _source(place, old)
    rows = differences(before.policy, after.policy)
    if as_json:
        sides = {"old": before.as_json(), "new": after.as_json()}
        output.dump({"schema": 1, **sides, "differences": list(map(_difference, rows))})
        return Exit.OK
    for mark, side in (("---", before), ("+++", after)):
        output.say(f"{mark} {side.where}  {side.effective.digest}")
    output.say(*(row.text for row in rows))
    if not rows:
        output.say("nothing differs")
    return Exit.OK


# where a policy is read


def _source(place: Place, revision: str | None) -> _Source:
    if revision in shipped_names():
        return _shipped(revision)
    where, content = _content(place, revision)
    found = load_policy(content)
    if isinstance(found, Unreadable):
        raise _refused(where, [str(problem) for problem in found.problems])
    return _Source(where, found, extended_by(content) or "")


def _shipped(name: str) -> _Source:
    return _Source(f"{name}, as shipped", shipped_policy(name), name)


def _content(place: Place, revision: str | None) -> tuple[str, bytes]:
    """Return where the file is and what it holds; in a bare repository, at the target's tip."""
    top = None if revision is not None else Person(place.gitdir, os.environ).top_of(place.start)
    if top is not None:
        path = top / POLICY
        try:
            return str(path), path.read_bytes()
        except OSError as error:
            raise _refused(str(path), [error.strerror or str(error)]) from error
    commit, tree = _at(place, revision)
    where, blob = f"{POLICY} at {commit[:12]}", blob_at(place.store, tree, POLICY)
    if blob is None:
        raise _refused(where, ["there is no such file"])
    return where, read_blob(place.store, blob)


def _at(place: Place, revision: str | None) -> tuple[str, TreeId]:
    if revision is None:
        tip = tip_of(place, target_of(place))
        return tip.commit, tip.tree
    try:
        found = place.store.repo.revparse_single(revision).peel(pygit2.Commit)
    except (KeyError, ValueError, pygit2.GitError) as error:
        raise RefusedError(
            Exit.NOT_FOUND,
            attempted="read the policy of",
            on=revision,
            why="no commit is called so here, and no shipped policy",
            then=f"Name a commit, a branch or a tag, or one of {', '.join(shipped_names())}.",
        ) from error
    return str(found.id), TreeId(str(found.tree_id))


def _refused(where: str, problems: list[str]) -> RefusedError:
    return RefusedError(
        Exit.INVALID,
        attempted="use the policy",
        on=where,
        why=problems,
        then="Where it is the target's, nothing lands until it is mended; `pawl schema policy` "
        "lists every key.",
    )


def _problems(place: Place, policy: Policy) -> Iterator[str]:
    """Yield why a policy that can be read cannot work here."""
    if isinstance(place.outside, Outside):
        found = of_policy(policy, branch_ref(place.outside.trust.target))
        if isinstance(found, Frozen):
            yield f"{found.why}: everything would freeze"


# what is told


def _object(source: _Source, problems: tuple[str, ...]) -> dict[str, object]:
    return {
        "schema": 1,
        **source.as_json(),
        "problems": list(problems),
        "classes": {one.failure.value: _class(one) for one in prospects(source.policy)},
        "tiers": [_tier(one) for one in tiers(source.policy, crew_of(source.policy))],
        "bounds": list(bounds(source.policy)),
    }


def _class(one: Prospect) -> dict[str, object]:
    return {
        **one.route.model_dump(mode="json"),
        "waits_s": list(one.waits_s),
        "ends": list(one.ends),
        "counts_against_item": one.counts,
        "climbs_the_chain": one.climbs,
        "text": one.text,
    }


def _tier(one: Tier) -> dict[str, object]:
    return {
        "risk": one.risk,
        "kind": one.kind,
        "stages": list(one.stages),
        "gates": [
            {"name": gate.name, "waived_by": list(gate.waived_by), "only": gate.only,
             "run": list(gate.command)}
            for gate in one.gates
        ],
        "asks": list(one.asks),
        "problems": list(one.problems),
    }  # fmt: skip


def _difference(row: Difference) -> dict[str, object]:
    return {"key": row.key, "old": row.old, "new": row.new}


def _tell(source: _Source, problems: tuple[str, ...]) -> None:
    output.say(
        f"{source.where} extends {source.extends}",
        f"digest {source.effective.digest}",
        *(f"PROBLEM: {problem}" for problem in problems),
        "",
        "what becomes of a failure, by its class",
    )
    rows = ((one.failure.value, one.route.origin, one.text) for one in prospects(source.policy))
    output.table(("class", "origin", "what happens"), rows)
    output.say("", "what bounds it", *(f"  {line}" for line in bounds(source.policy)))
    output.say("", "what an item goes through, by risk and kind")
    found = tiers(source.policy, crew_of(source.policy))
    output.table(("risk", "kind", "stages", "a person decides"), _stages(found))
    output.say("", "the gates it needs, in order")
    for gates, names in _alike(found).items():
        output.say(f"  {', '.join(names)}:", f"    {', '.join(gate.text for gate in gates)}")


def _stages(found: tuple[Tier, ...]) -> Iterator[tuple[str, str, str, str]]:
    """Yield a row for the kinds that go the same way at one risk."""
    rows: dict[tuple[str, str, str], list[str]] = {}
    for one in found:
        stages, asks = ", ".join(one.stages), "; ".join((*one.asks, "`requires_approval`: at land"))
        if one.problems:
            stages, asks = f"INVALID: {'; '.join(one.problems)}", ""
        rows.setdefault((one.risk, stages, asks), []).append(one.kind)
    for (risk, stages, asks), kinds in rows.items():
        yield risk, ", ".join(kinds), stages, asks


def _alike(found: tuple[Tier, ...]) -> dict[tuple[GateSeen, ...], list[str]]:
    """Return the tiers that can be run, by the gates they need."""
    alike: dict[tuple[GateSeen, ...], list[str]] = {}
    for one in found:
        if not one.problems:
            alike.setdefault(one.gates, []).append(f"{one.risk} {one.kind}")
    return alike

"""What an item of each kind and risk would go through: stages, gates, and who cannot play them.

Asked of the very rules that missions are judged by, with an item that stands for all of its kind.
What depends on more than kind and risk (`expect_base`, `done_when`) is said beside the gate.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import get_args

from policy.backlog.crew import Crew, unplayable
from policy.backlog.item import BacklogItem
from policy.backlog.outline import outline
from policy.gates.definition import required
from policy.ids import GateName
from policy.mission.person import non_waivable
from policy.people.roles import Role
from policy.rules.asking import WhenChanged
from policy.rules.gates import BUILT_IN_GATES
from policy.rules.model import Policy
from policy.rules.words import Kind, Risk, StageName

_ONLY = {"red_first": "unless `expect_base: pass`", "done": "where it has `done_when`"}


@dataclass(frozen=True)
class GateSeen:
    """*only*: of which of these items it is asked, empty for all; *command*: empty if built in."""

    name: GateName
    waived_by: tuple[Role, ...]
    """The roles it takes to waive it; none: nobody can."""
    only: str
    command: tuple[str, ...]

    @property
    def text(self) -> str:
        more = [self.only] if self.only else []
        more += [f"waivable by {' and '.join(self.waived_by)}"] if self.waived_by else []
        return f"{self.name} ({', '.join(more)})" if more else self.name


@dataclass(frozen=True)
class Tier:
    """*problems*: why an item of this kind and risk is invalid, empty if it can be run."""

    kind: Kind
    risk: Risk
    stages: tuple[StageName, ...]
    gates: tuple[GateSeen, ...]
    asks: tuple[str, ...]
    """Where a person decides, a few words each."""
    problems: tuple[str, ...]


def tiers(policy: Policy, crew: Crew) -> tuple[Tier, ...]:
    """Return every kind at every risk, risk by risk."""
    return tuple(_tiers(policy, crew))


def _tiers(policy: Policy, crew: Crew) -> Iterator[Tier]:
    for risk in get_args(Risk):
        for kind in get_args(Kind):
            item = _example(kind, risk)
            yield Tier(
                kind=kind,
                risk=risk,
                stages=policy.pipeline.get(risk, ()),
                gates=tuple(_seen(name, policy) for name in required(item, policy)),
                asks=tuple(_asks(policy, kind, risk)),
                problems=tuple(why for _, why in unplayable(outline(item), crew)),
            )


def _asks(policy: Policy, kind: Kind, risk: Risk) -> Iterator[str]:
    for point in policy.checkpoints:
        here = point.after in policy.pipeline.get(risk, ())
        if here and kind in point.when.kind and risk in point.when.risk:
            yield f"{point.name} after {point.after}{_where(point.when)}"
    for approval in policy.approvals:
        here = approval.at in {"open", "land", *policy.pipeline.get(risk, ())}
        if here and kind in approval.when.kind and risk in approval.when.risk:
            yield f"{approval.role} at {approval.at}{_where(approval.when)}"


def _where(when: WhenChanged) -> str:
    said = [f"paths {', '.join(when.paths)}"] if when.paths else []
    said += [f"from {when.diff_lines} lines on"] if when.diff_lines else []
    return f" ({'; '.join(said)})" if said else ""


def _seen(name: GateName, policy: Policy) -> GateSeen:
    command = next((gate for gate in policy.gates if gate.name == name), None)
    never = name in non_waivable(policy)
    return GateSeen(
        name=name,
        waived_by=() if never else tuple(sorted(policy.permissions.waiving([name]))),
        only=_ONLY.get(name, "") if name in BUILT_IN_GATES else "",
        command=command.run if command is not None else (),
    )


def _example(kind: Kind, risk: Risk) -> BacklogItem:
    tests = [{"run": ["true"]}]
    written = {
        "id": "EXAMPLE-1",
        "title": "an item",
        "priority": "P2",
        "kind": kind,
        "risk": risk,
        "contract": "a contract",
        "acceptance": ["it is there"],
        "write_scope": ["**"],
        "tests": tests,
        "done_when": tests,
        "command": ["true"],
    }
    return BacklogItem.model_validate_json(json.dumps(written))

"""Tallies: what is counted of closed missions, so that a sum of two tallies is a tally.

A mission's own is stored with its summary, and a hundred thousand of them are added up without
reading a fact twice. `docs/metrics.md` defines each figure; `policy/pages/metrics.py` makes shares
of them.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from policy.ids import BlobId, GateName
from policy.mission.attempts import AttemptEnded
from policy.mission.facts import (
    FailureClassified,
    GatesJudged,
    Landed,
    LandingStarted,
    MissionClosed,
    MissionOpened,
    TargetJudged,
)
from policy.mission.persons import Answer, PersonAnswered, PersonAsked
from policy.mission.record import Recorded
from policy.rules.failures import FailureClass
from policy.rules.outcomes import Asked, Ended, Reason, Stage
from policy.value import Value

TargetVerdict = Literal["passed", "failed", "broken", "flaky"]


class Tally(Value):
    """Counts; those of one mission where *closed* is 1."""

    closed: int = 0
    endings: dict[Ended, dict[Reason, int]] = Field(default_factory=dict)
    landed: int = 0
    """Ended with PASS, and a commit of theirs is on the target."""
    unaided: int = 0
    """Of those: no person was asked, and no permission was used."""
    attempts: int = 0
    """Of those that landed, all that came to an end."""
    landing_s: dict[int, int] = Field(default_factory=dict)
    """Seconds from opening to the last landing -> how many landed in so many."""
    waived: int = 0
    """Of those that landed: with a waiver."""
    waivers: int = 0
    """Used by their landings."""
    answered: dict[Answer, int] = Field(default_factory=dict)
    """What people answered."""
    escalated: int = 0
    """A person was asked to take over, at least once."""
    asked: dict[Asked, int] = Field(default_factory=dict)
    failures: dict[Stage, dict[FailureClass, int]] = Field(default_factory=dict)
    gates: dict[GateName, dict[Literal["passed", "failed", "broken"], int]] = Field(
        default_factory=dict
    )
    """What gates said of candidates when they ran."""
    target: dict[TargetVerdict, int] = Field(default_factory=dict)
    """What gates that ran after a landing came to say of the target."""
    flaky: int = 0
    """Missions that met with a flake: a flaky target, or a failure of that class."""


def tally_of(records: tuple[Recorded, ...]) -> Tally | None:
    """Return what one mission counts for, None where it is not closed."""
    closing = records[-1].fact
    if not isinstance(closing, MissionClosed):
        return None
    facts = [one.fact for one in records]
    asked = [fact.outcome for fact in facts if isinstance(fact, PersonAsked)]
    failed = [fact for fact in facts if isinstance(fact, FailureClassified)]
    target = [f.verdict for f in facts if isinstance(f, TargetJudged) and f.source == "ran"]
    flakes = [one for one in failed if one.failure is FailureClass.TEST_FLAKE]
    answered = [fact for fact in facts if isinstance(fact, PersonAnswered)]
    used = _permissions(records)
    waivers = used - {one.permission for one in answered if one.answer != "waiver"}
    passed = closing.outcome == "PASS"
    seconds = _seconds(records) if passed else None
    landed = int(seconds is not None)
    return Tally(
        closed=1,
        endings={closing.outcome: {closing.reason: 1}},
        landed=landed,
        unaided=int(landed and not asked and not used),
        attempts=landed * sum(isinstance(fact, AttemptEnded) for fact in facts),
        landing_s={} if seconds is None else {seconds: 1},
        waived=int(landed and bool(waivers)),
        waivers=landed * len(waivers),
        answered=_counted(one.answer for one in answered),
        escalated=int("ESCALATION_REQUESTED" in asked),
        asked=_counted(asked),
        failures={stage: _counted(classes) for stage, classes in _by_stage(failed).items()},
        gates=_gates(records),
        target=_counted(target),
        flaky=int(bool(flakes) or "flaky" in target),
    )


def summed(tallies: Iterable[Tally]) -> Tally:
    """Return the sum of *tallies*."""
    found: dict[Any, Any] = {}
    for one in tallies:
        _add(found, dict(one))
    return Tally.model_validate(found)


def _add(into: dict[Any, Any], one: Mapping[Any, Any]) -> None:
    for key, value in one.items():
        if isinstance(value, int):
            into[key] = into.get(key, 0) + value
        else:
            _add(into.setdefault(key, {}), value)


def _counted(names: Iterable[Any]) -> dict[Any, int]:
    found: dict[Any, int] = {}
    for name in names:
        found[name] = found.get(name, 0) + 1
    return found


def _by_stage(failed: Iterable[FailureClassified]) -> dict[Stage, list[FailureClass]]:
    found: dict[Stage, list[FailureClass]] = {}
    for one in failed:
        found.setdefault(one.stage, []).append(one.failure)
    return found


def _gates(records: tuple[Recorded, ...]) -> dict[GateName, dict[Any, int]]:
    found: dict[GateName, list[str]] = {}
    for one in records:
        judged = one.fact.records if isinstance(one.fact, GatesJudged) else ()
        for record in judged:
            if record.source == "ran":
                found.setdefault(record.gate, []).append(record.verdict.kind)
    return {gate: _counted(kinds) for gate, kinds in found.items()}


def _permissions(records: tuple[Recorded, ...]) -> set[BlobId]:
    """Return the permissions that the landings that happened were allowed by."""
    landed = {one.fact.commit for one in records if isinstance(one.fact, Landed)}
    begun = [one.fact for one in records if isinstance(one.fact, LandingStarted)]
    return {blob for one in begun if one.landed in landed for blob in one.permissions}


def _seconds(records: tuple[Recorded, ...]) -> int | None:
    """Return the seconds from opening to the last landing, never less than none."""
    opened = [one.at for one in records if isinstance(one.fact, MissionOpened)]
    landed = [one.at for one in records if isinstance(one.fact, Landed)]
    if not opened or not landed:
        return None
    took = datetime.fromisoformat(landed[-1]) - datetime.fromisoformat(opened[0])
    return max(0, int(took.total_seconds()))

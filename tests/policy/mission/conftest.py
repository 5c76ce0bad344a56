"""Values for tables: a policy, a world, facts that follow each other."""

import json
from datetime import UTC, datetime
from importlib.resources import files

import pytest
import yaml

from policy.bus.result import Exited, Taken, Usage
from policy.change import EMPTY_STAT, NO_CHANGE, Stat
from policy.gates.verdict import Broken, Failed, Passed, Record
from policy.mission.attempts import AttemptEnded, AttemptStarted, Printed
from policy.mission.evolve import evolve
from policy.mission.facts import (
    Candidate,
    CandidateBuilt,
    FailureClassified,
    GatesJudged,
    Landed,
    LandingStarted,
    MissionOpened,
    SelectionRecord,
    TargetJudged,
)
from policy.mission.persons import PersonAnswered, PersonAsked
from policy.mission.record import Recorded
from policy.mission.spending import NothingSpent
from policy.mission.world import (
    BuilderCall,
    Clear,
    Free,
    FromTarget,
    Isolated,
    NotLanded,
    Sound,
    Unchanged,
    World,
)
from policy.people.needs import AtLimit
from policy.rules.failures import FailureClass
from policy.rules.model import Policy
from policy.rules.outcomes import Reason

BASE, TIP, WORK, CAND, LAND = ("b" * 40, "b" * 40, "1" * 40, "c" * 40, "f" * 40)
MOVED = "d" * 40
TREE, GOOD_TREE = "7" * 40, "4" * 40
AT = "2026-01-15T12:00:00Z"


@pytest.fixture(scope="session")
def policy():
    shipped = yaml.safe_load(files("policy.rules").joinpath("default.yaml").read_text())
    return Policy.model_validate_json(json.dumps(shipped))


@pytest.fixture(scope="session")
def world_once(policy):
    return World(
        target=TIP,
        target_tree=TREE,
        good_tree=GOOD_TREE,
        policy=policy,
        policy_digest="d" * 64,
        wish=Unchanged(),
        integrity=Sound(),
        activity="active",
        isolation=Isolated(),
        checkout=Free(),
        sighting=NotLanded(),
        way=Clear(),
        moved_by="others",
        call=BuilderCall(
            builder="command", argv=("true",), deterministic=True, environment="e" * 64
        ),
        start=FromTarget(),
        required=("scope", "tests"),
        after=(("scope", "0" * 64), ("tests", "0" * 64)),
        now=datetime(2026, 1, 15, 12, 0, tzinfo=UTC),
    )


@pytest.fixture
def world(world_once):
    return world_once


class Story:
    """Facts in order; `story.state` is what they add up to."""

    def __init__(self):
        self.records = []
        self.state = None

    def tells(self, fact, at=AT):
        recorded = Recorded(
            mission="H-1",
            seq=len(self.records) + 1,
            step=f"{len(self.records):064x}",
            at=at,
            host="here",
            epoch=1,
            policy="d" * 64,
            fact=fact,
        )
        self.state = evolve(self.state, recorded)
        self.records.append(recorded)
        return self

    def opened(self):
        return self.tells(
            MissionOpened(
                item_path="backlog/H-1.yaml",
                item_blob="a" * 40,
                title="say hello",
                spec_hash="5" * 64,
                base=BASE,
                profile="direct",
                today="2026-01-15",
                conditions=(),
                selection=SelectionRecord(digest="0" * 64, rank=1, counts={}),
                previous=None,
            )
        )

    def started(self, n=1):
        return self.tells(
            AttemptStarted(
                n=n,
                stage="build",
                level=0,
                builder="command",
                argv=("true",),
                base=BASE,
                start=BASE,
                start_tree=TREE,
                environment="e" * 64,
            )
        )

    def ended(
        self,
        n=1,
        ending=None,
        snapshot=None,
        *,
        change="9" * 64,
        wall_s=1.0,
        sign=None,
        tree=None,
        spent=None,
    ):
        empty = change == NO_CHANGE
        return self.tells(
            AttemptEnded(
                n=n,
                ending=ending or Exited(code=0),
                snapshot=snapshot or Taken(tree=TREE, ignored=0),
                checkpoint=WORK,
                tree=tree or (TREE if n == 1 else f"{n:040x}"),
                change=change,
                stat=EMPTY_STAT if empty else Stat(files=1, lines=1, binary_files=0),
                output=Printed(path="attempts/1/output.txt", size=0, sha256="0" * 64),
                usage=Usage(wall_s=wall_s, cpu_s=1.0, max_rss_bytes=1),
                spent=spent or NothingSpent(),
                sign=sign,
            )
        )

    def proposed(self, n=1, base=BASE):
        return self.tells(CandidateBuilt(n=n, candidate=candidate(base)))

    def judged(self, *records, n=1):
        return self.tells(
            GatesJudged(n=n, product=TREE, environment="e" * 64, records=records or PASSED)
        )

    def landing(self, n=1):
        return self.tells(LandingStarted(n=n, landed=LAND, base=BASE, tree=TREE, permissions=()))

    def landed(self):
        return self.tells(Landed(commit=LAND, tree=TREE))

    def settled(self):
        return self.tells(TargetJudged(commit=LAND, tree=TREE, verdict="passed", source="adopted"))


def candidate(base=BASE):
    return Candidate(commit=CAND, base=base, tree=TREE, product=TREE, change="9" * 64)


def record(gate, verdict):
    return Record(gate=gate, definition="0" * 64, verdict=verdict)


PASSED = (record("scope", Passed()), record("tests", Passed()))


@pytest.fixture
def story():
    return Story()


@pytest.fixture
def says():
    """`says("tests", "failed", "test_failure")` is a record of that gate."""

    def _says(gate, verdict, failure="test_failure"):
        match verdict:
            case "passed":
                said = Passed()
            case "failed":
                said = Failed(failure=FailureClass(failure), why="because")
            case "broken":
                said = Broken(failure=FailureClass(failure), why="because")
        return record(gate, said)

    return _says


def but(world, **changes):
    return world.model_copy(update=changes)


def routed(world, **routes):
    failures = {**world.policy.failures}
    for name, changes in routes.items():
        failures[name] = failures[name].model_copy(update=changes)
    return but(world, policy=world.policy.model_copy(update={"failures": failures}))


def asks(number=1, need=None, **changes):
    """Return a person's being asked, at a limit unless *need* says otherwise."""
    values = {
        "request": f"requests/{number}.yaml",
        "shown": "5" * 40,
        "need": need or AtLimit(limit="failures.test_failure"),
        "outcome": "ESCALATION_REQUESTED",
        "reason": Reason.GATE_BROKEN,
        "why": "because",
        "attempt": 1,
        "base": BASE,
    }
    return PersonAsked(**values | changes)


def answers(answer, number=1, permission="8" * 40, **changes):
    """Return a person's answer to request *number*."""
    values = {
        "request": f"requests/{number}.yaml",
        "answer": answer,
        "permission": permission,
        "commit": "6" * 40,
        "principal": "alice@x",
        "own_request": False,
    }
    return PersonAnswered(**values | changes)


def failed(story, failure, origin="item", stage="gate", *, n=1, why="because"):
    fact = FailureClassified(
        n=n,
        failure=FailureClass(failure),
        origin=origin,
        stage=stage,
        why=why,
        digest="0" * 64,
    )
    return story.tells(fact)

"""Which fact may follow which state: the whole table of DESIGN 4.4, and nothing beside it."""

import pytest

from policy.gates.verdict import Failed, Passed, Record
from policy.mission.attempts import AttemptInterrupted
from policy.mission.evolve import ContradictionError, replay
from policy.mission.facts import (
    CandidateConflicted,
    FailureClassified,
    LandingMissed,
    LandingStarted,
    MissionClosed,
    RepairEnded,
    Reverted,
    RevertMissed,
    RevertStarted,
    TargetJudged,
    TargetJudging,
    TargetRan,
    Totals,
)
from policy.mission.persons import PermissionsSeen, RequestWithdrawn, Sighting
from policy.mission.record import Recorded, UnreadableFactError, from_json
from policy.rules.failures import FailureClass
from policy.rules.outcomes import Reason
from tests.policy.mission.conftest import AT, answers, asks

LAND, TREE = "f" * 40, "7" * 40
TOTALS = Totals(attempts=1, interruptions=0, candidates=0, gates_run=0)


def interrupted(story):
    return story.tells(AttemptInterrupted(n=1, cause="daemon_died"))


def conflicted(story):
    return story.tells(CandidateConflicted(n=1, base="b" * 40, paths=("a",)))


def classified(story):
    return story.tells(
        FailureClassified(
            n=1,
            failure=FailureClass.TEST_FAILURE,
            origin="item",
            stage="gate",
            why="because",
            digest="0" * 64,
        )
    )


def missed(story):
    return story.tells(LandingMissed(was="b" * 40, found="d" * 40))


def asked(story):
    return story.tells(asks())


def ended_by(answer):
    return lambda story: asked(story).tells(answers(answer))


def seen(story):
    sighting = Sighting(path="waivers/a.yaml", blob="8" * 40, commit="6" * 40, at=AT)
    return story.tells(PermissionsSeen(seen=(sighting,)))


def withdrawn(request):
    fact = RequestWithdrawn(request=f"requests/{request}.yaml", why="so")
    return lambda story: story.tells(fact)


def closed(outcome, reason):
    def tell(story):
        return story.tells(
            MissionClosed(outcome=outcome, reason=reason, failure=None, why="so", counts=TOTALS)
        )

    return tell


def judging(story):
    return story.tells(TargetJudging(commit=LAND, tree=TREE, run=1, gates=("suite",)))


def ran(story, verdict=None):
    record = Record(gate="suite", definition="0" * 64, verdict=verdict or Passed())
    return story.tells(
        TargetRan(
            commit=LAND, run=1, product=TREE, environment="e" * 64, records=(record,)
        )
    )  # fmt: skip


def red(story):
    bad = Failed(failure=FailureClass.TEST_FAILURE, why="so")
    fact = TargetJudged(commit=LAND, tree=TREE, verdict="failed", source="ran")
    return ran(judging(story), bad).tells(fact)


def mending(story):
    return story.started(n=2)


def classified_of_it(story):
    story.ended(n=2)
    return classified(story)


def given_up(story):
    return story.tells(RepairEnded(why="so"))


def reverting(story):
    return story.tells(RevertStarted(commit="9" * 40, base=LAND, tree=TREE, reverts=LAND))


def revert_missed(story):
    return story.tells(RevertMissed(was=LAND, found="8" * 40))


def reverted(story):
    return story.tells(Reverted(commit="9" * 40, tree=TREE))


STATES = {
    "none": [],
    "Opened": ["opened"],
    "Building": ["opened", "started"],
    "Built": ["opened", "started", "ended"],
    "Proposed": ["opened", "started", "ended", "proposed"],
    "Judged": ["opened", "started", "ended", "proposed", "judged"],
    "Failed": ["opened", "started", "ended", classified],
    "Waiting": ["opened", asked],
    "Rejected": ["opened", ended_by("rejection")],
    "Aborted": ["opened", ended_by("abort")],
    "Landing": ["opened", "started", "ended", "proposed", "judged", "landing"],
    "OnTarget": ["opened", "started", "ended", "proposed", "judged", "landing", "landed"],
    "Settled": [
        "opened", "started", "ended", "proposed", "judged", "landing", "landed", "settled",
    ],
    "Red": [
        "opened", "started", "ended", "proposed", "judged", "landing", "landed", red,
    ],
    "Reverting": [
        "opened", "started", "ended", "proposed", "judged", "landing", "landed", red, reverting,
    ],
    "Mending": [
        "opened", "started", "ended", "proposed", "judged", "landing", "landed", red, mending,
        classified_of_it,
    ],
    "Closed": ["opened", closed("CANCELLED", Reason.BY_PERSON)],
}  # fmt: skip

FACTS = {
    "mission-opened": ("opened", {"none": "Opened"}),
    "attempt-interrupted": (interrupted, {"Building": "Opened"}),
    "attempt-ended": ("ended", {"Building": "Built"}),
    "candidate-built": (
        "proposed",
        {"Built": "Proposed", "Proposed": "Proposed", "Judged": "Proposed"},
    ),
    "candidate-conflicted": (
        conflicted,
        {"Built": "Failed", "Proposed": "Failed", "Judged": "Failed"},
    ),
    "gates-judged": ("judged", {"Proposed": "Judged"}),
    "failure-classified": (classified, {"Built": "Failed", "Judged": "Failed"}),
    "landing-started": ("landing", {"Judged": "Landing"}),
    "landing-missed": (missed, {"Landing": "Built"}),
    "landed": ("landed", {"Landing": "OnTarget"}),
    "target-judging": (judging, {"OnTarget": "OnTarget", "Red": "OnTarget"}),
    "target-ran": (ran, {}),
    "target-judged": ("settled", {"OnTarget": "Settled"}),
    "repair-ended": (given_up, {"Mending": "Settled"}),
    "revert-started": (reverting, {"Red": "Reverting"}),
    "revert-missed": (revert_missed, {"Reverting": "Settled"}),
    "reverted": (reverted, {"Reverting": "OnTarget"}),
    "person-asked": (
        asked,
        {"Opened": "Waiting", "Proposed": "Waiting", "Judged": "Waiting", "Failed": "Waiting"},
    ),
    "permissions-seen": (seen, dict.fromkeys(("Waiting", "Rejected", "Aborted"), "Waiting")),
    "a resume": (lambda story: story.tells(answers("resume")), {"Waiting": "Opened"}),
    "a rejection": (lambda story: story.tells(answers("rejection")), {"Waiting": "Waiting"}),
    "an approval of a limit": (lambda story: story.tells(answers("approval")), {}),
    "a waiver of a limit": (lambda story: story.tells(answers("waiver")), {}),
    "another's answer": (lambda story: story.tells(answers("resume", 2)), {}),
    "request-withdrawn": (withdrawn(1), {"Waiting": "Opened"}),
    "another's withdrawal": (withdrawn(2), {}),
    "closed PASS": (closed("PASS", Reason.LANDED), {"Settled": "Closed"}),
    "closed BLOCKED": (
        closed("BLOCKED", Reason.TESTS_FAILED),
        {"Failed": "Closed", "Opened": "Closed", "Rejected": "Closed"},
    ),
    "closed CANCELLED": (
        closed("CANCELLED", Reason.BY_PERSON),
        dict.fromkeys(
            (
                "Opened", "Building", "Built", "Proposed", "Judged", "Failed", "Waiting",
                "Rejected", "Aborted",
            ),
            "Closed",
        ),
    ),
}  # fmt: skip


def tell(story, chapter):
    return getattr(story, chapter)() if isinstance(chapter, str) else chapter(story)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("fact", FACTS)
def test_a_fact_follows_where_the_design_says_and_nowhere_else(story, state, fact):
    for chapter in STATES[state]:
        tell(story, chapter)
    named = {"none": "NoneType", "Red": "Settled", "Mending": "Failed"}
    named |= {"Rejected": "Waiting", "Aborted": "Waiting"}
    assert type(story.state).__name__ == named.get(state, state)
    chapter, follows = FACTS[fact]
    if state in follows:
        tell(story, chapter)
        assert type(story.state).__name__ == follows[state]
    else:
        with pytest.raises(ContradictionError):
            tell(story, chapter)


@pytest.mark.parametrize(("state", "n"), [("Opened", 1), ("Failed", 2)])
def test_the_next_attempt_has_the_next_number(story, state, n):
    for chapter in STATES[state]:
        tell(story, chapter)
    with pytest.raises(ContradictionError):
        story.started(n=n + 1)
    assert type(story.started(n=n).state).__name__ == "Building"


def test_facts_of_another_mission_or_out_of_order_contradict(story):
    records = story.opened().started().records
    assert replay("H-1", records) == story.state
    with pytest.raises(ContradictionError):
        replay("H-2", records)
    with pytest.raises(ContradictionError):
        replay("H-1", records[1:])


def test_every_fact_survives_its_file(story):
    for chapter in STATES["Failed"]:
        tell(story, chapter)
    story.started(n=2).ended(n=2).proposed(n=2).judged(n=2).landing(n=2).landed().settled()
    for recorded in story.records:
        content = recorded.to_json()
        assert from_json(content) == recorded
        assert from_json(content).to_json() == content


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"\xff",
        b'{"kind":"landed"}',
        b'{"kind":1,"payload":2}',
        b"NaN",
        b"[" * 100_000,
    ],
    ids=["empty", "map", "list", "null", "no-utf8", "no-payload", "types", "nan", "deep"],
)
def test_what_is_no_fact_is_unreadable_and_no_crash(content):
    with pytest.raises(UnreadableFactError):
        from_json(content)


def test_an_unknown_key_or_a_later_schema_is_unreadable(story):
    content = story.opened().records[0].to_json()
    assert isinstance(from_json(content), Recorded)
    for edit in (
        content.replace(b'"schema":1', b'"schema":2'),
        content.replace(b'"seq":1', b'"seq":"1"'),
        content.replace(b'"host":', b'"guest":1,"host":'),
        content.replace(b'"profile":"direct"', b'"profile":"unknown"'),
    ):
        with pytest.raises(UnreadableFactError):
            from_json(edit)


def test_what_is_wrong_with_a_fact_is_said_in_a_line_by_the_name_of_its_key(story):
    content = story.opened().records[0].to_json().replace(b'"profile":"direct",', b"")
    with pytest.raises(UnreadableFactError, match=r"^fact\.profile: is missing$"):
        from_json(content)


@pytest.mark.parametrize("other", [{"base": "d" * 40}, {"tree": "8" * 40}], ids=["base", "tree"])
def test_a_landing_is_of_the_candidate_that_was_judged(story, other):
    story.opened().started().ended().proposed().judged()
    landing = {"n": 1, "landed": "f" * 40, "base": "b" * 40, "tree": "7" * 40, "permissions": ()}
    with pytest.raises(ContradictionError):
        story.tells(LandingStarted(**{**landing, **other}))

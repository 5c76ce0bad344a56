"""What the gates come to say after a landing, and what a red target leads to."""

from datetime import timedelta

import pytest

from policy.gates.verdict import Broken, Failed, Passed, Record
from policy.landing.standing import Red, last_landing, unread_landing
from policy.mission.actions import (
    AskTarget,
    BuildRevert,
    JudgeTarget,
    Rest,
    RunBuilder,
    RunTarget,
)
from policy.mission.decide import decide
from policy.mission.facts import TargetJudged, TargetJudging, TargetRan
from policy.mission.landed import conclusion
from policy.mission.world import Unjudged
from policy.rules.failures import FailureClass
from policy.rules.model import AfterLanding
from tests.policy.mission.conftest import but

LAND, TREE, MOVED, ENV = "f" * 40, "7" * 40, "d" * 40, "e" * 64
SUITE = (("suite", "0" * 64),)
SAYS = {
    "p": Passed(),
    "f": Failed(failure=FailureClass.REGRESSION, why="so"),
    "b": Broken(failure=FailureClass.TEST_TIMEOUT, why="so"),
}


def run(verdict, n=1, commit=LAND, environment=ENV):
    record = Record(gate="suite", definition="0" * 64, verdict=SAYS[verdict])
    return TargetRan(commit=commit, run=n, product=TREE, environment=environment, records=(record,))


@pytest.fixture
def world(world):
    return world.model_copy(update={"target": LAND, "target_tree": TREE, "after": SUITE})


def rules(world, **changes):
    after = AfterLanding(
        **{"gates": ("suite",), "reruns": 0, "repair": 1, "revert": True, **changes}
    )
    return but(world, policy=world.policy.model_copy(update={"after_landing": after}))


def landed(story):
    return story.opened().started().ended().proposed().judged().landing().landed()


def judged(story, verdict, word):
    landed(story).tells(TargetJudging(commit=LAND, tree=TREE, run=1, gates=("suite",)))
    story.tells(run(word))
    return story.tells(TargetJudged(commit=LAND, tree=TREE, verdict=verdict, source="ran"))


@pytest.mark.parametrize(
    ("said", "reruns", "verdict"),
    [
        ("", 2, None), ("p", 2, "passed"), ("f", 2, None), ("ff", 2, None), ("fff", 2, "failed"),
        ("fp", 2, "flaky"), ("bbp", 2, "flaky"), ("bbb", 2, "broken"), ("bfb", 2, "failed"),
        ("f", 0, "failed"), ("b", 0, "broken"),
    ],
)  # fmt: skip
def test_runs_come_to_a_verdict(said, reruns, verdict):
    assert conclusion(tuple(run(one, n) for n, one in enumerate(said, 1)), reruns) == verdict


def test_a_run_that_heard_no_gate_is_no_pass():
    silent = run("p").model_copy(update={"records": ()})
    assert conclusion((silent,), 0) != "passed"


def test_only_an_equal_definition_in_an_equal_environment_is_adopted(story, world):
    state = landed(story).state
    equal = (("scope", "0" * 64), ("tests", "0" * 64))
    assert isinstance(decide(state, but(world, after=equal)), JudgeTarget)
    other = world.call.model_copy(update={"environment": "9" * 64})
    assert isinstance(decide(state, but(world, after=equal, call=other)), AskTarget)
    assert isinstance(decide(state, but(world, after=(("tests", "1" * 64),))), AskTarget)
    assert isinstance(decide(state, world), AskTarget)
    assert isinstance(decide(state, but(world, after=())), AskTarget)


def test_what_is_recorded_as_asked_is_asked(story, world):
    ask = decide(landed(story).state, world)
    action = decide(story.tells(ask.judging).state, world)
    assert isinstance(action, RunTarget)
    assert action.judging.gates == ("suite",)


def test_a_red_landing_is_mended_then_reverted_then_frozen(story, world):
    state = judged(story, "failed", "f").state
    asks = world.call.model_copy(update={"deterministic": False})
    assert isinstance(decide(state, rules(but(world, call=asks))), RunBuilder)
    assert isinstance(decide(state, rules(world)), BuildRevert)
    assert isinstance(decide(state, rules(but(world, call=asks), repair=0)), BuildRevert)
    rest = decide(state, rules(world, revert=False))
    assert rest.reason == "frozen"
    assert "gate suite: so" in rest.why
    assert "git revert ffffffffffff" in rest.why


def test_what_somebody_built_on_it_is_judged_and_never_undone(story, world):
    state = judged(story, "failed", "f").state
    action = decide(state, rules(but(world, target=MOVED, target_tree="8" * 40)))
    assert isinstance(action, AskTarget)
    assert (action.judging.commit, action.judging.tree) == (MOVED, "8" * 40)


@pytest.mark.parametrize(
    "change", [{"after": (("suite", "1" * 64),)}, {"after": (("other", "0" * 64),)}]
)
def test_other_gates_are_another_question(story, world, change):
    state = judged(story, "failed", "f").state
    assert isinstance(decide(state, rules(but(world, **change))), AskTarget)


def test_a_broken_gate_is_asked_again_after_a_time_and_undoes_nothing(story, world):
    state = judged(story, "broken", "b").state
    rest = decide(state, rules(world))
    assert isinstance(rest, Rest)
    assert (rest.reason, rest.until) == ("frozen", world.now + timedelta(seconds=900))
    later = but(world, now=rest.until)
    assert isinstance(decide(state, rules(later)), AskTarget)


def test_others_wait_while_it_is_not_judged_and_freeze_while_it_is_red(story, world):
    state = landed(story).state
    assert isinstance(last_landing([state], None), Unjudged)
    story.records, story.state = [], None
    red = judged(story, "failed", "f").state
    assert isinstance(last_landing([state, red], None), Red)
    mending = decide(
        red, rules(but(world, call=world.call.model_copy(update={"deterministic": False})))
    )
    assert isinstance(last_landing([story.tells(mending.started).state], None), Red)
    story.records, story.state = [], None
    green = judged(story, "passed", "p").state
    assert last_landing([green], None) is None


def test_a_landing_of_which_the_ledger_says_nothing_is_not_judged(story):
    green = judged(story, "passed", "p").state
    unread = unread_landing("H-1", {"H-1": "it is gone", "H-2": "it is forged"})
    assert isinstance(last_landing([green], unread), Unjudged)
    assert last_landing([green], unread).mission == "H-1"
    story.records, story.state = [], None
    red = judged(story, "failed", "f").state
    assert isinstance(last_landing([red], unread), Red)


@pytest.mark.parametrize("newest", [None, "H-1"])
def test_a_broken_mission_that_did_not_land_last_holds_nobody(newest):
    assert unread_landing(newest, {"H-2": "it is forged"}) is None

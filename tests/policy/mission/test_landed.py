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
from policy.mission.evolve import ContradictionError
from policy.mission.facts import Landed, LandingStarted, TargetJudged, TargetJudging, TargetRan
from policy.mission.landed import conclusion
from policy.mission.world import Unjudged
from policy.rules.failures import FailureClass
from policy.rules.model import AfterLanding
from tests.policy.mission.conftest import BASE, GOOD_TREE, but

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


def judged(story, verdict, word, parent="p"):
    """*parent*: what the suite says of the commit before; nothing where that was not asked."""
    landed(story).tells(TargetJudging(commit=LAND, tree=TREE, run=1, gates=("suite",)))
    story.tells(run(word))
    if verdict == "failed" and parent:
        asked(story, parent)
    return story.tells(TargetJudged(commit=LAND, tree=TREE, verdict=verdict, source="ran"))


def asking_parent():
    return TargetJudging(commit=BASE, tree=GOOD_TREE, run=1, gates=("suite",))


def asked(story, parent):
    return story.tells(asking_parent()).tells(run(parent, commit=BASE))


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


def test_nothing_is_laid_to_a_landing_before_its_parent_was_asked(story, world):
    landed(story).tells(TargetJudging(commit=LAND, tree=TREE, run=1, gates=("suite",)))
    state = story.tells(run("f")).state
    ask = decide(state, rules(world))
    assert isinstance(ask, AskTarget)
    assert (ask.judging.commit, ask.judging.tree, ask.judging.run) == (BASE, GOOD_TREE, 1)
    state = story.tells(ask.judging).state
    assert isinstance(decide(state, rules(world)), RunTarget)
    judge = decide(story.tells(run("p", commit=BASE)).state, rules(world))
    assert judge.judged.verdict == "failed"
    assert story.tells(judge.judged).state.history.failures


@pytest.mark.parametrize(
    ("parent", "said"),
    [
        (run("f", commit=BASE), "red already at bbbbbbbbbbbb"),
        (run("b", commit=BASE), "cannot say"),
        (run("p", commit=BASE, environment="1" * 64), "cannot say"),
        (run("p", commit=BASE).model_copy(update={"records": ()}), "cannot say"),
    ],
)
def test_what_was_red_before_or_may_have_been_is_a_persons(story, world, parent, said):
    judged(story, "broken", "f", None)
    story.tells(TargetJudging(commit=LAND, tree=TREE, run=1, gates=("suite",)))
    story.tells(run("f")).tells(asking_parent()).tells(parent)
    state = story.tells(TargetJudged(commit=LAND, tree=TREE, verdict="failed", source="ran")).state
    asks = world.call.model_copy(update={"deterministic": False})
    rest = decide(state, rules(but(world, call=asks)))
    assert (rest.reason, state.history.failures, state.grounds.red) == ("frozen", (), None)
    assert said in rest.why
    assert "git revert" not in rest.why
    assert (rest.until is None) == ("red already" in said)


def test_gates_that_changed_before_the_parent_was_asked_are_asked_anew(story, world):
    landed(story).tells(TargetJudging(commit=LAND, tree=TREE, run=1, gates=("suite",)))
    state = story.tells(run("f")).state
    other = but(rules(world), after=(("suite", "1" * 64),))
    judge = decide(state, other)
    assert judge.judged.verdict == "broken"
    assert isinstance(decide(story.tells(judge.judged).state, other), AskTarget)


def test_what_an_earlier_release_laid_to_a_landing_unasked_is_asked_anew(story, world):
    state = judged(story, "failed", "f", None).state
    ask = decide(state, rules(world))
    assert isinstance(ask, AskTarget)
    assert (ask.judging.commit, ask.judging.run) == (LAND, 1)


def test_the_parent_is_asked_once_and_only_of_what_failed(story):
    with pytest.raises(ContradictionError):
        landed(story).tells(asking_parent())
    story.tells(TargetJudging(commit=LAND, tree=TREE, run=1, gates=("suite",))).tells(run("f"))
    asked(story, "p")
    with pytest.raises(ContradictionError):
        story.tells(asking_parent())


def test_a_mend_on_somebodys_commit_is_never_undone_with_theirs(story, world):
    state = judged(story, "failed", "f").state
    asks = world.call.model_copy(update={"deterministic": False})
    n = decide(state, rules(but(world, call=asks))).started.n
    story.started(n).ended(n).proposed(n, base=MOVED).judged(n=n)
    story.tells(
        LandingStarted(n=n, landed="2" * 40, base=MOVED, tree=TREE, permissions=(), repairs=LAND)
    )
    state = story.tells(Landed(commit="2" * 40, tree=TREE)).state
    assert state.grounds.good == MOVED


def test_a_freeze_does_not_advise_what_was_done(story, world):
    judged(story, "failed", "f")
    story.tells(
        TargetJudging(commit=MOVED, tree=TREE, run=1, gates=("suite",), item="not_done")
    ).tells(run("f", commit=MOVED))
    story.tells(TargetJudged(commit=MOVED, tree=TREE, verdict="failed", source="ran"))
    rest = decide(story.state, rules(but(world, target=MOVED)))
    assert "taken back, in vain" in rest.why
    assert "git revert" not in rest.why


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
    assert last_landing([red], None).needs == "person"
    assert last_landing([story.tells(mending.started).state], None).needs == "nobody"
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

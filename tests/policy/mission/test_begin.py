"""What the next attempt starts from, and what it is told of the last one."""

import json

import pytest

from policy.canonical import sha256
from policy.mission.attempts import AttemptInterrupted
from policy.mission.decide import decide
from policy.mission.facts import CandidateConflicted, FailureClassified
from policy.mission.world import Anew, FromOwnWork, FromPerson
from policy.rules.failures import FailureClass
from policy.rules.model import Feedback
from tests.policy.mission.conftest import but

TIP = "d" * 40


@pytest.fixture
def world(world):
    call = world.call.model_copy(update={"deterministic": False})
    return world.model_copy(update={"call": call, "target": TIP})


def small(world, **limits):
    feedback = Feedback(**{"names": 2, "text_chars": 5, "patch_bytes": 1, **limits})
    return but(world, policy=world.policy.model_copy(update={"feedback": feedback}))


def failed(story, tests=()):
    record = story.barring(tests)
    story.opened().started().ended().proposed().judged(record)
    return story.tells(
        FailureClassified(
            n=1,
            failure=FailureClass.TEST_FAILURE,
            origin="item",
            stage="gate",
            why="because of it",
            digest="0" * 64,
        )
    )


@pytest.fixture
def story(story, says):
    def barring(tests):
        return says("tests", "failed").model_copy(update={"new": tests})

    story.barring = barring
    return story


def test_it_is_told_what_barred_and_the_fact_holds_the_hash_of_it(story, world):
    run = decide(failed(story, ("t::a", "t::b")).state, world)
    said = json.loads(run.account.to_json())
    assert said == {
        "schema": 1, "mission": "H-1", "attempt": 1, "class": "test_failure", "origin": "item",
        "stage": "gate", "why": "because of it", "gate": "tests", "tests": ["t::a", "t::b"],
        "more_tests": 0, "paths": [], "more_paths": 0, "work_tree": "target", "patch": "",
        "patch_bytes": 0,
    }  # fmt: skip
    assert run.started.told == sha256(run.account.to_json())


def test_what_it_is_told_is_cut_to_size(story, world):
    state = failed(story, tuple(f"t::{n}" for n in range(5))).state
    account = decide(state, small(world)).account
    assert (account.tests, account.more_tests, account.why) == (("t::0", "t::1"), 3, "becau")


def test_a_conflict_names_its_paths_and_has_its_own_diff_at_hand(story, world):
    story.opened().started().ended()
    story.tells(CandidateConflicted(n=1, base=TIP, paths=("a", "b", "c")))
    run = decide(story.state, small(but(world, start=Anew(patch="+", patch_bytes=99))))
    assert (run.started.base, run.started.start) == (TIP, TIP)
    account = run.account
    assert (account.paths, account.more_paths) == (("a", "b"), 1)
    assert (account.work_tree, account.patch, account.patch_bytes) == ("target", "+", 99)


@pytest.mark.parametrize(
    ("start", "base", "tree"),
    [
        (FromOwnWork(commit="1" * 40, tree="2" * 40, base="3" * 40), "3" * 40, "own_work"),
        (FromPerson(commit="1" * 40, tree="2" * 40), "b" * 40, "persons_work"),
    ],
)
def test_it_goes_on_from_what_is_there_and_its_diff_is_of_all_of_it(
    story, world, start, base, tree
):
    run = decide(failed(story).state, but(world, start=start))
    assert (run.started.start, run.started.start_tree) == ("1" * 40, "2" * 40)
    assert (run.started.base, run.account.work_tree) == (base, tree)


def test_an_attempt_that_was_interrupted_is_told_again_and_one_that_ended_is_not(story, world):
    state = failed(story).started(n=2).tells(AttemptInterrupted(n=2, cause="daemon_died")).state
    assert decide(state, world).account.attempt == 1
    story.started(n=2).ended(n=2)
    assert story.state.history.setback is None


def test_the_first_attempt_and_a_deterministic_builder_are_told_nothing(story, world):
    assert decide(story.opened().state, world).account is None
    call = world.call.model_copy(update={"deterministic": True})
    story.records, story.state = [], None
    run = decide(failed(story).state, but(world, call=call, target_tree="5" * 40))
    assert (run.account, run.started.told) == (None, None)

"""The chain: up for what a level could not do, down once it is overcome, at its end a person."""

import pytest

from policy.mission.actions import Ask, Close, RunBuilder
from policy.mission.attempts import AttemptInterrupted
from policy.mission.decide import decide
from policy.mission.escalation import level_for, named
from policy.rules.escalation import Level
from tests.policy.mission.conftest import answers, but, failed, routed


def levels(*rows):
    return (*(Level(**{"iterations": 1, **row}) for row in rows), "HARD_GATE")


SMALL = {"name": "small", "model": "s"}
OTHER = {"name": "other", "model": "s", "variant": "alt"}
CLOUD = {"name": "cloud", "model": "c", "is_cloud": True}
LARGE = {"name": "large", "model": "l"}


def chained(world, *rows, **more):
    policy = world.policy.model_copy(update={"escalation": levels(*rows), **more})
    mission = policy.budgets.mission.model_copy(update={"attempts": 20})
    budgets = policy.budgets.model_copy(update={"mission": mission})
    policy = policy.model_copy(update={"budgets": budgets})
    call = world.call.model_copy(update={"deterministic": False})
    return routed(but(world, policy=policy, call=call), test_failure={"limit": 20})


class Climb:
    """A mission whose attempts fail, each at the level `decide` gives it."""

    def __init__(self, story, world):
        self.story, self.world = story.opened(), world

    def fails(self, failure="test_failure", origin="item", stage="gate", tree=None):
        run = decide(self.story.state, self.world)
        assert isinstance(run, RunBuilder), run
        n = run.started.n
        self.story.tells(run.started).ended(n=n, tree=tree or f"{n:040x}")
        failed(self.story, failure, origin=origin, stage=stage, n=n, why=f"{n}: because")
        return self

    @property
    def next(self):
        return decide(self.story.state, self.world)

    @property
    def names(self):
        history = self.story.state.history
        return [past.started.named.name for past in history.attempts]


@pytest.fixture
def climb(story, world):
    return lambda *rows, **more: Climb(story, chained(world, *rows, **more))


def test_an_attempt_is_told_its_level_and_the_fact_says_which(climb):
    run = climb(OTHER, LARGE).next
    level = run.started.named
    assert (run.started.level, level.name, level.model, level.variant) == (0, "other", "s", "alt")


def test_an_item_that_names_nobody_is_built_by_whom_the_level_names(climb):
    mission = climb({**SMALL, "builder": "aider"}, {**LARGE, "builder": "codex"})
    assert mission.next.started.builder == "command"
    call = mission.world.call.model_copy(update={"chosen_by": "level"})
    mission.world = but(mission.world, call=call)
    assert mission.next.started.builder == "aider"
    assert mission.fails().next.started.builder == "codex"


def test_a_level_has_its_iterations_and_then_the_next_is_tried(climb):
    mission = climb({**SMALL, "iterations": 2}, LARGE)
    mission.fails().fails().fails()
    assert mission.names == ["small", "small", "large"]


def test_after_the_last_level_a_person_is_asked_and_told_so(climb):
    mission = climb(SMALL, LARGE).fails().fails()
    asked = mission.next.asked
    assert (asked.outcome, asked.reason) == ("ESCALATION_REQUESTED", "tests_failed")
    assert "no level of `escalation` is left after large" in asked.why


def test_a_class_that_escalates_takes_the_step_at_once(climb):
    mission = climb({**SMALL, "iterations": 9}, LARGE)
    mission.world = routed(mission.world, test_failure={"action": "escalate"})
    assert mission.fails().next.started.named.name == "large"


def test_a_class_whose_limit_is_used_takes_the_step_if_its_route_says_so(climb):
    mission = climb({**SMALL, "iterations": 9}, {**LARGE, "iterations": 9})
    then = {"limit": 1, "then": "escalate"}
    mission.world = routed(mission.world, test_failure=then)
    assert mission.fails().fails().fails().names == ["small", "small", "large"]


def test_what_is_no_fault_of_the_item_takes_no_step_and_asks_a_person_in_the_end(climb):
    mission = climb({**SMALL, "iterations": 1}, LARGE)
    mission.world = routed(mission.world, environment_error={"limit": 1, "backoff_s": 0})
    mission.fails("environment_error", origin="environment")
    assert mission.next.started.named.name == "small"
    mission.fails("environment_error", origin="environment")
    assert isinstance(mission.next, Ask)


def test_a_cloud_level_is_left_out_unless_allowed_and_the_fact_says_so(climb):
    mission = climb(SMALL, CLOUD, LARGE).fails()
    assert mission.next.started.level == 2
    assert mission.next.started.named.skipped == ("cloud",)
    mission.world = chained(mission.world, SMALL, CLOUD, LARGE, cloud_allowed=True)
    assert mission.next.started.named.name == "cloud"
    assert mission.next.started.named.skipped == ()


def test_at_the_end_a_person_is_told_of_the_cloud_level_that_is_left_out(climb):
    assert "cloud_allowed: false leaves out cloud" in climb(SMALL, CLOUD).fails().next.asked.why


@pytest.mark.parametrize(
    ("drop_back", "first", "then"),
    [
        ("never", "syntax_error", "large"),
        ("smart", "syntax_error", "small"),
        ("smart", "test_failure", "large"),
        ("always", "test_failure", "small"),
    ],
)
def test_a_step_is_taken_back_once_what_it_was_for_is_overcome(climb, drop_back, first, then):
    rows = {**SMALL, "iterations": 3}, {**LARGE, "iterations": 3}
    mission = climb(*rows, drop_back=drop_back)
    mission.world = routed(mission.world, **{first: {"action": "escalate"}})
    mission.fails(first).fails("lint_error")
    assert mission.names == ["small", "large"]
    assert mission.next.started.named.name == then


def test_a_step_is_not_taken_back_while_the_same_goes_on(climb):
    rows = {**SMALL, "iterations": 3}, {**LARGE, "iterations": 3}
    mission = climb(*rows, drop_back="always")
    mission.world = routed(mission.world, syntax_error={"limit": 9})
    mission.fails("syntax_error").fails("syntax_error").fails("syntax_error")
    assert mission.fails("syntax_error").names[-1] == "large"
    assert mission.next.started.named.name == "large"


def test_going_down_and_up_wins_no_iterations(climb):
    rows = {**SMALL, "iterations": 2}, {**LARGE, "iterations": 2}
    mission = climb(*rows, drop_back="always")
    mission.world = routed(mission.world, syntax_error={"action": "escalate"}, lint_error={})
    mission.fails("syntax_error").fails("lint_error").fails("syntax_error").fails("syntax_error")
    assert mission.names == ["small", "large", "small", "large"]
    assert isinstance(mission.next, Ask)


def test_a_level_that_is_used_up_is_not_gone_back_to(climb):
    mission = climb(SMALL, {**LARGE, "iterations": 3}, drop_back="always")
    mission.fails("syntax_error").fails("lint_error")
    assert mission.next.started.named.name == "large"


def test_levels_that_differ_in_their_name_only_are_no_step(climb):
    mission = climb({"name": "a", "iterations": 9}, {"name": "b", "iterations": 9})
    mission.world = routed(mission.world, test_failure={"action": "escalate"})
    assert isinstance(mission.fails().next, Ask)


def test_a_deterministic_builder_is_run_again_only_where_a_level_says_something_else(story, world):
    chain = levels({"name": "a"}, {"name": "b"}, LARGE)
    policy = world.policy.model_copy(update={"escalation": chain})
    failed(story.opened().started().ended(), "test_failure")
    run = decide(story.state, but(world, policy=policy))
    assert (run.started.n, run.started.named.name) == (2, "large")
    story.tells(run.started).ended(n=2)
    failed(story, "test_failure", n=2)
    assert isinstance(decide(story.state, but(world, policy=policy)), Ask | Close)


def test_a_pause_point_asks_before_its_first_attempt_and_not_again(climb):
    mission = climb({**SMALL, "iterations": 1}, {**LARGE, "iterations": 5}, pause_points=("large",))
    mission.fails()
    asked = mission.next.asked
    assert (asked.outcome, asked.reason) == ("ESCALATION_REQUESTED", "pause_point")
    assert "large" in asked.why
    paused, mission.world = mission.world, chained(mission.world, SMALL, {**LARGE, "iterations": 5})
    mission.world = but(
        mission.world, policy=mission.world.policy.model_copy(update={"pause_points": ()})
    )
    mission.fails()
    mission.world = paused
    assert isinstance(mission.next, RunBuilder)


def test_a_pause_point_is_passed_once_a_person_says_so(climb):
    mission = climb(SMALL, LARGE, pause_points=("large",)).fails()
    story = mission.story
    story.tells(mission.next.asked.model_copy(update={"shown": "5" * 40}))
    story.tells(answers("resume"))
    run = mission.next
    assert run.started.named.name == "large"
    story.tells(run.started).tells(AttemptInterrupted(n=2, cause="daemon_died"))
    assert mission.next.started == run.started


def test_a_pause_point_may_be_the_first_level(climb):
    assert climb(SMALL, pause_points=("small",)).next.asked.reason == "pause_point"


def test_a_mission_whose_level_is_gone_goes_on_at_the_nearest(climb):
    mission = climb(SMALL, OTHER, LARGE).fails().fails().fails("environment_error", "environment")
    assert mission.names[-1] == "large"
    mission.world = routed(
        chained(mission.world, {**SMALL, "iterations": 9}), environment_error={"backoff_s": 0}
    )
    assert mission.next.started.named.name == "small"


def test_the_level_of_a_lesson_is_recorded_unless_switched_off(climb):
    mission = climb(SMALL, LARGE).fails()
    assert mission.next.started.student == 1
    mission.world = chained(mission.world, SMALL, LARGE, enable_distillation=False)
    assert mission.next.started.student is None


def test_no_level_is_in_doubt_for_any_history(climb):
    mission = climb(SMALL, CLOUD, OTHER, LARGE)
    policy = mission.world.policy
    for index in policy.usable:
        assert named(policy, index).name == policy.levels[index].name
    assert level_for(mission.story.state.history, policy) == 0

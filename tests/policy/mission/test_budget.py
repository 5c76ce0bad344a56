"""The mission's budget: inclusive, settled before the next attempt, and silence is not nothing."""

import pytest

from policy.mission.actions import Ask, Close, JudgeCandidate, RunBuilder
from policy.mission.budget import Unaccounted, UsedUp, over_budget, used
from policy.mission.decide import decide
from policy.mission.persons import Allowance
from policy.mission.spending import Told, Untold, told_in
from tests.policy.mission.conftest import but, failed, routed


def budgeted(world, **mission):
    budget = world.policy.budgets.mission.model_copy(update={"attempts": 50, **mission})
    budgets = world.policy.budgets.model_copy(update={"mission": budget})
    call = world.call.model_copy(update={"deterministic": False})
    progress = world.policy.progress.model_copy(update={"no_progress": None, "oscillation": None})
    policy = world.policy.model_copy(update={"budgets": budgets, "progress": progress})
    return routed(but(world, policy=policy, call=call), test_failure={"limit": 50})


def failing(story, *spent, wall_s=1.0):
    story.opened()
    for n, one in enumerate(spent, start=1):
        story.started(n=n).ended(n=n, spent=one, wall_s=wall_s, tree=f"{n:040x}")
        failed(story, "test_failure", n=n)
    return story


@pytest.mark.parametrize(
    ("budget", "spent", "left"),
    [
        ({"tokens": 100}, (Told(tokens=99),), True),
        ({"tokens": 100}, (Told(tokens=100),), False),
        ({"tokens": 100}, (Told(tokens=60), Told(tokens=60)), False),
        ({"cost": 5}, (Told(tokens=900, cost=4),), True),
        ({"cost": 5}, (Told(tokens=900, cost=5),), False),
        ({"iterations": 2}, (Told(tokens=1),), True),
        ({"iterations": 2}, (Told(tokens=1), Told(tokens=1)), False),
        ({"attempts": 2}, (None,), True),
        ({"attempts": 2}, (None, None), False),
        ({"tokens": None, "cost": None}, (Told(tokens=10**9, cost=10**9),), True),
    ],
)
def test_each_budget_is_inclusive_and_ends_the_mission(story, world, budget, spent, left):
    action = decide(failing(story, *spent).state, budgeted(world, **budget))
    assert isinstance(action, RunBuilder if left else Close)
    if not left:
        assert (action.closed.outcome, action.closed.reason) == ("BLOCKED", "budget_exhausted")
        assert f"budgets.mission.{next(iter(budget))}" in action.closed.why


def test_what_its_route_ends_is_not_laid_to_the_budget(story, world):
    spent = routed(budgeted(world, attempts=1), test_failure={"limit": 0})
    action = decide(failing(story, None).state, spent)
    assert (action.closed.outcome, action.closed.reason) == ("BLOCKED", "tests_failed")


def test_iterations_count_what_was_no_fault_of_the_item_too(story, world):
    story.opened().started().ended()
    failed(story, "environment_error", origin="environment")
    assert over_budget(story.state.history, budgeted(world, iterations=1).policy)
    assert not over_budget(story.state.history, budgeted(world, attempts=1).policy)


def test_what_people_grant_raises_tokens_and_iterations(story, world):
    history = failing(story, Told(tokens=100)).state.history
    granted = history.model_copy(update={"allowance": Allowance(iterations=1, tokens=1)})
    for budget in ({"tokens": 100}, {"iterations": 1}):
        policy = budgeted(world, **budget).policy
        assert isinstance(over_budget(history, policy), UsedUp)
        assert over_budget(granted, policy) is None


def test_who_does_not_tell_what_it_used_is_asked_about_where_that_counts(story, world):
    failing(story, Untold(why="?"))
    assert isinstance(decide(story.state, budgeted(world)), RunBuilder)
    for budget in ({"tokens": 9}, {"cost": 9}):
        action = decide(story.state, budgeted(world, **budget))
        assert isinstance(action, Ask)
        assert action.asked.outcome == "ESCALATION_REQUESTED"
        assert "attempt 1 did not tell" in action.asked.why


def test_a_budget_of_the_run_counts_as_well(story, world):
    failing(story, Untold(why="?"))
    world = budgeted(world)
    run = world.policy.budgets.run.model_copy(update={"tokens": 5})
    budgets = world.policy.budgets.model_copy(update={"run": run})
    found = over_budget(story.state.history, world.policy.model_copy(update={"budgets": budgets}))
    assert isinstance(found, Unaccounted)


def test_success_comes_before_what_it_cost(story, world):
    story.opened().started().ended(spent=Told(tokens=10**9)).proposed()
    assert isinstance(decide(story.state, budgeted(world, tokens=1)), JudgeCandidate)


def test_failures_of_all_classes_together_have_a_limit(story, world):
    world = routed(budgeted(world), lint_error={"limit": 50})
    limits = world.policy.limits.model_copy(update={"failures": 2})
    world = but(world, policy=world.policy.model_copy(update={"limits": limits}))
    failing(story, None, None)
    assert isinstance(decide(story.state, world), RunBuilder)
    story.started(n=3).ended(n=3, tree="3" * 40)
    failed(story, "lint_error", n=3)
    action = decide(story.state, world)
    assert isinstance(action, Close)
    assert action.closed.reason == "budget_exhausted"
    assert "limits.failures is 2" in action.closed.why


def test_what_is_used_is_the_sum(story):
    failing(story, Told(tokens=3, cost=1), None, Untold(why="?"), wall_s=2.0)
    found = used(story.state.history)
    assert (found.tokens, found.cost, found.active_s, found.untold) == (3, 1, 6.0, (3,))


def test_used_up_says_how_much_of_what(story, world):
    found = over_budget(
        failing(story, Told(tokens=7)).state.history, budgeted(world, tokens=7).policy
    )
    assert found == UsedUp("7 of 7 tokens of budgets.mission.tokens")


@pytest.mark.parametrize(
    ("output", "found"),
    [
        ('done\nPAWL_USAGE {"tokens": 12, "cost": 3}\n', Told(tokens=12, cost=3)),
        ('PAWL_USAGE {"tokens": 12}', Told(tokens=12)),
        ("done\n", None),
        ("", None),
        ('PAWL_USAGE {"tokens": 12}\nmore', None),
        ('PAWL_USAGE {"tokens": -1}', None),
        ('PAWL_USAGE {"tokens": 1.5}', None),
        ('PAWL_USAGE {"tokens": "12"}', None),
        ('PAWL_USAGE {"tokens": 12, "more": 1}', None),
        ('PAWL_USAGE {"tokens": 1e999}', None),
        ("PAWL_USAGE {", None),
        ("PAWL_USAGE \x00", None),
    ],
)
def test_what_a_builder_says_on_its_last_line_is_read_whole_or_not_at_all(output, found):
    told = told_in(output)
    assert told == found if found else isinstance(told, Untold)

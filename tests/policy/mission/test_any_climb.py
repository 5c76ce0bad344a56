"""Whatever chain there is and whatever fails: no level is overdrawn, and every climb ends."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policy.mission.actions import RunBuilder
from policy.mission.decide import decide
from policy.rules.escalation import Level
from tests.policy.mission.conftest import Story, but, failed, routed

CLASSES = ("test_failure", "syntax_error", "hallucination_api")
LEVELS = st.lists(
    st.tuples(st.integers(1, 3), st.booleans(), st.sampled_from(["s", "m", "l", None])),
    min_size=2,
    max_size=5,
)
ROUTES = st.fixed_dictionaries(
    {
        name: st.fixed_dictionaries(
            {
                "action": st.sampled_from(["retry", "escalate"]),
                "limit": st.sampled_from([0, 1, 30]),
                "then": st.sampled_from(["terminate", "escalate"]),
                "isolated": st.booleans(),
                "backoff_s": st.just(0),
            }
        )
        for name in CLASSES
    }
)


@pytest.fixture(scope="module")
def wide(policy):
    mission = policy.budgets.mission.model_copy(update={"attempts": 99, "iterations": 99})
    return policy.model_copy(
        update={
            "budgets": policy.budgets.model_copy(update={"mission": mission}),
            "limits": policy.limits.model_copy(update={"failures": 99}),
        }
    )


def chain(rows):
    levels = tuple(
        Level(name=f"n{n}", model=model, is_cloud=cloud, iterations=iterations)
        for n, (iterations, cloud, model) in enumerate(rows)
    )
    return (*levels, "HARD_GATE")


@settings(max_examples=150, deadline=None)
@given(
    rows=LEVELS,
    rules=st.tuples(ROUTES, st.sampled_from(["always", "never", "smart"])),
    fails=st.permutations(CLASSES),
)
def test_no_level_is_overdrawn_and_every_climb_ends(world_once, wide, rows, rules, fails):
    routes, drop_back = rules
    changes = {"escalation": chain(rows), "drop_back": drop_back, "cloud_allowed": True}
    call = world_once.call.model_copy(update={"deterministic": False})
    world = routed(but(world_once, policy=wide.model_copy(update=changes), call=call), **routes)
    budget = {index: row[0] for index, row in enumerate(rows)}
    story, used = Story().opened(), Counter()
    action = decide(story.state, world)
    while isinstance(action, RunBuilder):
        n, level = action.started.n, action.started.level
        used[level] += 1
        assert used[level] <= budget[level], (level, used)
        story.tells(action.started).ended(n=n, tree=f"{n:040x}")
        failed(story, fails[n % len(fails)], n=n, why=f"{n}: because")
        action = decide(story.state, world)
    assert sum(used.values()) <= sum(budget.values())

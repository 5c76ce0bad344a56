"""What bounds a mission is told as the policy has it."""

from policy.preview.bounds import bounds
from policy.rules.load import load_policy, shipped_policy


def told(overrides: str = "") -> str:
    content = f"schema: 1\nextends: default-1\n{overrides}".encode()
    return "\n".join(bounds(load_policy(content).policy))


def test_budgets_and_limits_are_told():
    shipped = shipped_policy().policy
    assert f"{shipped.budgets.mission.attempts} attempts that fail by the item's fault" in told()
    assert f"{shipped.limits.failures} failures of any class" in told()
    assert "7 attempts that fail" in told("budgets: {mission: {attempts: 7}}\n")


def test_what_is_not_limited_is_not_told():
    assert "budgets.run" not in told()
    run = "budgets: {run: {missions: 5, window_s: 3600}, mission: {tokens: 9000}}\n"
    assert "all missions within 1 h: 5 missions (budgets.run)" in told(run)
    assert "as its builders report: 9000 tokens" in told(run)


def test_the_chain_says_which_levels_are_a_step_and_which_are_left_out():
    chain = (
        "escalation: [{name: a, iterations: 2}, {name: b, iterations: 1}, "
        "{name: c, iterations: 3, model: big}, {name: d, iterations: 1, is_cloud: true}, "
        "HARD_GATE]\npause_points: [c]\n"
    )
    assert (
        "builders: a (2 failures) -> b (1 failures, no step: it builds the same) -> "
        "c (big, 3 failures, a person is asked before) -> "
        "(d left out: cloud_allowed is false) -> a person"
    ) in told(chain)


def test_hours_are_told_where_there_are_any():
    assert "something new begins" not in told()
    hours = "active_hours: {zone: Europe/Vienna, days: [mon, tue], from: '08:00', to: '18:00'}\n"
    assert "something new begins mon, tue from 08:00 to 18:00, Europe/Vienna" in told(hours)

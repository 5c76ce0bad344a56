"""The shipped policies, and what a chain, a filter and a budget may be."""

import pytest

from policy.problems import Unreadable
from policy.rules.failures import FailureClass
from policy.rules.load import SHIPPED, Effective, load_policy, shipped_policy

BASE = "schema: 1\nextends: {}\n"


def loaded(text, base="default-1"):
    return load_policy((BASE.format(base) + text).encode())


@pytest.mark.parametrize("name", SHIPPED)
def test_each_is_a_policy_that_routes_every_class(name):
    shipped = shipped_policy(name)
    assert set(shipped.policy.failures) == set(FailureClass)
    assert loaded("", name) == shipped


def test_the_strict_one_differs_and_has_another_digest():
    strict, default = shipped_policy("strict-1"), shipped_policy()
    assert strict.digest != default.digest
    assert strict.policy.selection.on_escalation == "halt"
    assert default.policy.selection.on_escalation == "continue"
    assert strict.policy.selection.max_phase == default.policy.selection.max_phase


def test_overrides_of_the_strict_one_are_merged_into_it():
    policy = loaded("limits: {failures: 9}\n", "strict-1").policy
    assert policy.limits.failures == 9
    assert policy.approvals == shipped_policy("strict-1").policy.approvals


def test_each_has_the_five_levels_and_the_hard_gate():
    for name in SHIPPED:
        policy = shipped_policy(name).policy
        assert [one.name for one in policy.levels] == ["7b", "7b-alt", "13b", "13b-alt", "32b"]
        assert policy.escalation[-1] == "HARD_GATE"


CHAIN = "escalation: [{%s}]\n"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("escalation: []", "HARD_GATE"),
        ("escalation: [HARD_GATE]", "needs a level before HARD_GATE"),
        ("escalation: [{name: a, iterations: 1}]", "must end in HARD_GATE"),
        ("escalation: [HARD_GATE, {name: a, iterations: 1}]", "must end in HARD_GATE"),
        ("escalation: [HARD_GATE, HARD_GATE]", "nowhere else"),
        ("escalation: [SOFT_GATE]", "HARD_GATE"),
        (
            "escalation: [{name: a, iterations: 1}, {name: a, iterations: 1}, HARD_GATE]",
            "a is used twice",
        ),
        (
            "escalation: [{name: a, iterations: 1, is_cloud: true}, HARD_GATE]",
            "every level is_cloud",
        ),
        ("escalation: [{name: a, iterations: 0}, HARD_GATE]", "at least 1"),
        ("escalation: [{name: a}, HARD_GATE]", "missing"),
        ("escalation: [{name: 'a b', iterations: 1}, HARD_GATE]", "form"),
        ("escalation: [{name: a, iterations: 1, temperature: 1}, HARD_GATE]", "is not a key"),
        ('escalation: [{name: a, model: "a\\0b", iterations: 1}, HARD_GATE]', "control character"),
        ('escalation: [{name: a, model: "a\\nb", iterations: 1}, HARD_GATE]', "form"),
        ('escalation: [{name: a, variant: "", iterations: 1}, HARD_GATE]', "form"),
        ("pause_points: [70b]", "70b is no level"),
        ("drop_back: sometimes", "'always', 'never' or 'smart'"),
        ("cloud_allowed: 1", "true or false"),
        ("progress: {no_progress: {lookback: 0}}", "at least 1"),
        ("progress: {oscillation: {window: 2}}", "at least 3"),
        ("limits: {failures: 0}", "at least 1"),
        ("budgets: {mission: {iterations: 501}}", "at most 500"),
        ("budgets: {run: {tokens: 0}}", "at least 1"),
        ("budgets: {run: {window_s: null}}", "whole number"),
        ("approvals: [{at: landing, role: approver}]", "must be"),
        ("approvals: [{at: land, role: Approver}]", "form"),
        ("approvals: [{at: land, role: approver, when: {paths: ['/etc']}}]", "absolute"),
        ("approvals: [{at: land, role: approver, when: {color: [red]}}]", "is not a key"),
        ("checkpoints: [{after: build}]", "missing"),
        ("checkpoints: [{after: tea, name: TEA}]", "must be"),
        (
            "checkpoints: [{after: docs, name: READ}]",
            "checkpoints: READ: after: no tier of `pipeline` has the stage docs",
        ),
        ("approvals: [{at: docs, role: approver}]", "has the stage docs"),
        ("approvals: [{at: land, role: lead}]", "gives nobody both roles, lead and approver"),
        (
            "approvals: [{at: land, role: lead}]\npermissions: {roles: {ann@x: [lead, policy]}}",
            "gives nobody both roles, lead and approver",
        ),
        ("waivers: {non_waivable: [secret]}", "waivers.non_waivable: there is no gate secret"),
        ("permissions: {gates: {suite: approver}}", "permissions.gates: there is no gate suite"),
        ("permissions: {gates: {tests: lead}}", "permissions.gates: tests: `permissions` gives"),
        (
            "permissions: {roles: {ann@x: [polcy]}}",
            "permissions.roles: ann@x: nothing asks for the role polcy",
        ),
        ("command: {usage: some}", "must be"),
        ("extends: strict-2", "twice"),
    ],
)
def test_what_makes_no_sense_is_no_policy_and_says_why(text, says):
    found = loaded(text + "\n")
    assert isinstance(found, Unreadable)
    assert says in str(found)


def test_a_cloud_level_may_be_all_there_is_where_it_is_allowed():
    text = "escalation: [{name: a, iterations: 1, is_cloud: true}, HARD_GATE]\n"
    assert isinstance(loaded(text), Unreadable)
    assert isinstance(loaded(text + "cloud_allowed: true\n"), Effective)


def test_only_shipped_policies_can_be_extended():
    found = load_policy(b"schema: 1\nextends: strict-2\n")
    assert "extends: must be one of default-1, strict-1" in str(found)

"""Checkpoints and approvals: of which items, of which changes, at which moment, once a role."""

import json

import pytest

from policy.backlog.item import BacklogItem
from policy.mission.wanted import Changed, Wanted, wanted
from policy.rules.load import load_policy, shipped_policy
from tests.policy.backlog.conftest import LEAST

SMALL = Changed(("src/a.py",), 3)
LARGE = Changed(("src/a.py", "docs/a.md"), 300)


def item(**changes):
    return BacklogItem.model_validate_json(json.dumps({**LEAST, **changes}))


def roles(text, at, change, **changes):
    roles = "permissions: {others: [approver, lead, legal]}"
    policy = load_policy(f"schema: 1\nextends: default-1\n{roles}\n{text}\n".encode()).policy
    return [one.role for one in wanted(item(**changes), policy, at, change)]


LAND = "approvals: [{at: land, role: lead, when: {%s}}]"


@pytest.mark.parametrize(
    ("when", "changes", "change", "asked"),
    [
        ("", {}, SMALL, True),
        ("risk: [high]", {}, SMALL, False),
        ("risk: [high]", {"risk": "high"}, SMALL, True),
        ("kind: [hygiene]", {}, SMALL, False),
        ("kind: [hygiene]", {"kind": "hygiene"}, SMALL, True),
        ("risk: [low], kind: [hygiene]", {}, SMALL, False),
        ("paths: ['docs/**']", {}, SMALL, False),
        ("paths: ['docs/**']", {}, LARGE, True),
        ("diff_lines: 300", {}, SMALL, False),
        ("diff_lines: 300", {}, LARGE, True),
        ("diff_lines: 301", {}, LARGE, False),
        ("diff_lines: 300, paths: ['etc/**']", {}, LARGE, False),
        ("risk: []", {}, SMALL, False),
    ],
)
def test_an_approval_is_asked_of_what_its_filter_matches(when, changes, change, asked):
    assert roles(LAND % when, "land", change, **changes) == (["lead"] if asked else [])


def test_an_approval_is_asked_at_its_own_moment_only():
    for at in ("open", "build", "land"):
        text = f"approvals: [{{at: {at}, role: lead}}]"
        asked = [one for one in ("open", "build", "land") if roles(text, one, SMALL)]
        assert asked == [at]


@pytest.mark.parametrize(
    ("paths", "scope", "asked"),
    [
        ("['src/core/**']", ["src/**"], True),
        ("['docs/**']", ["src/**"], False),
        ("['**/*.sql']", ["src/**"], True),
    ],
)
def test_before_there_is_a_change_its_paths_are_those_the_item_may_write(paths, scope, asked):
    text = f"approvals: [{{at: open, role: lead, when: {{paths: {paths}, diff_lines: 900}}}}]"
    assert bool(roles(text, "open", None, write_scope=scope)) == asked


def test_a_checkpoint_is_asked_after_its_stage_by_its_own_name():
    policy = load_policy(
        b"schema: 1\nextends: default-1\ncheckpoints: [{after: build, name: CEO_REVIEW}]\n"
    ).policy
    assert wanted(item(), policy, "build", SMALL) == (Wanted("CEO_REVIEW", "approver"),)
    assert wanted(item(), policy, "land", SMALL) == ()


def test_a_role_is_asked_once_at_a_moment_and_each_role_for_itself():
    text = "approvals: [{at: land, role: lead}, {at: land, role: lead}, {at: land, role: legal}]"
    assert roles(text, "land", SMALL) == ["lead", "legal"]


def test_an_item_may_ask_for_approval_of_its_landing_itself():
    default = shipped_policy().policy
    own = item(requires_approval=True)
    assert wanted(own, default, "land", SMALL) == (Wanted("requires_approval", "approver"),)
    assert wanted(own, default, "open", None) == wanted(item(), default, "land", SMALL) == ()


def test_the_strict_policy_lets_low_risk_hygiene_land_by_itself_and_nothing_else():
    strict = shipped_policy("strict-1").policy
    free = [
        (kind, risk)
        for kind in ("build", "content", "hygiene", "integration", "proposal")
        for risk in ("low", "medium", "high")
        if not wanted(item(kind=kind, risk=risk), strict, "land", LARGE)
    ]
    assert free == [("hygiene", "low")]

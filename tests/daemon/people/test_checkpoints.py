"""Checkpoints and approvals of the policy: a mission waits for them, and people decide."""

import uuid

import pytest

from tests.daemon.conftest import POLICY, python

STRICT = POLICY.replace(b"default-1", b"strict-1")


def answered(home):
    return [one for one in home.facts("H-1") if one.kind == "person-answered"]


def test_an_approval_to_open_comes_before_the_first_attempt(settled):
    home = settled(POLICY + b"approvals: [{at: open, role: approver}]\n")
    home.wishes("H-1")
    home.runs()
    asked = home.waits("H-1")
    assert (asked.outcome, asked.need.kind) == ("APPROVAL_REQUESTED", "open")
    assert home.kinds("H-1").count("attempt-started") == 0
    home.answers("H-1", "approval")
    home.runs()
    assert home.ended("H-1") == ("PASS", "landed")
    assert len(answered(home)) == 1


def test_a_checkpoint_pauses_what_was_built_and_its_approval_lets_it_go_on(settled):
    home = settled(POLICY + b"checkpoints: [{after: build, name: CEO_REVIEW}]\n")
    home.wishes("H-1")
    home.runs()
    asked = home.waits("H-1")
    assert (asked.reason, asked.need.name) == ("checkpoint", "CEO_REVIEW")
    assert home.kinds("H-1").count("gates-judged") == 0
    home.answers("H-1", "approval")
    home.runs()
    assert home.ended("H-1") == ("PASS", "landed")
    (started,) = [one for one in home.facts("H-1") if one.kind == "landing-started"]
    assert started.permissions == tuple(one.permission for one in answered(home))


def test_a_checkpoint_that_is_rejected_ends_it(settled):
    home = settled(POLICY + b"checkpoints: [{after: build, name: CEO_REVIEW}]\n")
    home.wishes("H-1")
    home.runs()
    home.answers("H-1", "rejection")
    home.runs()
    assert home.ended("H-1") == ("BLOCKED", "rejected_by_person")


def test_the_strict_policy_asks_before_anything_but_low_hygiene_lands(settled):
    home = settled(STRICT)
    home.wishes("H-1")
    home.runs()
    assert home.waits("H-1").need.kind == "land"
    home.wishes("H-2", kind="hygiene")
    home.runs()
    assert home.ended("H-2") == ("PASS", "landed")
    assert "person-asked" not in home.kinds("H-2")
    assert home.waits("H-1").request == "requests/1.yaml"
    home.answers("H-1", "approval")
    home.runs()
    assert home.ended("H-1") == ("PASS", "landed")


@pytest.mark.parametrize(("lines", "asks"), [(1, False), (9, True)])
def test_an_approval_may_be_for_large_changes_of_some_paths_only(settled, lines, asks):
    when = b"{paths: ['*.txt'], diff_lines: 9}"
    home = settled(POLICY + b"approvals: [{at: land, role: approver, when: " + when + b"}]\n")
    home.wishes("H-1", command=python(f"open('H-1.txt', 'w').write('x\\n' * {lines})"))
    home.runs()
    if asks:
        assert home.waits("H-1").need.kind == "land"
    else:
        assert home.ended("H-1") == ("PASS", "landed")


def test_a_role_nobody_asked_has_cannot_give_it(settled):
    roles = b"permissions: {roles: {bob@x: [approver, lead]}}\n"
    home = settled(POLICY + roles + b"approvals: [{at: land, role: lead}]\n")
    home.wishes("H-1")
    home.runs()
    home.answers("H-1", "approval", by="alice")
    standing = home.runs()
    assert "does not count" in standing.rests["H-1"].why
    path, text = home.filled("H-1", "approval")
    name, another = path.split("/")[1].removesuffix(".yaml"), str(uuid.uuid4())
    home.signs({f"waivers/{another}.yaml": text.replace(name, another)}, by="bob")
    home.runs()
    assert home.ended("H-1") == ("PASS", "landed")
    assert answered(home)[0].principal == "bob@x"


CHAIN = (
    POLICY
    + b"""escalation:
- {name: small, model: s, iterations: 1}
- {name: large, model: l, iterations: 1}
- HARD_GATE
failures: {test_failure: {then: escalate}}
"""
)
TELLS = python("import os; open('H-1.txt', 'a').write(os.environ['PAWL_MODEL'] + 'x')")


def test_at_the_hard_gate_a_resume_is_one_attempt_at_the_last_level_and_then_it_asks_again(settled):
    home = settled(CHAIN + b"command: {deterministic: false}\n")
    home.wishes("H-1", command=TELLS, tests=[{"run": ["grep", "-q", "never", "H-1.txt"]}])
    home.runs()
    assert home.waits("H-1").need.limit == "escalation"
    home.answers("H-1", "resume")
    home.runs()
    assert home.waits("H-1").request == "requests/2.yaml"
    starts = [one for one in home.facts("H-1") if one.kind == "attempt-started"]
    assert [one.named.name for one in starts] == ["small", "large", "large"]
    home.answers("H-1", "abort", number=2)
    home.runs()
    assert home.ended("H-1") == ("CANCELLED", "by_person")

"""What is told of a kind of item at a risk is what the gates' own rules say of it."""

from policy.backlog.crew import built_in
from policy.preview.tiers import tiers
from policy.rules.load import load_policy, shipped_policy

GATES = """
pipeline: {medium: [build], high: [build]}
gates:
  - {name: suite, run: [make, test], timeout_s: 60, waivable: true}
  - {name: soak, run: [make, soak], timeout_s: 60, when: {risk: [high]}}
"""


def seen(overrides: str = ""):
    policy = load_policy(f"schema: 1\nextends: default-1\n{overrides}".encode()).policy
    return {(one.risk, one.kind): one for one in tiers(policy, built_in(policy.pipeline))}


def test_every_kind_at_every_risk_is_told_of():
    assert len(seen()) == 3 * 5


def test_a_gate_is_where_its_when_says():
    found = seen(GATES)
    names = {key: [gate.name for gate in one.gates] for key, one in found.items()}
    assert names["high", "build"][-2:] == ["suite", "soak"]
    assert names["low", "build"][-1] == "suite"
    assert "red_first" in names["low", "build"]
    assert "red_first" not in names["low", "content"]


def test_what_may_be_waived_and_what_depends_on_the_item_is_said():
    told = [gate.text for gate in seen(GATES)["low", "build"].gates]
    assert "suite (waivable by approver)" in told
    assert "done (where it has `done_when`, waivable by approver)" in told
    assert "red_first (unless `expect_base: pass`, waivable by approver)" in told
    assert {"scope", "protected", "secrets", "tree"} <= {*told}


def test_a_tier_nobody_can_play_is_told_as_invalid():
    found = seen()
    assert found["low", "build"].problems == ()
    assert "no adapter in .pawl/builders plays plan" in found["medium", "build"].problems[0]


def test_tiers_are_those_of_the_shipped_policy():
    policy = shipped_policy().policy
    assert {one.stages for one in seen().values()} == set(policy.pipeline.values())


def test_where_a_person_decides_is_said_with_what_it_depends_on():
    found = seen(
        "checkpoints: [{name: CEO_REVIEW, after: plan, when: {risk: [high]}}]\n"
        "approvals: [{at: land, role: approver, when: {kind: [content], paths: ['docs/**'], "
        "diff_lines: 200}}]\n"
    )
    assert found["low", "content"].asks == ("approver at land (paths docs/**; from 200 lines on)",)
    assert found["high", "build"].asks == ("CEO_REVIEW after plan",)
    assert found["low", "build"].asks == ()


def test_who_may_waive_a_gate_is_said():
    named = "permissions: {gates: {tests: lead}, roles: {ann@x: [lead, approver]}}\n"
    gates = [gate.text for gate in seen(named)["low", "build"].gates]
    assert "tests (waivable by approver and lead)" in gates
    gates = seen("waivers: {non_waivable: [tests]}\n")["low", "build"].gates
    assert "tests" in [gate.text for gate in gates]


def test_a_checkpoint_is_told_of_where_its_stage_is_one():
    found = seen("checkpoints: [{name: X, after: plan}]")
    assert "X after plan" in found["medium", "build"].asks
    assert found["low", "build"].asks == ()


def test_an_approval_of_a_stage_is_told_of_where_that_is_one():
    found = seen("approvals: [{at: plan, role: approver}, {at: land, role: approver}]")
    assert found["medium", "build"].asks == ("approver at plan", "approver at land")
    assert found["low", "build"].asks == ("approver at land",)

"""`pawl policy check` and `diff`: what a policy would do, before anybody commits it."""

import re
import subprocess

import pytest

BROKEN = """schema: 1
extends: default-1
selection: {max_agents: 0}
reconcile_s: soon
failures: {test_failure: {acton: retry}}
"""


@pytest.fixture
def own(served):
    """The served repository, its policy in the work tree, and how that is changed."""
    served.policy = (served.repo / ".pawl/policy.yaml").read_text()
    return served


def test_the_shipped_answer_names_every_class_tier_and_gate(own):
    found = own.pawl("policy", "check", "--json")
    assert found.code == 0
    assert found.json["extends"] == "default-1"
    assert found.json["classes"]["rate_limited"]["waits_s"] == [300, 600, 1200, 2400, 4800]
    assert found.json["classes"]["test_failure"]["counts_against_item"] is True
    low = [one for one in found.json["tiers"] if (one["risk"], one["kind"]) == ("low", "build")]
    assert [gate["name"] for gate in low[0]["gates"]][:2] == ["scope", "protected"]


def test_people_are_told_in_words(own):
    found = own.pawl("policy", "check")
    assert found.code == 0
    for words in (
        "what becomes of a failure",
        "a person is asked: ESCALATION_REQUESTED",
        "INVALID: medium needs plan",
        "low build",
    ):
        assert words in found.out


def test_all_problems_are_told_at_once_with_file_and_line(own):
    own.write(".pawl/policy.yaml", BROKEN)
    found = own.pawl("policy", "check")
    assert found.code == 3
    assert str(own.repo / ".pawl/policy.yaml") in found.err
    for line in ("line 3: selection.max_agents", "line 4: reconcile_s", "line 5: failures.test"):
        assert line in found.err
    told = own.pawl("policy", "check", "--json")
    assert (told.code, len(told.json["error"]["why"])) == (3, len(found.err.splitlines()) - 2)


def test_the_work_trees_file_is_checked_before_it_is_committed_and_a_commits_on_request(own):
    own.write(".pawl/policy.yaml", BROKEN)
    assert own.pawl("policy", "check").code == 3
    assert own.pawl("policy", "check", "--at", "HEAD").code == 0
    (own.repo / "sub").mkdir()
    assert own.pawl("policy", "check", at=own.repo / "sub").code == 3


def test_a_policy_of_another_branch_cannot_work_here(own):
    trunk = re.sub("^target: .*$", "target: trunk", own.policy, flags=re.MULTILINE)
    own.write(".pawl/policy.yaml", trunk)
    found = own.pawl("policy", "check")
    assert found.code == 3
    assert "names the target trunk" in found.out


def test_what_is_no_commit_is_not_found(own):
    found = own.pawl("policy", "check", "--at", "nowhere")
    assert (found.code, "no commit is called so" in found.err) == (4, True)


def test_a_missing_file_is_told(own):
    (own.repo / ".pawl/policy.yaml").unlink()
    assert own.pawl("policy", "check").code == 3
    assert own.pawl("policy", "diff").code == 3


def test_a_bare_repository_has_its_tip_checked(own, tmp_path):
    bare = tmp_path / "bare.git"
    subprocess.run(["git", "clone", "-q", "--bare", own.repo, bare], check=True)
    found = own.pawl("policy", "check", "--json", at=bare)
    assert found.code == 0
    assert own.tip()[:12] in found.json["policy"]


def test_diff_tells_what_the_repository_says_otherwise(own):
    own.write(".pawl/policy.yaml", f"{own.policy}reconcile_s: 7\n")
    rows = own.pawl("policy", "diff", "--json").json["differences"]
    assert {"key": "reconcile_s", "old": "30", "new": "7"} in rows
    assert "reconcile_s: 30 -> 7" in own.pawl("policy", "diff").out


def test_diff_compares_two_revisions_with_their_digests(own):
    old = own.tip()
    own.commit(".pawl/policy.yaml", f"{own.policy}selection: {{max_agents: 4}}\n")
    found = own.pawl("policy", "diff", old, "HEAD", "--json").json
    assert found["differences"] == [{"key": "selection.max_agents", "old": "1", "new": "4"}]
    assert found["old"]["digest"] != found["new"]["digest"]
    assert own.pawl("policy", "diff", "HEAD", "HEAD").out.endswith("nothing differs\n")
    assert own.pawl("policy", "diff", "default-1", old, "--json").code == 0

"""Two policies are compared as they hold, key by key."""

from policy.preview.compare import differences
from policy.rules.load import load_policy, shipped_policy


def against_shipped(overrides: str):
    own = load_policy(f"schema: 1\nextends: default-1\n{overrides}".encode()).policy
    return [(row.key, row.old, row.new) for row in differences(shipped_policy().policy, own)]


def test_equal_policies_do_not_differ():
    assert against_shipped("") == []
    assert against_shipped("reconcile_s: 30\n") == []


def test_a_changed_key_is_named_with_its_whole_path():
    assert against_shipped("failures: {unknown: {action: retry, limit: 1}}\n") == [
        ("failures.unknown.action", '"terminate"', '"retry"'),
        ("failures.unknown.limit", "0", "1"),
    ]


def test_a_list_is_one_value():
    assert against_shipped("pipeline: {low: [build, docs]}\n") == [
        ("pipeline.low", '["build"]', '["build","docs"]')
    ]


def test_a_key_only_one_of_them_has_is_told():
    found = against_shipped("environments: {py: {setup: [[make]]}}\n")
    assert [(key, old) for key, old, _ in found] == [("environments.py", None)]

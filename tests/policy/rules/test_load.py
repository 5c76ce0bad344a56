"""The policy file: merged, checked, digested; nothing unreadable is a policy."""

import pytest

from policy.problems import Unreadable
from policy.rules.failures import FailureClass
from policy.rules.load import Effective, load_policy, shipped_policy

MINIMAL = b"schema: 1\nextends: default-1\n"


def test_a_file_that_only_extends_is_the_shipped_policy():
    loaded = load_policy(MINIMAL)
    assert isinstance(loaded, Effective)
    assert loaded == shipped_policy("default-1")


def test_the_shipped_policy_routes_every_class():
    assert set(shipped_policy().policy.failures) == set(FailureClass)


def test_maps_merge_and_lists_replace():
    loaded = load_policy(
        MINIMAL + b"selection: {max_phase: 9}\ntest_paths: [spec/**]\n"
        b"failures: {test_failure: {limit: 7}}\n"
    )
    assert isinstance(loaded, Effective)
    assert loaded.policy.selection.max_phase == 9
    assert loaded.policy.selection.quarantine_after == 1
    assert loaded.policy.test_paths == ("spec/**",)
    assert loaded.policy.failures[FailureClass.TEST_FAILURE].limit == 7
    assert loaded.policy.failures[FailureClass.TEST_FAILURE].action == "retry"


def test_the_digest_names_what_is_effective_and_not_how_it_is_written():
    plain = load_policy(MINIMAL)
    spelled = load_policy(b"# same\n" + MINIMAL + b"selection: {max_phase: 3}\n")
    other = load_policy(MINIMAL + b"selection: {max_phase: 4}\n")
    assert plain.digest == spelled.digest != other.digest


GATE = b"gates:\n  - {name: suite, run: [pytest], timeout_s: 5%s}\n"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "the file is empty"),
        (b"[]", "line 1: not a mapping of keys and values, but a list"),
        (b"just words", "line 1: not a mapping of keys and values, but 'just words'"),
        (b"::: not [yaml", "line 1: not a mapping of keys that a policy has, but of '::'"),
        (b"extends: default-1", "schema: is missing"),
        (b"schema: 1", "extends: must be one of"),
        (b"schema: 2\nextends: default-1", "schema"),
        (b"schema: 1\nextends: [a]", "extends: must be one of"),
        (MINIMAL + b"surprise: 1", "surprise: is not a key"),
        (MINIMAL + b"selection: {max_agents: 0}", "at least 1"),
        (MINIMAL + b"selection: {max_agents: '1'}", "whole number"),
        (MINIMAL + b"failures: {surprise: {action: retry, origin: item}}", "surprise"),
        (MINIMAL + b"failures: {unknown: null}", "unknown"),
        (MINIMAL + GATE % b", baseline: true", "add `report: junit`"),
        (MINIMAL + GATE % b", report: junit", "needs `{report}`"),
        (MINIMAL + (GATE % b"").replace(b"suite", b"scope"), "built-in"),
        (MINIMAL + GATE % b"" + (GATE % b"").removeprefix(b"gates:\n"), "used twice"),
        (MINIMAL + b"a: &x 1\nb: *x", "anchor"),
        (MINIMAL + b"target: \xff", "UTF-8"),
        (MINIMAL + b"schema: 1", "twice"),
    ],
)
def test_what_is_not_wholly_a_policy_is_none_and_says_why(content, says):
    loaded = load_policy(content)
    assert isinstance(loaded, Unreadable)
    assert says in str(loaded)


def test_a_problem_has_the_line_it_is_on():
    loaded = load_policy(MINIMAL + b"selection:\n  max_agents: none\n")
    assert [problem.line for problem in loaded.problems] == [4]


def test_rules_of_ones_own_are_read_from_the_file():
    loaded = load_policy(
        MINIMAL + b'classify: {rules: [{tool: own, line: "WRONG: * at {n}", class: lint_error}]}\n'
    )
    assert isinstance(loaded, Effective)
    (rule,) = loaded.policy.classify.rules
    assert (rule.tool, rule.failure, rule.stages) == ("own", "lint_error", ("gate",))
    assert loaded.policy.classify.end_lines == shipped_policy().policy.classify.end_lines


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ('{tool: own, line: "*", class: lint_error}', "would match anything"),
        ('{tool: own, line: "{name}: bad {name}", class: lint_error}', "more than once"),
        ("{tool: own, class: lint_error}", "needs `line`, `exits` or both"),
        ('{tool: own, line: "WRONG: *", class: landed}', "class"),
        ('{tool: own, line: "WRONG: *", class: scope_violation}', "class"),
        ('{tool: own, line: "WRONG: *", class: test_tampering}', "class"),
        ('{tool: own, line: "WRONG: *", class: lint_error, exits: [256]}', "exits"),
        ('{tool: own, line: "WRONG: *", class: lint_error, regex: x}', "regex"),
        (f'{{tool: own, line: "{"x" * 201}", class: lint_error}}', "line"),
    ],
)
def test_a_rule_that_cannot_be_one_is_told_with_its_line(rule, why):
    loaded = load_policy(MINIMAL + f"classify:\n  rules:\n  - {rule}\n".encode())
    assert isinstance(loaded, Unreadable)
    assert why in str(loaded)
    assert {problem.line for problem in loaded.problems} == {5}

"""The item model: what it takes, what it refuses and in which words, its hash and its schema."""

import json
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from policy.backlog.item import BacklogItem
from policy.backlog.parse import BadItem, parse_item
from policy.backlog.spec import schema, spec_hash

FULL = b"""\
# every field there is
id: H-12A
title: Split a bill without losing cents
priority: P0
status: blocked
kind: integration
risk: high
phase: 2
wave: w2
slice: medium
contract: |
  split() gives out every cent.
acceptance: [no cent is lost]
design: shares differ by one cent at most
constraints: [no floats]
steps: [write the test, write the code]
test_plan:
  - {name: test_no_cent_is_lost, validates: the sum, expected: equal}
files:
  - {path: till/money.py, action: modify}
principles: [plain]
references: [{what: show, where: till/money.py, why: rounds already}]
out_of_scope: [currencies]
packages: [{id: PKG-1, layer: HO1, spec_id: S, framework_id: F, plane_id: P, assets: [a.py],
  dependencies: [PKG-0]}]
write_scope: ["till/**", tests/test_money.py]
read_context: [README.md]
blocked_by: [H-11]
unblocks: [H-13]
ready_when:
  - item_done: H-11
  - {path_exists: till/money.py}
  - path_absent: till/split.py
  - check: [test, -e, x]
  - after: 2026-12-01
  - approved: H-12A
not_ready_when: [{path_exists: FREEZE}]
tests:
  - run: [python3, -m, pytest, --junitxml, "{report}"]
    expect: exit_0
    timeout_s: 60
    report: junit
    must_report: ["tests/test_money.py::Split::test_no_cent_is_lost", "a.b::c"]
    min_tests: 2
    blocking: true
    cwd: till
  - {run: [grep, x], expect: exit_nonzero}
  - {run: [cat, y], expect: {contains: "yes"}}
  - {run: [cat, z], expect: {not_contains: "no"}, blocking: false}
done_when: [{run: ["true"]}]
expect_base: pass
expect_base_reason: a refactoring
builder: claude-code
reopen: 2
requires_approval: true
requested_by: ann@example.org
owner: bob
tags: [money]
budget: {attempts: 2, active_minutes: 10, changed_lines: 50, changed_files: 2}
"""


def problems(content, path="backlog/H-1.yaml"):
    bad = parse_item(path, content)
    assert isinstance(bad, BadItem)
    return str(bad)


def test_every_field_of_the_table_is_read():
    item = parse_item("backlog/a/H-12A.yaml", FULL)
    assert isinstance(item, BacklogItem)
    assert item.model_fields_set == set(BacklogItem.model_fields) - {"command", "environment"}
    assert item.tests[0].must_report == (
        "tests.test_money.Split::test_no_cent_is_lost",
        "a.b::c",
    )


def test_the_least_item_has_the_defaults_of_the_table(text):
    item = parse_item("backlog/H-1.yaml", text())
    assert (item.status, item.kind, item.risk, item.slice) == ("todo", "build", "low", "small")
    assert (item.expect_base, item.reopen, item.requires_approval) == ("fail", 1, False)
    test = item.tests[0]
    assert (test.expect, test.timeout_s, test.blocking, test.cwd) == ("exit_0", None, True, ".")


@pytest.mark.parametrize(
    "name", ["H-12", "H-12A", "CLEANUP-5", "a", "1.2.3", "a_b", "a" * 64, "lock", "x.locked"]
)
def test_is_an_id(text, name):
    assert isinstance(parse_item(f"backlog/{name}.yaml", text(id=name)), BacklogItem)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "-a",
        "a-",
        "a..b",
        "a--b",
        "a/b",
        "a b",
        "a" * 65,
        "a.lock",
        "a.LOCK",
        "ä",
        "H@2",
        "a\n",
        "x:y",
    ],
)
def test_is_no_id(text, name):
    assert "id:" in problems(text(id=name), f"backlog/{name}.yaml")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"title": ...}, "title: is missing"),
        ({"title": ""}, "title: must be one line of text"),
        ({"title": "a\nb"}, "title: must be one line of text"),
        ({"title": "a" * 121}, "title: has 121 characters, 120 are allowed"),
        ({"title": 5}, "title: must be text (quote it), is 5"),
        ({"title": None}, "title: must be text (quote it), is empty"),
        ({"titel": "x"}, "titel: is not a key that may stand here; check its spelling"),
        ({"priority": "P4"}, "priority: must be 'P0', 'P1', 'P2' or 'P3', is 'P4'"),
        ({"status": "running"}, "status: must be 'todo', 'done', 'blocked' or 'cancelled', is"),
        ({"phase": "1"}, "phase: must be a whole number, is '1'"),
        ({"phase": True}, "phase: must be a whole number, is true"),
        ({"phase": -1}, "phase: must be at least 0, is -1"),
        ({"reopen": 0}, "reopen: must be at least 1, is 0"),
        ({"contract": " \n"}, "contract: says nothing"),
        ({"acceptance": []}, "acceptance: is empty; at least one entry is needed"),
        ({"acceptance": "x"}, "acceptance: must be a list, is 'x'"),
        ({"acceptance": {"a": "b"}}, "acceptance: must be a list, is a map"),
        ({"write_scope": []}, "write_scope: is empty; at least one entry is needed"),
        ({"write_scope": ["src/"]}, "write_scope[0]: src/ ends in a slash; src/** is all"),
        ({"write_scope": ["a", "/etc/*"]}, "write_scope[1]: /etc/* is absolute"),
        ({"write_scope": ["../x"]}, "write_scope[0]: ../x has a . or .. in it"),
        ({"write_scope": ["a**"]}, "write_scope[0]: a**: ** must stand alone"),
        ({"read_context": ["./a"]}, "read_context[0]: ./a has a . or .. in it"),
        ({"blocked_by": ["a/b"]}, "blocked_by[0]: 'a/b' is not an id"),
        ({"requires_approval": "true"}, "requires_approval: must be true or false, is 'true'"),
        ({"tests": []}, "tests: is empty; at least one entry is needed"),
        ({"tests": [{"run": "pytest -q"}]}, "tests[0].run: must be a list, is 'pytest -q'"),
        ({"tests": [{"run": []}]}, "tests[0].run: is empty; at least one entry is needed"),
        ({"tests": [{"run": [""]}]}, "tests[0].run: its first word, the program, is empty"),
        ({"tests": [{}]}, "tests[0].run: is missing"),
        ({"tests": ["true"]}, "tests[0]: must be a map of keys and values, is 'true'"),
        ({"tests": [{"run": ["x"], "expect": "green"}]}, "tests[0].expect: must be 'exit_0' or"),
        (
            {"tests": [{"run": ["x"], "expect": 0}]},
            "tests[0].expect: must be exit_0, exit_nonzero,",
        ),
        ({"tests": [{"run": ["x"], "expect": {"contains": ""}}]}, "expect.contains: says nothing"),
        (
            {"tests": [{"run": ["x"], "expect": {"contains": "a", "not_contains": "b"}}]},
            "tests[0].expect: must be exit_0, exit_nonzero, {contains: text} or",
        ),
        ({"tests": [{"run": ["x"], "blocking": False}]}, "tests: none of them is blocking"),
        ({"tests": [{"run": ["x"], "report": "junit"}]}, "`report: junit` needs {report}"),
        ({"tests": [{"run": ["x", "{report}"]}]}, "{report} in run needs `report: junit`"),
        ({"tests": [{"run": ["x"], "min_tests": 1}]}, "add `report: junit`"),
        ({"tests": [{"run": ["x"], "timeout_s": 0}]}, "timeout_s: must be at least 1"),
        ({"tests": [{"run": ["x"], "cwd": "../x"}]}, "tests[0].cwd: ../x has a . or .. in it"),
        (
            {"tests": [{"run": ["{report}"], "report": "junit", "must_report": ["test_x"]}]},
            "tests[0].must_report[0]: 'test_x' is not a test id",
        ),
        ({"done_when": [{"run": ["x"], "blocking": False}]}, "done_when: none of them is blocking"),
        ({"expect_base": "pass"}, "expect_base: pass needs expect_base_reason"),
        ({"expect_base_reason": "x"}, "expect_base_reason: belongs to expect_base: pass"),
        ({"command": ..., "builder": "command"}, "builder: command needs `command: [...]`"),
        ({"builder": "codex"}, "command: is for the builder `command`, not for codex"),
        ({"ready_when": ["when it is done"]}, "ready_when[0]: must be one of {item_done: ID}"),
        ({"ready_when": [{}]}, "ready_when[0]: must be one of {item_done: ID}"),
        ({"ready_when": [{"item_done": "A", "after": "2026-01-01"}]}, "must be one of {item_done"),
        ({"ready_when": [{"after": "soon"}]}, "ready_when[0].after: must be a day"),
        ({"ready_when": [{"check": "x"}]}, "ready_when[0].check: must be a list, is 'x'"),
        ({"files": [{"path": "a", "action": "modify"}]}, "files: a is outside write_scope"),
        ({"budget": {"attempts": 0}}, "budget.attempts: must be at least 1"),
        ({"budget": {"tries": 1}}, "budget.tries: is not a key"),
    ],
)
def test_is_refused_in_words_a_person_understands(text, changes, sentence):
    assert sentence in problems(text(**changes))


def test_every_problem_is_told_at_once_each_with_its_line():
    bad = parse_item(
        "backlog/H-2.yaml",
        b"id: H-1\ntitel: x\npriority: P9\ncontract: c\nacceptance:\n  - a\n  - 3\n"
        b"write_scope: [src/]\ntests:\n  - run: [x]\n    expect: maybe\n",
    )
    assert [problem.line for problem in bad.problems] == [1, 1, 2, 3, 7, 8, 11]
    assert str(bad).startswith("backlog/H-2.yaml:1: id: is 'H-1', the file must then be called")
    assert bad.item == "H-2"


def test_of_very_many_problems_the_first_are_told_and_how_many_more_there_are(text):
    bad = parse_item("backlog/H-1.yaml", text(acceptance=[1] * 1000))
    assert len(bad.problems) == 51
    assert "and 950 more problems" in str(bad)


def test_a_file_that_is_no_map_is_no_item():
    assert problems(b"- a\n") == "backlog/H-1.yaml:1: an item is a map of keys and values"


def test_the_files_name_is_the_id(text):
    assert "H-1.yaml" in problems(text(), "backlog/h-1.yaml")


def test_the_spec_hash_is_what_it_was_in_every_release(text):
    assert spec_hash(parse_item("backlog/H-12A.yaml", FULL)) == (
        "7b6d76471537c336f6afa111fb9203802149476696cfb5c298b59f91a0913086"
    )
    assert spec_hash(parse_item("backlog/H-1.yaml", text())) == (
        "5632c0b63f6becf75ad77d5c67f3ef5bdf53509e565708e29af1d353d7733149"
    )


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({"status": "done"}, True),
        ({"priority": "P3"}, True),
        ({"owner": "o", "tags": ["t"], "requested_by": "r"}, True),
        ({"phase": 3, "wave": "w"}, True),
        ({"status": "todo", "kind": "build", "reopen": 1, "blocked_by": [], "design": None}, True),
        ({"tests": [{"run": ["false"], "expect": "exit_0", "blocking": True, "cwd": "."}]}, True),
        ({"title": "x"}, False),
        ({"contract": "x"}, False),
        ({"acceptance": ["x"]}, False),
        ({"write_scope": ["src/*"]}, False),
        ({"tests": [{"run": ["false"], "timeout_s": 5}]}, False),
        ({"reopen": 2}, False),
        ({"command": ["false"]}, False),
        ({"risk": "medium"}, False),
        ({"ready_when": [{"after": "2026-01-01"}]}, False),
    ],
)
def test_the_spec_hash_is_of_what_a_builder_is_asked_for(text, changes, same):
    plain = spec_hash(parse_item("backlog/H-1.yaml", text()))
    assert (spec_hash(parse_item("backlog/H-1.yaml", text(**changes))) == plain) is same


def test_a_test_named_in_two_ways_is_one_spec(text):
    def spec(name):
        tests = [{"run": ["{report}"], "report": "junit", "must_report": [name]}]
        return spec_hash(parse_item("backlog/H-1.yaml", text(tests=tests)))

    assert spec("tests/test_a.py::test_b") == spec("tests.test_a::test_b")


def test_the_schema_has_every_field():
    printed = schema()
    json.dumps(printed)
    assert {*printed["properties"]} == {*BacklogItem.model_fields}
    assert printed["additionalProperties"] is False
    assert set(printed["required"]) == {
        "id", "title", "priority", "contract", "acceptance", "write_scope", "tests",
    }  # fmt: skip


def test_the_items_of_the_examples_are_items():
    folder = Path(__file__).parents[3] / "examples/till/backlog"
    files = sorted(folder.glob("*.yaml"))
    assert files
    for file in files:
        assert isinstance(parse_item(f"backlog/{file.name}", file.read_bytes()), BacklogItem), file


_ANY = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text("aP0-/*.{}", max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["run", "expect", "after", "x"]), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from([*BacklogItem.model_fields, "x"]), _ANY, max_size=6))
def test_no_values_raise(changes):
    least = yaml.safe_load(FULL)
    least["ready_when"] = []
    content = yaml.safe_dump({**least, **changes}, allow_unicode=True).encode()
    found = parse_item("backlog/H-12A.yaml", content)
    assert isinstance(found, BacklogItem) or found.problems


@given(st.binary(max_size=100))
def test_no_bytes_raise(tail):
    assert isinstance(parse_item("backlog/H-12A.yaml", FULL + tail), BacklogItem | BadItem)
    assert isinstance(parse_item("backlog/H-12A.yaml", tail), BadItem)

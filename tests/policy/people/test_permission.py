"""Permission files: each kind reads back as it was written; nothing else is a permission."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policy.people.permission import FORMS, Waiver
from policy.people.reading import MOST_BYTES, permission_schema, read_permission, write_permission
from policy.problems import Unreadable
from tests.policy.people.test_check import ID, KEYS, permission


def text(values):
    rows = (f"{key}: {json.dumps(value, ensure_ascii=False)}\n" for key, value in values.items())
    return "".join(rows).encode()


def read(values, stem=ID):
    return read_permission(text(values), stem)


def plain(kind):
    return {**KEYS[kind], "kind": kind}


@pytest.mark.parametrize("kind", KEYS)
def test_each_kind_is_read_back_as_it_was_written(kind):
    written = write_permission(permission(kind))
    assert read_permission(written.encode(), ID) == permission(kind)
    assert written.startswith('schema: 1\nkind: "')
    assert all(line.partition(": ")[1] for line in written.splitlines())


@pytest.mark.parametrize("kind", KEYS)
def test_each_kind_has_exactly_its_keys(kind):
    whole = plain(kind)
    for key in whole:
        assert isinstance(read({k: v for k, v in whole.items() if k != key}), Unreadable), key
    everything = {key: value for other in KEYS.values() for key, value in other.items()}
    for key in everything.keys() - whole.keys():
        assert isinstance(read({**whole, key: everything[key]}), Unreadable), key
    assert not isinstance(read(whole), Unreadable)


WRONG = [
    ("schema", 2), ("schema", True), ("schema", 1.0), ("schema", "1"),
    ("kind", "waver"), ("kind", None), ("kind", ["waiver"]), ("kind", True),
    ("id", ID.upper().replace("1", "A")), ("id", "11111111-2222-1333-8444-555555555555"), ("id", 7),
    ("repo", {}), ("repo", {"root_commit": "2" * 39, "name": "town"}), ("repo", "town"),
    ("ref", "main"), ("ref", "refs/heads/*"), ("ref", "refs/tags/v1"),
    ("ref", "refs/heads/a\u2028b"),
    ("mission", "*"), ("mission", "H-1@1x"), ("mission", ""), ("mission", "a/b"),
    ("attempt", -1), ("attempt", True), ("attempt", "2"), ("attempt", 2.0),
    ("spec", "5" * 63), ("spec", "G" * 64), ("policy", None), ("policy", "d" * 64 + "\n"),
    ("gates", []), ("gates", ["*"]), ("gates", "tests"), ("gates", ["tests", "tests"]),
    ("gates", ["te*"]), ("gates", [1]), ("gates", {"tests": 1}),
    ("subject", None), ("subject", {"base": "b" * 40}), ("subject", {}),
    ("subject", {"base": "b" * 40, "change": "c" * 64, "product": "e" * 40, "tree": "e" * 40}),
    ("request", "f" * 41), ("request", 5),
    ("reason", "too short"), ("reason", "x" * 2001), ("reason", "turned around \u202e by a mark"),
    ("reason", 12345678901234567890), ("reason", "a bell \x07 is no reason for anything"),
    ("expires", "2026-12-01"), ("expires", "2026-12-01T12:00:00+01:00"), ("expires", 1),
    ("expires", "2026-02-30T12:00:00Z"), ("expires", "2026-12-01T25:00:00Z"), ("expires", None),
    ("expires", "2026-12-01T12:00:00.5Z"),
    ("max_uses", 2), ("max_uses", 0), ("max_uses", True), ("max_uses", 1.0), ("max_uses", "1"),
]  # fmt: skip


@pytest.mark.parametrize(("key", "value"), WRONG)
def test_one_wrong_value_makes_it_no_permission_and_is_named(key, value):
    read_back = read({**plain("waiver"), key: value})
    assert isinstance(read_back, Unreadable)
    assert any(problem.line for problem in read_back.problems)


@pytest.mark.parametrize(
    "grant", [{}, {"iterations": 0}, {"iterations": True}, {"hours": 3}, {"tokens": 1.5}, 3]
)
def test_a_grant_grants_something_countable(grant):
    assert isinstance(read({**plain("grant"), "grant": grant}), Unreadable)


def test_a_standing_waiver_names_one_gate_and_its_tests():
    for key, value in (("gates", ["a", "b"]), ("tests", []), ("tests", ["\u202e"])):
        assert isinstance(read({**plain("standing-waiver"), key: value}), Unreadable)


GOOD = text(plain("waiver"))
CONTENTS = {
    "empty": b"",
    "a scalar": b"waiver\n",
    "a list": b"- waiver\n",
    "not UTF-8": GOOD + b"# \xff\n",
    "a byte order mark": b"\xef\xbb\xbf" + GOOD,
    "a duplicate key": GOOD + b"attempt: 2\n",
    "an anchor": GOOD.replace(b"attempt: 2", b"attempt: &a 2"),
    "an alias": GOOD.replace(b"attempt: 2", b"attempt: *a"),
    "a tag": GOOD.replace(b"attempt: 2", b"attempt: !!int 2"),
    "a merge key": GOOD + b"<<: {}\n",
    "a second document": GOOD + b"---\n" + GOOD,
    "a tab": GOOD + b"\tx: 1\n",
    "deep": b"[" * 100_000,
    "a control character": GOOD + b"# \x00\n",
    "half a file": GOOD[: len(GOOD) // 2],
    "ten megabytes": GOOD + b"#" * 10_000_000,
}


@pytest.mark.parametrize("name", CONTENTS)
def test_what_is_no_permission_gives_a_reason_and_never_a_crash(name):
    found = read_permission(CONTENTS[name], ID)
    assert isinstance(found, Unreadable)
    assert str(found)


def test_the_file_must_be_called_as_it_names_itself():
    found = read_permission(GOOD, "another")
    assert isinstance(found, Unreadable)
    assert found.problems[0].line == GOOD.decode().split("id:")[0].count("\n") + 1


@given(st.binary(max_size=200))
def test_any_bytes_at_all_are_answered(content):
    assert isinstance(read_permission(content, ID), Unreadable)


@settings(max_examples=40)
@given(st.text(min_size=20, max_size=2000))
def test_any_reason_that_can_be_written_is_read_back(reason):
    try:
        made = permission("abort", reason=reason)
    except ValueError:
        return
    assert read_permission(write_permission(made).encode(), ID) == made


def test_the_longest_reason_and_many_tests_fit():
    many = tuple(f"tests.test_{number:03}::test_that_fails" for number in range(500))
    made = permission("standing-waiver", reason="\U0001f600" * 2000, tests=many)
    content = write_permission(made).encode()
    assert len(content) < MOST_BYTES
    assert read_permission(content, ID) == made


def test_the_schema_names_every_kind_and_key():
    made = json.dumps(permission_schema())
    for kind in FORMS:
        assert f'"{kind}"' in made
    assert all(f'"{key}"' in made for keys in KEYS.values() for key in keys)
    assert FORMS["waiver"] is Waiver

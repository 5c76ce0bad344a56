"""The strict loader: what it reads, what it refuses and where, and that nothing makes it raise."""

import json

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from policy.problems import Unreadable
from policy.strictyaml import Document, load


def refused(content: bytes, **limits: int) -> list[tuple[int, str]]:
    document = load(content, **limits)
    assert isinstance(document, Unreadable)
    return [(problem.line, problem.text) for problem in document.problems]


def test_maps_lists_and_scalars_are_read_with_the_line_each_begins_in():
    document = load(b"a: 1\nb:\n  - x\n  - {c: true, d: null}\n# no comment\ne: 'yes'\nf: -2.5e3\n")
    assert document == Document(
        value={"a": 1, "b": ["x", {"c": True, "d": None}], "e": "yes", "f": -2500.0},
        lines={
            (): 1, ("a",): 1, ("b",): 3, ("b", 0): 3, ("b", 1): 4, ("b", 1, "c"): 4,
            ("b", 1, "d"): 4, ("e",): 6, ("f",): 7,
        },
    )  # fmt: skip


@pytest.mark.parametrize(
    "text",
    ["2026-12-01", "2026-12-01T12:00:00Z", "1.2.3", "H-12", "=", "y", "1:", "a:b", "-", "e1"],
)
def test_what_only_looks_like_something_else_stays_text(text):
    assert load(f"- {text}x\n- '{text}'\n".encode()).value == [f"{text}x", text]


def test_a_date_stays_text():
    assert load(b"- 2026-12-01\n- 2026-12-01T12:00:00Z\n- 2026-12-01 12:00:00\n").value == [
        "2026-12-01", "2026-12-01T12:00:00Z", "2026-12-01 12:00:00",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "scalar",
    [
        "yes",
        "Yes",
        "YES",
        "no",
        "No",
        "NO",
        "on",
        "On",
        "ON",
        "off",
        "Off",
        "OFF",
        "True",
        "TRUE",
        "False",
        "FALSE",
        "Null",
        "NULL",
        "010",
        "0o17",
        "0x1F",
        "0b11",
        "1_000",
        "+5",
        "12:30",
        "190:20:30.15",
        ".nan",
        ".NaN",
        ".inf",
        "-.inf",
        "1e5",
        ".5",
        "5.",
        "1.5e999",
        "9999999999999999999",
        "0755",
    ],
)
@pytest.mark.parametrize("document", ["a: {}\n", "- {}\n", "{}: 1\n"])
def test_scalars_yaml_readers_disagree_about_are_problems(scalar, document):
    found = refused(f"# first\n{document.format(scalar)}".encode())
    assert [line for line, _ in found] == [2]
    assert "quote it" in found[0][1]
    assert isinstance(load(document.format(f"'{scalar}'").encode()), Document)


@pytest.mark.parametrize(
    ("content", "line", "words"),
    [
        pytest.param(b"", 1, "empty", id="an empty file"),
        pytest.param(b"# only a comment\n", 1, "empty", id="a comment only"),
        pytest.param(b"a: &x 1\n", 1, "anchors", id="an anchor"),
        pytest.param(b"a: 1\nb: *x\n", 2, "aliases", id="an alias"),
        pytest.param(b"a: !!str 1\n", 1, "tags", id="a tag"),
        pytest.param(b"a: ! 1\n", 1, "tags", id="the tag that means no tag"),
        pytest.param(b"- !!python/object/apply:os.system [id]\n", 1, "tags", id="an object"),
        pytest.param(b"a: 1\n<<: {b: 2}\n", 2, "merge", id="a merge key"),
        pytest.param(b"a: 1\nb: 2\na: 3\n", 3, "twice, first in line 1", id="a duplicate key"),
        pytest.param(b"a:\n - b: {c: 1,\n    c: 2}\n", 3, "a[0].b.c: is there twice", id="deep"),
        pytest.param(b"a: 1\n'a': 2\n", 2, "twice", id="a duplicate key, quoted"),
        pytest.param(b"1: 2\n", 1, "must be text", id="a number as key"),
        pytest.param(b"true: 2\n", 1, "must be text", id="a boolean as key"),
        pytest.param(b"? \n: 2\n", 1, "must be text", id="nothing as key"),
        pytest.param(b"? [a]\n: 2\n", 1, "must be text", id="a list as key"),
        pytest.param(b"a: 1\n? {b: c}\n: 2\n", 2, "must be text", id="a map as key"),
        pytest.param(b"a: 1\n---\nb: 1\n", 2, "second document", id="two documents"),
        pytest.param(b"%YAML 1.1\n---\na: 1\n", 1, "directives", id="a directive"),
        pytest.param(b"a:\n\tb: 1\n", 2, "indent with spaces", id="a tab"),
        pytest.param(b"a: b: c\n", 1, "quote the text", id="a colon in text"),
        pytest.param(b"a: [1\n", 2, "not YAML", id="an open bracket"),
        pytest.param(b"a: 1\nb: x\xffy\n", 2, "UTF-8", id="not UTF-8"),
        pytest.param("a: 1".encode("utf-16"), 1, "UTF-8", id="UTF-16"),
        pytest.param(b"\xef\xbb\xbfa: 1\n", 1, "byte order mark", id="a byte order mark"),
        pytest.param(b"a: 1\nb: x\x00y\n", 2, "U+0000", id="NUL"),
        pytest.param(b"a: \x1b[31m\n", 1, "U+001B", id="an escape sequence"),
        pytest.param("a: x\u2028b: y\n".encode(), 1, "U+2028", id="a line break of YAML 1.1"),
        pytest.param(b'a: "x\\0y"\n', 1, "control character", id="NUL, escaped"),
        pytest.param(b'a: "\\e[31m"\n', 1, "control character", id="ESC, escaped"),
        pytest.param(b'a: "\\ud800"\n', 1, "not YAML", id="half a character, escaped"),
    ],
)
def test_is_refused_with_its_line(content, line, words):
    found = refused(content)
    assert [row for row, text in found if words in text] == [line]


@pytest.mark.parametrize("opening", [b"[", b"{", b"- ", b"? ", b"a: [", b"{a: "])
def test_a_file_nested_without_end_is_refused_and_costs_nothing(opening):
    assert any("deeper" in text or "must be text" in text for _, text in refused(opening * 4000))


def test_nesting_up_to_the_limit_is_read():
    assert isinstance(load(b"[" * 5 + b"]" * 5, max_depth=5), Document)
    assert "deeper than 4 levels" in refused(b"[" * 5 + b"]" * 5, max_depth=4)[0][1]


def test_a_file_over_the_limit_is_not_parsed():
    assert refused(b"a: 1\n" * 10, max_bytes=49) == [(0, "the file has 50 bytes, 49 are allowed")]


def test_every_problem_is_told_at_once_in_the_order_of_the_file():
    found = refused(b"a: &x yes\nb: *x\nc: 010\na: 1\n")
    assert [line for line, _ in found] == [1, 1, 2, 3, 4]


def test_so_many_problems_and_no_more_are_told():
    found = refused(b"- yes\n" * 1000, max_problems=7)
    assert len(found) == 8
    assert found[-1] == (7, "too many problems: the rest was not read")
    assert len(refused(b"- \x00\n" * 1000, max_problems=7)) == 7


@pytest.mark.parametrize(
    "scalar", ["9" * 10**5 + "x", "1" + ":1" * 10**5 + "x", "1_" * 10**5 + "x", "." + "_" * 10**5]
)
def test_long_scalars_cost_no_more_than_their_length(scalar):
    assert load(scalar.encode()) is not None


def test_line_endings_of_other_systems_are_read_and_counted():
    assert load(b"a: 1\r\nb: 2\r\n").lines == {(): 1, ("a",): 1, ("b",): 2}


@given(st.binary(max_size=200))
@example(b"*a : b")
@example(b"? *a\n? *b")
@example(b"---\n...\n---\n")
def test_no_bytes_raise(content):
    assert isinstance(load(content), Document | Unreadable)


_PIECES = st.sampled_from(
    [b"a", b"b", b": ", b"- ", b"\n", b"  ", b"[", b"]", b"{", b"}", b",", b"&x ", b"*x", b"!t ",
     b"'", b'"', b"|\n", b"? ", b"<<", b"#", b"---\n", b"...\n", b"%", b"~", b"1", b"\t", b"\\0"]
)  # fmt: skip


@given(st.lists(_PIECES, max_size=30).map(b"".join))
def test_no_pieces_of_yaml_raise(content):
    document = load(content, max_depth=6)
    if isinstance(document, Document):
        json.dumps(document.value, allow_nan=False)
        assert () in document.lines


_PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**17), 10**17)
    | st.text("abcdef:#-'\" \n{}[]äß€", max_size=12),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.text("abcxyz", min_size=2), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(_PLAIN, st.booleans())
def test_what_an_ordinary_writer_wrote_is_read_back(value, flow):
    text = yaml.safe_dump(value, default_flow_style=flow, allow_unicode=True)
    document = load(text.removesuffix("...\n").encode())
    if isinstance(document, Document):  # a writer leaves `on` and `no` of its keys unquoted
        assert document.value == value
    else:
        assert all("quote it" in problem.text for problem in document.problems)

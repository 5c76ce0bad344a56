"""The status flip: one word changes, whatever the file looks like; else it is refused."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from policy.backlog.item import BacklogItem
from policy.backlog.parse import parse_item
from policy.landing.flip import FlipRefused, flip
from policy.problems import Unreadable
from policy.strictyaml import load


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(b"id: A\nstatus: todo\n", b"id: A\nstatus: done\n", id="a word"),
        pytest.param(b"id: A\nstatus: 'todo'\n", b"id: A\nstatus: 'done'\n", id="single quotes"),
        pytest.param(b'id: A\nstatus: "todo"\n', b'id: A\nstatus: "done"\n', id="double quotes"),
        pytest.param(b"status:   todo   # now\nid: A", b"status:   done   # now\nid: A", id="note"),
        pytest.param(b"id: A\nstatus:\n  todo\n", b"id: A\nstatus:\n  done\n", id="below its key"),
        pytest.param(b"id: A\r\nstatus: todo\r\n", b"id: A\r\nstatus: done\r\n", id="CRLF"),
        pytest.param(b'{"id": "A", "status": "todo"}', b'{"id": "A", "status": "done"}', id="JSON"),
        pytest.param(
            b"{id: A, status: todo, b: [x]}\n", b"{id: A, status: done, b: [x]}\n", id="flow"
        ),
        pytest.param(
            b"a: {status: todo}\nstatus: todo\nb:\n  status: todo\n",
            b"a: {status: todo}\nstatus: done\nb:\n  status: todo\n",
            id="only the one at the top",
        ),
        pytest.param(
            b"contract: |\n  status: todo\nstatus: blocked\n",
            b"contract: |\n  status: todo\nstatus: done\n",
            id="not the one in a text",
        ),
        pytest.param(
            "titel: \u00e4\U0001f600\nstatus: todo # \u00fc\n".encode(),
            "titel: \u00e4\U0001f600\nstatus: done # \u00fc\n".encode(),
            id="after letters of several bytes",
        ),
        pytest.param(
            b"# c\nid: A  # c\nb: 1\n", b"# c\nid: A  # c\nstatus: done\nb: 1\n", id="added"
        ),
        pytest.param(b"id: A", b"id: A\nstatus: done", id="added, no newline at the end"),
        pytest.param(b"b: 1\r\nid: A", b"b: 1\r\nid: A\r\nstatus: done", id="added, CRLF, no end"),
        pytest.param(b"id: A\r\nb: 1\r\n", b"id: A\r\nstatus: done\r\nb: 1\r\n", id="added, CRLF"),
        pytest.param(
            b"---\n  id: A\n  b: 1\n", b"---\n  id: A\n  status: done\n  b: 1\n", id="indented"
        ),
        pytest.param(b"'id': A\n", b"'id': A\n'status': done\n", id="added, quoted key"),
        pytest.param(b'{"id": "A"}', b'{"id": "A", "status": "done"}', id="added to JSON"),
        pytest.param(b"{id: A, b: 1}\n", b"{id: A, status: done, b: 1}\n", id="added to flow"),
        pytest.param(b"id: A\n...\n", b"id: A\nstatus: done\n...\n", id="added before the end"),
    ],
)
def test_one_word_is_flipped(before, after):
    assert flip(before, "done") == after


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(b"id: A\nstatus: done\n", "done already", id="done"),
        pytest.param(b"id: [\n", "cannot be read", id="no YAML"),
        pytest.param(b"- a\n", "no map", id="a list"),
        pytest.param(b"", "cannot be read", id="nothing"),
        pytest.param(b"b: 1\n", "cannot be edited", id="no id to stand below"),
        pytest.param(b"id: A\nstatus: |\n  todo\n", "cannot be edited", id="a block of text"),
        pytest.param(b"id: A\nstatus: [todo]\n", "cannot be edited", id="a list as status"),
        pytest.param(b"id: A\nstatus:\nb: 1\n", "cannot be edited", id="an empty status"),
        pytest.param(b"? id\n: A\n", "cannot be read any more", id="a key in two lines"),
    ],
)
def test_is_refused(content, words):
    refused = flip(content, "done")
    assert isinstance(refused, FlipRefused)
    assert words in refused.why


def test_a_flip_and_its_reverse_leave_the_file_as_it_was():
    content = b"# c\r\nid: A # c\r\nstatus: 'todo' \t# c\r\n"
    assert flip(flip(content, "done"), "todo") == content


_VALUE = st.recursive(
    st.text("ab #:'\"\n\u00e4", max_size=8) | st.integers(0, 9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["status", "id", "x"]), inner, max_size=3)
    ),
    max_leaves=5,
)


@given(
    st.dictionaries(st.sampled_from(["aa", "title", "zz"]), _VALUE),
    st.sampled_from([None, "todo", "blocked"]),
    st.permutations(["id", "status", "aa", "title", "zz"]),
    st.booleans(),
    st.sampled_from(["\n", "\r\n"]),
)
def test_the_status_is_the_only_difference(rest, status, order, flow, newline):
    fields = {**rest, "id": "H-1", **({"status": status} if status else {})}
    fields = {key: fields[key] for key in order if key in fields}
    text = yaml.safe_dump(fields, sort_keys=False, default_flow_style=flow, allow_unicode=True)
    content = text.replace("\n", newline).encode()
    before, flipped = load(content), flip(content, "done")
    assert not isinstance(before, Unreadable)
    assert isinstance(flipped, bytes)
    assert load(flipped).value == {**before.value, "status": "done"}
    kept = flipped.decode().splitlines()
    changed = [line for line in content.decode().splitlines() if line not in kept]
    assert len(changed) <= 1


@given(st.binary(max_size=80))
def test_no_bytes_raise(content):
    assert isinstance(flip(content, "done"), bytes | FlipRefused)


def test_an_item_that_was_flipped_is_an_item_that_is_done():
    content = (Path(__file__).parents[3] / "examples/till/backlog/TILL-1.yaml").read_bytes()
    item = parse_item("backlog/TILL-1.yaml", flip(content, "done"))
    assert isinstance(item, BacklogItem)
    assert item.status == "done"

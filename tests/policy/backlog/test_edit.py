"""One key set in an item's file: one line changes, or nothing does."""

import pytest

from policy.backlog.edit import EditRefused, set_key
from policy.strictyaml import Document, load

ITEM = b"# a wish\nid: A-1\n# about\ntitle: 'one: two'\nstatus: todo  # soon\nreopen: 1\n"


def values(content):
    document = load(content)
    assert isinstance(document, Document)
    return document.value


@pytest.mark.parametrize(
    ("content", "key", "value", "edited"),
    [
        pytest.param(
            b"id: A\nreopen: 1\n", "reopen", 2, b"id: A\nreopen: 2\n", id="a value is replaced"
        ),
        pytest.param(
            b"id: A\nstatus: todo # c\n",
            "status",
            "cancelled",
            b"id: A\nstatus: cancelled # c\n",
            id="the comment behind it stays",
        ),
        pytest.param(
            b"# c\nid: A\n# t\ntitle: x\n",
            "reopen",
            2,
            b"# c\nid: A\nreopen: 2\n# t\ntitle: x\n",
            id="a new key goes behind the first",
        ),
        pytest.param(b"id: A", "reopen", 2, b"id: A\nreopen: 2", id="a last line without end"),
        pytest.param(
            b"status: todo\r\nid: A\r\n",
            "status",
            "done",
            b"status: done\r\nid: A\r\n",
            id="line ends stay as they are",
        ),
        pytest.param(b"status: 'todo'\n", "status", "done", b"status: 'done'\n", id="quotes stay"),
        pytest.param(
            b"id: 'A'\nreopen: 1\n", "reopen", 2, b"id: 'A'\nreopen: 2\n", id="a number has none"
        ),
        pytest.param(
            b"{id: A, status: todo}\n",
            "reopen",
            2,
            b"{id: A, reopen: 2, status: todo}\n",
            id="a map in braces",
        ),
        pytest.param(
            b"id: A\nstatus:\n  todo\n",
            "status",
            "done",
            b"id: A\nstatus:\n  done\n",
            id="a value on the next line",
        ),
    ],
)
def test_exactly_one_line_changes(content, key, value, edited):
    assert set_key(content, key, value) == edited


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"status: |\n  todo\n", id="a block of text"),
        pytest.param(b"status: [todo]\n", id="a list as status"),
        pytest.param(b"contract: |\n  text\n  more\n", id="behind a block of text"),
        pytest.param(b"status: &a todo\n", id="an anchor"),
        pytest.param(b"- status\n", id="a list"),
        pytest.param(b"", id="an empty file"),
        pytest.param(b"\xff", id="no text"),
        pytest.param(b"status: todo\nstatus: todo\n", id="a key twice"),
    ],
)
def test_what_cannot_be_edited_safely_is_refused(content):
    assert isinstance(set_key(content, "status", "done"), EditRefused)


@pytest.mark.parametrize(("key", "value"), [("reopen", 7), ("status", "cancelled"), ("owner", "b")])
def test_nothing_else_reads_differently(key, value):
    edited = set_key(ITEM, key, value)
    assert isinstance(edited, bytes)
    assert values(edited) == {**values(ITEM), key: value}

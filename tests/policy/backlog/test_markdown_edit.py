"""One entry edited: one box or one line changes, whatever the file looks like; else refused."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from policy.backlog.edit import EditRefused
from policy.backlog.forms import item_in, set_in
from policy.backlog.item import BacklogItem
from policy.backlog.markdown.sheet import read_sheet
from policy.backlog.parse import BadItem, Written
from policy.landing.flip import FlipRefused, flip_of

PATH = "BACKLOG.md"


def entry(name, box=" ", title="Split a bill"):
    return (
        f"- [{box}] **{title} {name}** — DoD: [ ] stays — Owner: ada\n"
        f"  - Id: {name}\n  - Tests: `false`\n  - Scope: `till/**`\n"
    )


FILE = f"# B\n\n### P0\n\n{entry('A')}\n{entry('B')}### P2\n{entry('C')}".encode()


def test_the_tick_changes_one_letter():
    ticked = flip_of(PATH, FILE, "A")
    assert ticked == FILE.replace(b"- [ ] **Split a bill A", b"- [x] **Split a bill A")
    assert item_in(PATH, ticked, "A").status == "done"
    assert item_in(PATH, ticked, "B").status == "todo"


@pytest.mark.parametrize(
    "edit",
    [
        lambda content: content.replace(b"\n", b"\r\n"),
        lambda content: b"\xef\xbb\xbf" + content,
        lambda content: content.rstrip(b"\n"),
        lambda content: content.removeprefix(b"# B\n\n"),
        lambda content: content + b"\xff not text\n",
    ],
    ids=["CRLF", "BOM", "no end", "at the top", "not UTF-8 elsewhere"],
)
def test_the_rest_stays_byte_for_byte(edit):
    content = edit(FILE)
    ticked = flip_of(PATH, content, "B")
    assert ticked == content.replace(b"- [ ] **Split a bill B", b"- [x] **Split a bill B")


def test_an_entry_in_the_first_line_with_a_byte_order_mark_is_ticked():
    content = b"\xef\xbb\xbf" + entry("A", box="/").encode()
    assert set_in(PATH, content, "A", "status", "done") == content.replace(b"[/]", b"[x]", 1)


@pytest.mark.parametrize(
    ("content", "item", "words"),
    [
        (FILE, "Z", "has no entry Z"),
        (FILE + entry("A").encode(), "A", "is there more than once: BACKLOG.md:5, BACKLOG.md:19"),
        (FILE.replace(b"Tests", b"Pests", 1), "A", "there is no such field"),
        (FILE.replace(b"- [ ] **Split a bill A", b"- [x] **Split a bill A"), "A", "done already"),
    ],
)
def test_what_cannot_be_ticked_is_refused(content, item, words):
    refused = flip_of(PATH, content, item)
    assert isinstance(refused, FlipRefused)
    assert words in refused.why


def test_a_tick_that_would_make_one_entry_of_two_is_refused():
    line = b"- [ ] **T** \xe2\x80\x94 DoD: x \xe2\x80\x94 Owner: y\n"
    whole = b"### P0\n" + line + b"  - Tests: `false`\n  - Scope: a\n"
    refused = flip_of(PATH, whole + line.replace(b"[ ]", b"[x]"), item_id(whole))
    assert isinstance(refused, FlipRefused)


def item_id(content):
    (one,) = read_sheet(PATH, content)
    return one.item.id


def test_an_entry_is_run_again_by_a_line_below_it():
    again = set_in(PATH, FILE, "A", "reopen", 2)
    assert again == FILE.replace(b"ada\n", b"ada\n  - Reopen: 2\n", 1)
    assert set_in(PATH, again, "A", "reopen", 3) == again.replace(b"Reopen: 2", b"Reopen: 3")


def test_a_line_is_added_with_the_files_own_line_ends():
    content = FILE.replace(b"\n", b"\r\n")
    again = set_in(PATH, content, "A", "reopen", 2)
    assert again == content.replace(b"ada\r\n", b"ada\r\n  - Reopen: 2\r\n", 1)
    last = "- [x] **Split** — DoD: x — Owner: ada — Tests: `a` — Scope: b".encode()
    name = item_id(last)
    assert set_in(PATH, last, name, "reopen", 2) == last + b"\n  - Reopen: 2"


def test_a_cancelled_entry_is_blocked():
    cancelled = set_in(PATH, FILE, "A", "status", "cancelled")
    assert cancelled == FILE.replace(b"- [ ] **Split a bill A", b"- [!] **Split a bill A")


def test_what_would_not_run_all_the_same_is_not_called_open():
    refused = set_in(PATH, FILE, "C", "status", "todo")
    assert isinstance(refused, EditRefused)
    assert "it would not run yet: stands below `### P2`" in refused.why


def test_a_native_file_is_edited_as_before():
    assert set_in("backlog/A.yaml", b"id: A\nstatus: todo\n", "A", "status", "done") == (
        b"id: A\nstatus: done\n"
    )


@given(
    st.lists(
        st.sampled_from([entry("A"), entry("B", "x"), "### P0\n", "text\n", "```\n"]), max_size=8
    ),
    st.sampled_from(["\n", "\r\n"]),
)
def test_a_tick_is_the_one_difference_or_refused(parts, end):
    content = "".join(["### P0\n", *parts, entry("Z")]).replace("\n", end).encode()
    found = item_in(PATH, content, "Z")
    assume(isinstance(found, BacklogItem))
    ticked = flip_of(PATH, content, "Z")
    if isinstance(ticked, FlipRefused):
        return
    assert len(ticked) == len(content)
    assert sum(a != b for a, b in zip(ticked, content, strict=True)) == 1
    before = {id_of(one): one for one in read_sheet(PATH, content)}
    after = {id_of(one): one for one in read_sheet(PATH, ticked)}
    assert [name for name in before if before[name] != after[name]] == ["Z"]


def id_of(one):
    return one.item.id if isinstance(one, Written) else one.item


def test_an_entry_that_is_not_there_is_bad_and_not_a_crash():
    assert isinstance(item_in(PATH, b"", "A"), BadItem)

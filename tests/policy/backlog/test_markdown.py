"""The Markdown backlog: what is an entry, what it says, and what is wrong with the others."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.backlog.markdown.sheet import read_sheet
from policy.backlog.parse import BadItem, Written
from policy.backlog.spec import spec_hash

LINE = "- [ ] **Split a bill** — DoD: no cent is lost — Owner: ada"
FIELDS = ("  - Tests: `python3 -m unittest tests.bill`", "  - Scope: `till/**`")
WHOLE = "\n".join((LINE, *FIELDS))


def read(text, path="BACKLOG.md"):
    content = text if isinstance(text, bytes) else text.encode()
    return read_sheet(path, content)


def below(*lines, heading="### P0"):
    return read("\n".join((heading, "", *lines, "")))


def item(*lines):
    (found,) = below(*lines)
    assert isinstance(found, Written), str(found)
    return found.item


def bad(*lines):
    (found,) = below(*lines)
    assert isinstance(found, BadItem), found
    return str(found)


def key_of(line):
    return sha256(" ".join(line.split()).encode()).hexdigest()[:16]


def test_an_entry_is_an_item():
    found = item(WHOLE, "  - Command: `python3 tools/fix.py 'a b'`", "  - Id: TILL-1")
    assert (found.id, found.title, found.priority) == ("TILL-1", "Split a bill", "P0")
    assert (found.status, found.owner, found.contract) == ("todo", "ada", "no cent is lost")
    assert found.acceptance == ("no cent is lost",)
    assert found.tests[0].run == ("python3", "-m", "unittest", "tests.bill")
    assert found.write_scope == ("till/**",)
    assert found.command == ("python3", "tools/fix.py", "a b")


def test_without_an_id_the_grammars_key_is_the_id_and_a_tick_does_not_change_it():
    assert item(WHOLE).id == key_of(LINE)
    (ticked,) = below(WHOLE.replace("[ ]", "[x]"))
    assert (ticked.item.id, ticked.item.status) == (key_of(LINE), "done")


@pytest.mark.parametrize("dash", ["—", "–", "-", "--", "---"])  # noqa: RUF001 - as people type
def test_any_dash_leads_to_a_field(dash):
    found = item(WHOLE.replace("—", dash).replace("DoD", "Why Now"))
    assert (found.contract, found.owner) == ("no cent is lost", "ada")


def test_a_dash_in_a_text_or_a_command_leads_nowhere():
    found = item(
        "- [ ] **A - b** — DoD: a-b and a - b hold — Owner: ada — Context: see x",
        "  - Tests: `tool - Owner: x` and `b {report}`",
        "  - Scope: `a`, `b/**`",
    )
    assert (found.title, found.contract) == ("A - b", "a-b and a - b hold\n\nContext: see x")
    assert [test.run for test in found.tests] == [("tool", "-", "Owner:", "x"), ("b", "{report}")]
    assert [test.report for test in found.tests] == ["none", "junit"]
    assert found.write_scope == ("a", "b/**")


def test_every_field_has_its_place():
    found = item(
        WHOLE,
        "  - Acceptance: one",
        "  - Acceptance: two",
        "  - Blocked by: H-1, H-2",
        "  - Unblocks: H-3",
        "  - Ready when: path_exists: src/x",
        "  - Ready when: check: `grep -q a b`",
        "  - Not ready when: after: 2030-01-01",
        "  - Done when: `true`",
        "  - Read: docs/a.md",
        "  - Constraint: no new packages",
        "  - Out of scope: taxes",
        "  - Kind: hygiene",
        "  - Risk: medium",
        "  - Slice: large",
        "  - Phase: 2",
        "  - Wave: w1",
        "  - Tags: a, b",
        "  - Expect base: pass",
        "  - Expect base reason: it is a refactoring",
        "  - Reopen: 3",
        "  - Requires approval: yes",
        "  - Requested by: bob",
        "  - Builder: claude-code",
    )
    assert found.acceptance == ("one", "two")
    assert (found.blocked_by, found.unblocks) == (("H-1", "H-2"), ("H-3",))
    assert [next(iter(c.model_dump())) for c in found.ready_when] == ["path_exists", "check"]
    assert found.ready_when[1].check == ("grep", "-q", "a", "b")
    assert found.not_ready_when[0].after.year == 2030
    assert found.done_when[0].run == ("true",)
    assert (found.kind, found.risk, found.slice) == ("hygiene", "medium", "large")
    assert (found.phase, found.wave, found.tags) == (2, "w1", ("a", "b"))
    assert (found.expect_base, found.reopen, found.requires_approval) == ("pass", 3, True)
    assert (found.requested_by, found.builder) == ("bob", "claude-code")
    assert (found.read_context, found.constraints) == (("docs/a.md",), ("no new packages",))
    assert found.out_of_scope == ("taxes",)


def test_the_spec_hash_is_that_of_the_item_wherever_it_stands():
    one = item(WHOLE, "  - Id: A")
    (two,) = below("- [x]" + WHOLE[5:].replace("ada", "bob"), "  - Id: A", heading="### P1 (x)")
    assert spec_hash(one) == spec_hash(two.item)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("- [ ] **T** — Owner: a", "DoD: is missing; say what must be so"),
        ("- [ ] **T** — DoD: x", "Owner: is missing; say whom to ask"),
        ("- [ ] **T** — DoD: x — Owner: a", "Tests: is missing; nothing can be proven"),
        ("- [ ] **T** — DoD: x — Owner: a", "Scope: is missing; say what may change"),
        ("- [ ] **T** — DoD: — Owner: a", "DoD: is empty"),
        ("- [ ] **T** — DoD: x — DoD: y — Owner: a", "DoD: is there twice, first in line 3"),
        ("- [ ] **T** — DoD: x — Estimate: 3d — Owner: a", "Estimate: there is no such field"),
        ("- [ ] **T** (new) — DoD: x — Owner: a", "after the title a dash and a field come"),
        ("- [ ] **T — DoD: x", "title: must be one line of text"),
        (f"- [ ] **{'t' * 121}** — DoD: x — Owner: a", "title: has 121 characters"),
        ("- [ ] Split a bill", "BACKLOG.md:3: this checkbox is no entry"),
        ("- [] **T** — DoD: x", "this checkbox is no entry"),
        ("- [?] **T** — DoD: x", "its box holds '?'"),
        ("* [ ] **T** — DoD: x", "this checkbox is no entry"),
        ("1. [ ] **T** — DoD: x", "this checkbox is no entry"),
        (" - [ ] **T** — DoD: x", "this checkbox is no entry"),
        ("-\t[ ] **T** — DoD: x", "this checkbox is no entry"),
        ("-  [ ] **T** — DoD: x", "this checkbox is no entry"),
        ("\t- [ ] **T** — DoD: x", "this checkbox is no entry"),
        ("- [ ] **T** — DoD: a\u2028b — Owner: a", "the character U+2028 may not be"),
        ("- [ ] **T** — DoD: a\rb — Owner: a", "the character U+000D may not be"),
    ],
)
def test_a_line_below_p0_that_is_no_item_says_why(line, words):
    if "?" in line:
        (found,) = below(line)
        assert words in found.held
    else:
        assert words in bad(line)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("  - Tests: run pytest", ":6: Tests: must be in backticks: 'run pytest'"),
        ("  - Tests: `pytest` exits with 0", "holds more than what is in backticks"),
        ("  - Tests: `say 'x`", "cannot be read as words of a command"),
        ("  - Tests: ``", "must be in backticks"),
        ("  - Command: `a` and `b`", "Command: must be one command"),
        ("  - Scope: a b", "apart by commas"),
        ("  - Scope: `/etc`", "write_scope"),
        ("  - Id: a b", "is not an id"),
        ("  - Phase: two", "Phase: must be a whole number, is 'two'"),
        ("  - Requires approval: maybe", "must be yes or no"),
        ("  - Risk: extreme", "risk: must be"),
        ("  - Ready when: it is time", "must begin with one of after, approved, check"),
        ("  - Ready when: after: soon", "ready_when"),
        ("  - Colour: red", "Colour: there is no such field; there are Id, DoD"),
        ("  - a note", "is no field: write `  - Label: text`"),
        ("  more text", "is no field"),
        ("and more text", "is no field"),
        ("  - [ ] a part of it", "is no field"),
        ("  ```", "is no field"),
    ],
)
def test_a_line_below_an_entry_that_nobody_would_read_says_why(line, words):
    assert words in bad(WHOLE, line)


def test_all_problems_of_an_entry_are_told_at_once_and_the_others_are_items():
    found = below("- [ ] **T** — Estimate: 3", "  - Phase: x", WHOLE)
    assert len(found) == 2
    assert len(found[0].problems) == 6
    assert isinstance(found[1], Written)


@pytest.mark.parametrize(
    ("heading", "box", "status", "why"),
    [
        ("### P2", " ", "blocked", "stands below `### P2`"),
        ("### P3 (one day)", " ", "blocked", "stands below `### P3 (one day)`"),
        ("## Ideas", " ", "blocked", "stands below `## Ideas`"),
        ("### P0\n## Ideas", " ", "blocked", "stands below `## Ideas`"),
        ("### P0\n### Notes", " ", "blocked", "stands below `### Notes`"),
        ("### P0\nNotes\n---", " ", "blocked", "stands below `Notes`"),
        ("### P10", " ", "blocked", "stands below `### P10`"),
        ("text", " ", "blocked", "stands below no heading"),
        ("### P0", "/", "blocked", "somebody works on it"),
        ("### P0", "!", "blocked", "its box is `[!]`"),
        ("### P0", "x", "done", None),
        ("### P0", "X", "done", None),
        ("### P1", " ", "todo", None),
        ("### P0\n#### Soon", " ", "todo", None),
        ("### P2\n### P1 (now)", " ", "todo", None),
        ("### P0\n```\n## no heading\n```", " ", "todo", None),
        ("### P0\n<!--\n## no heading\n-->", " ", "todo", None),
    ],
)
def test_only_open_boxes_below_p0_and_p1_are_to_be_built(heading, box, status, why):
    (found,) = below(WHOLE.replace("[ ]", f"[{box}]"), heading=heading)
    assert isinstance(found, Written), str(found)
    assert found.item.status == status
    assert why is None or why in found.held
    assert (found.held is None) == (why is None)


@pytest.mark.parametrize("context", ["Blocked by legal", "it DEPENDS ON x", "waiting for bob"])
def test_words_in_the_context_hold_an_entry_back(context):
    (found,) = below(f"{LINE} — Context: {context}", *FIELDS)
    assert found.item.status == "blocked"
    assert "its Context says" in found.held


@pytest.mark.parametrize(
    "line",
    ["- [x] **Old**", "- [/] **Old** soon", "- [!] **Old** — Estimate: 1", "- [x] **O** *n*"],
)
def test_what_is_not_to_be_built_need_not_be_whole(line):
    (found,) = below(line, "  - [ ] a rest", "    text")
    assert isinstance(found, Written)
    assert found.item.status in {"done", "blocked"}
    assert found.item.tests[0].run == ("false",)


def test_what_is_no_entry_and_not_to_be_built_is_left_alone():
    assert read("# B\n\n- a list\n- [a](link)\n- [x] tidy\n> - [ ] **T**\n\n- [ ] plain\n") == ()
    assert below("- [x] plain", "- [ref]: x", "- [a][b]", "1. one", "text [ ] text") == ()


def test_the_same_line_twice_is_one_wish_where_it_is_not_to_be_built_and_two_where_it_is():
    done = "- [x] **Rotate keys** — DoD: x — Owner: y"
    assert len(below(done, done)) == 1
    assert len(below(WHOLE, WHOLE)) == 2


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("```\n", "```\n"),
        ("~~~~ markdown\n", "~~~~\n"),
        ("```\n~~~\n", "```\n"),
        ("<!--\n", "-->\n"),
        ("<!-- not\n", "so -->\n"),
        ("<pre>\n", "</pre>\n"),
    ],
)
def test_what_is_hidden_is_no_entry(before, after):
    assert read(f"### P0\n{before}{WHOLE}\n{after}") == ()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"```\n{WHOLE}\n", "2: the code fence is never closed"),
        (f"<!-- \n{WHOLE}\n", "2: the comment is never closed"),
        (f"  ```\n{WHOLE}\n  ```\n", "2: the code fence is indented and hides the checkbox"),
        (f" <!--\n{WHOLE}\n-->\n", "2: the comment is indented and hides"),
        ("bad \udcff text\n", "2: is not UTF-8"),
        ("a\x07b\n", "2: the character U+0007"),
        ("a\x00b", "BACKLOG.md: is no text"),
    ],
)
def test_what_may_hide_entries_is_told(text, words):
    found = read(f"### P0\n{text}".encode("utf-8", "surrogateescape"))
    assert words in str(found[0])
    assert found[0].item == "BACKLOG.md"


def test_one_entry_that_is_not_utf8_does_not_hide_the_others():
    found = read(f"### P0\n{LINE} \udcff\n{WHOLE}\n".encode("utf-8", "surrogateescape"))
    assert "is not UTF-8" in str(found[0])
    assert isinstance(found[1], Written)


def test_a_comment_within_an_entry_is_not_read():
    found = item(LINE.replace("no cent", "no <!-- at all --> cent"), *FIELDS)
    assert found.contract == "no  cent is lost"
    assert item(LINE.replace("no cent", "`<!--` no cent"), *FIELDS).contract.startswith("`<!--`")


def test_crlf_and_a_byte_order_mark_change_nothing():
    text = f"### P0\n{WHOLE}\n"
    plain = read(text)
    assert read(text.replace("\n", "\r\n")) == plain
    assert read(b"\xef\xbb\xbf" + text.encode()) == plain


def test_lines_tell_where_an_entry_and_its_fields_stand():
    (found,) = below(WHOLE)
    assert (found.entry, found.lines["tests"], found.lines["owner"]) == (3, 4, 3)
    assert found.where == "BACKLOG.md:3"


MARKS = [
    "### P0",
    "## x",
    "```",
    "<!--",
    "-->",
    "- [ ] **T**",
    "- [x] **T**",
    "  - Id: A",
    "",
    "- [",
]


@given(
    st.lists(st.sampled_from([*MARKS, WHOLE, "\t", "\r", "\x00", "text", "  ", "**"]), max_size=20)
)
def test_nothing_a_file_can_hold_raises(lines):
    for one in read("\n".join(lines)):
        assert isinstance(one, Written | BadItem)


@given(st.binary(max_size=400))
def test_no_bytes_raise(content):
    for one in read_sheet("BACKLOG.md", b"### P0\n" + content):
        assert isinstance(one, Written | BadItem)

"""Words of others on a page: read back by a Markdown parser, they are text and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from policy.pages.markdown import code, legible, plain, table

PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
NASTY = [
    "a | b",
    "`code` and ``more``",
    "*bold* _soft_ __strong__ ~~gone~~",
    "[link](http://example.org) ![image](x)",
    "<script>alert(1)</script> <b>",
    "&lt; &amp; &#x41;",
    "# no heading",
    "$x$ \\ and \\| and \\` and \\\\",
    "line\nbreaks\r\nand\ttabs",
    "<!-- a comment",
    "snake_case stays_as it_is_",
]


def inline(text):
    """Return the kinds of what a parser finds in a cell that holds *text*, and its words."""
    tokens = PARSER.parse("\n".join(table(("a", "b"), [("x", text)], count=1, most=1, more="")))
    assert sum(token.type == "td_open" for token in tokens) == 2, text
    last = [token for token in tokens if token.type == "inline"][-1]
    return {child.type for child in last.children}, "".join(c.content for c in last.children)


@pytest.mark.parametrize("text", NASTY)
def test_what_looks_like_markup_is_text(text):
    kinds, words = inline(plain(text))
    assert kinds <= {"text", "text_special"}
    assert words == " ".join(text.split())


@given(st.text(min_size=1, max_size=60))
def test_whatever_it_is_it_is_text_in_one_cell(text):
    kinds, words = inline(plain(text))
    assert kinds <= {"text", "text_special"}
    assert words == legible(" ".join(text.split())).strip()


@given(st.text(min_size=1, max_size=60))
def test_a_name_in_code_stays_in_its_cell(text):
    kinds, words = inline(code(text))
    assert kinds <= {"text", "text_special", "code_inline"}
    assert words.strip() == legible(" ".join(text.split())).strip()


@pytest.mark.parametrize(
    "hidden", ["\u202e", "\u2066", "\u200b", "\x1b", "\x00", "\ufeff", "\ud800"]
)
def test_what_nobody_would_see_is_shown(hidden):
    shown = plain(f"a{hidden}b")
    assert hidden not in shown
    assert ascii(hidden)[2:-1] in shown
    shown.encode()


def test_no_address_becomes_a_link():
    assert "s://" not in plain("see https://example.org or www.example.org")
    assert "www.e" not in plain("see https://example.org or www.example.org")


def test_what_is_too_long_is_cut():
    assert len(plain("a" * 1000)) == 300


def test_a_table_is_cut_and_says_how_much_is_missing():
    lines = table(("n",), ((str(n),) for n in range(5)), count=5, most=2, more="look there")
    assert lines == ["| n |", "| --- |", "| 0 |", "| 1 |", "", "and 3 more: look there"]
    assert table(("n",), [], count=0, most=2, more="") == ["none"]

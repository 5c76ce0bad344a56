"""What is told is one line of what can be seen, whatever a builder put into it."""

import pytest

from policy.notifying.notice import plain


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("a\x1b[2Jb", "a [2Jb", id="a terminal's orders"),
        pytest.param("a\u202eb", "a b", id="turned around"),
        pytest.param("a\r\nSubject: x", "a Subject: x", id="another header"),
        pytest.param("a\x00b\u200bc", "a b c", id="what cannot be seen"),
        pytest.param("  a \t  b ", "a b", id="room"),
        pytest.param("ä \U0001f600", "ä \U0001f600", id="what can be seen stays"),
        pytest.param("\ud800", "", id="half a letter"),
    ],
)
def test_only_what_can_be_seen_is_told(text, shown):
    assert plain(text, 100) == shown


def test_what_is_long_is_cut():
    assert plain("x" * 50, 20) == "x" * 16 + " ..."
    assert plain("x" * 20, 20) == "x" * 20

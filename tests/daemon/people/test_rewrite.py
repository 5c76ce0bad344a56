"""A target that was rewritten: frozen, until somebody who may has signed that it is right."""

import json
from datetime import UTC, datetime, timedelta

import pytest

NAME = "11111111-2222-4333-8444-888888888888"


@pytest.fixture
def rewritten(home):
    """Something was on the target, was seen there, and somebody took it away."""
    good = home.tip()
    home.seen = home.commits({"secret.txt": "a password that nobody was to see\n"})
    home.runs()
    home.git("reset", "--hard", "--quiet", good)
    home.commits({"other.txt": "instead of it\n"})
    assert "--accept-tip" in home.runs().doubts[0]
    return home


def accepts(home, seen, tip):
    root = home.git("rev-list", "--max-parents=0", "main")
    at = datetime.now(UTC) + timedelta(days=1)
    said = {
        "schema": 1,
        "kind": "accept-rewrite",
        "id": NAME,
        "repo": {"root_commit": root, "name": "house"},
        "ref": "refs/heads/main",
        "rewrite": {"seen": seen, "tip": tip},
        "reason": "a password was taken out of the history",
        "expires": f"{at:%Y-%m-%dT%H:%M:%SZ}",
    }
    rows = "".join(f"{key}: {json.dumps(value)}\n" for key, value in said.items())
    return {f"waivers/{NAME}.yaml": rows}


def test_a_rewrite_that_somebody_signed_for_is_gone_on_from(rewritten):
    rewritten.signs(accepts(rewritten, rewritten.seen, rewritten.tip()))
    rewritten.wishes("H-1")
    assert rewritten.runs().doubts == []
    assert rewritten.ended("H-1") == ("PASS", "landed")


@pytest.mark.parametrize(
    ("by", "seen", "tip"),
    [
        ("eve", None, None),
        (None, None, None),
        ("alice", "0" * 40, None),
        ("alice", None, "main~1"),
        ("alice", None, "main~2"),
    ],
    ids=["a stranger", "nobody", "another line", "the tip before", "older"],
)
def test_what_names_another_line_or_nobody_signed_leaves_it_frozen(rewritten, by, seen, tip):
    named = rewritten.git("rev-parse", tip or "main")
    rewritten.signs(accepts(rewritten, seen or rewritten.seen, named), by=by)
    rewritten.wishes("H-1")
    assert "--accept-tip" in rewritten.runs().doubts[0]
    assert "make H-1.txt" not in rewritten.subjects()


def test_it_is_for_one_rewrite(rewritten):
    rewritten.signs(accepts(rewritten, rewritten.seen, rewritten.tip()))
    assert rewritten.runs().doubts == []
    good = rewritten.tip()
    rewritten.commits({"third.txt": "seen\n"})
    rewritten.runs()
    rewritten.git("reset", "--hard", "--quiet", good)
    assert "--accept-tip" in rewritten.runs().doubts[0]

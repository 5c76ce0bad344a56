"""How the table is read: in order, of any bytes, and only so far as it must be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.rules.load import shipped_policy
from policy.signs.pattern import compiled, fault_of, literal
from policy.signs.recognise import recognise
from policy.signs.signature import Classify, Sign, Signature
from tests.policy.signs.conftest import printed

AS_SHIPPED = shipped_policy().policy.classify
MINE = Signature(tool="mine", line="BAD {name}: *", failure="lint_error")


def with_rules(*rules):
    return AS_SHIPPED.model_copy(update={"rules": rules})


def found(text, *, code=1, stage="gate", by=AS_SHIPPED, tail=""):
    sign = recognise(printed(text, tail), code, stage, by)
    return sign and sign.failure.value


@pytest.mark.parametrize(
    ("pattern", "line", "matches"),
    [
        ("BAD *", "BAD ", True),
        ("BAD *", "bad x", False),
        ("BAD *", "xBAD x", False),
        ("* BAD", "x BAD", True),
        ("* BAD", "x BAD x", False),
        ("a{n}b", "a12b", True),
        ("a{n}b", "ab", False),
        ("*:{n}: error: *[*]", "a.py:3: error: no [no]", True),
        ("go: {name} (x)", "go: word (x)", True),
        ("go: {name} (x)", "go: two words (x)", False),
        ("go (a|b)+ .*", "go aaaa", False),
        ("go (a|b)+ .*", "go (a|b)+ . at all", True),
        ("{name}: not found", "pytest: not found", True),
    ],
)
def test_a_pattern_is_words_and_three_marks(pattern, line, matches):
    assert bool(compiled(pattern).fullmatch(line)) is matches


@pytest.mark.parametrize("pattern", ["*", "{n}", "*:{n}: *", "{name} x {name} y", " go", "go\x1b"])
def test_a_pattern_that_would_match_anything_or_nothing_is_none(pattern):
    assert fault_of(pattern) is not None


@given(
    st.text(st.sampled_from("ab*")), st.text(st.sampled_from("ab"), max_size=12)
)  # fmt: skip
def test_a_pattern_of_words_and_stars_matches_as_the_plain_way_does(pattern, line):
    def plainly(rest, text):
        if not rest:
            return not text
        if rest[0] == "*":
            return any(plainly(rest[1:], text[at:]) for at in range(len(text) + 1))
        return text[:1] == rest[0] and plainly(rest[1:], text[1:])

    short = pattern[:8]
    assert bool(compiled(short).fullmatch(line)) == plainly(short, line)
    assert not plainly(short, line) or literal(short) in line


CODES = st.integers(0, 255) | st.none()
STAGES = st.sampled_from(["gate", "builder"])
HOSTILE = [
    "a" * 200_000,
    "1" * 200_000,
    ("FAILED ::" * 30 + "\n") * 500,
    "*.py:1: error: [" * 9000,
    "\x1b[" * 60_000,
    "\n" * 200_000,
    ": No module named " * 9000,
    "\r\u2028\x85\x00" * 9000,
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_an_output_made_to_be_slow_is_read_to_its_end(text):
    for stage in ("gate", "builder"):
        recognise(printed(text, tail=text), 1, stage, AS_SHIPPED)


@given(st.binary(max_size=2000), CODES, STAGES)
def test_any_bytes_have_one_answer_that_can_be_recorded(content, code, stage):
    output = printed(content.decode("utf-8", "replace"))
    sign = recognise(output, code, stage, AS_SHIPPED)
    assert sign == recognise(output, code, stage, AS_SHIPPED)
    if sign is not None:
        assert Sign.model_validate_json(sign.model_dump_json(by_alias=True)) == sign
        assert sign.line.isprintable()
        assert len(sign.line) <= AS_SHIPPED.line_chars


def test_the_policys_rules_come_before_those_that_are_shipped():
    text = "FAILED a.py::test - no\nBAD thing: 3\n"
    assert found(text) == "test_failure"
    assert found(text, by=with_rules(MINE)) == "lint_error"


def test_the_order_is_that_of_the_table_and_not_of_the_lines():
    text = "No space left on device\nFAILED a.py::test - no\n"
    assert found(text) == "test_failure"
    assert found("No space left on device\n") == "environment_error"


def test_head_and_tail_are_both_read_and_no_line_is_made_of_the_two():
    assert found("quiet\n", tail="\nE   SyntaxError: no") == "syntax_error"
    assert found("E   Syntax", tail="Error: no") is None


def test_colours_and_carriage_returns_hide_nothing():
    assert found("\x1b[31mE   SyntaxError: no\x1b[0m\r\n") == "syntax_error"


def test_an_exit_is_asked_of_a_process_that_came_to_one():
    row = Signature(tool="mine", exits=(7,), failure="lint_error")
    assert found("", code=7, by=with_rules(row)) == "lint_error"
    assert found("", code=8, by=with_rules(row)) is None
    assert found("", code=None, by=with_rules(row)) is None


@pytest.mark.parametrize(
    ("line", "failure"),
    [
        ("API Error: 429 {...}", "rate_limited"),
        ('{"type":"result","is_error":true,"api_error_status":429}', "rate_limited"),
        ('{"type":"turn.failed","error":{"message":"last status: 429 Too Many"}}', "rate_limited"),
        ('{"type":"error","error":{"data":{"statusCode":429}}}', "rate_limited"),
        ("litellm.RateLimitError: no", "rate_limited"),
        ("[API Error: 401 bad key]", "provider_error"),
        ('{"type":"turn.failed","error":{"message":"stream disconnected"}}', "provider_error"),
        ("litellm.AuthenticationError: no", "provider_error"),
        ("API Error: 400 prompt is too long: 9 tokens > 8 maximum", "context_overflow"),
        ("429", None),
        ("rate limit exceeded, HTTP 429 Too Many Requests", None),
        ("assert response.status == 429", None),
    ],
)
def test_the_last_words_of_agents_are_told_from_what_tests_print(line, failure):
    assert found(f"working\n{line}\n", stage="builder") == failure
    assert found(f"working\n{line}\n") is None


def test_what_an_agent_quotes_while_it_works_is_not_why_it_stopped():
    later = "and on\n" * AS_SHIPPED.end_lines
    assert found(f"API Error: 429 x\n{later}", stage="builder") is None


def test_a_row_must_say_something():
    with pytest.raises(ValueError, match="needs `line`"):
        Signature(tool="mine", failure="lint_error")
    with pytest.raises(ValueError, match="sign of nothing"):
        Signature(tool="mine", exits=(0,), failure="lint_error")
    assert Classify(rules=(MINE,), line_chars=400, end_lines=4, reset_max_s=9).rules == (MINE,)

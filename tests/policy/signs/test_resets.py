"""When a provider says that its limit is over is read from what agents print of it."""

from datetime import UTC, datetime, timedelta

import pytest

from policy.signs.resets import reset_of

AT = datetime(2026, 11, 21, 15, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("line", "seconds"),
    [
        pytest.param("Claude AI usage limit reached|1795278000", 4800, id="a moment as a number"),
        pytest.param(
            "You've hit your session limit · resets 5:10pm (Europe/Paris)", 4200, id="a clock"
        ),
        pytest.param("5-hour limit reached ∙ resets 2am (UTC)", 11 * 3600, id="tomorrow"),
        pytest.param("Your limit will reset at 12pm (Etc/GMT+5)", 2 * 3600, id="noon elsewhere"),
        pytest.param(
            "You've hit your usage limit. Upgrade to Pro or try again in 2 days 17 hours 14 "
            "minutes.",
            ((2 * 24 + 17) * 60 + 14) * 60, id="days, hours and minutes",
        ),
        pytest.param("Rate limit reached. Please try again in 20s. Visit", 20, id="20s"),
        pytest.param("Please try again in 6m0s.", 360, id="6m0s"),
        pytest.param("Please try again in 1h2m3.5s.", 3723.5, id="1h2m3.5s"),
        pytest.param("Please try again in 500ms.", 0.5, id="500ms"),
        pytest.param("try again in 1 hour and 5 minutes", 3900, id="and"),
        pytest.param('"retryDelay": "34.5s"', 34.5, id="a retry delay"),
        pytest.param("Please retry in 7 seconds", 7, id="retry in"),
        pytest.param('"responseHeaders":{"retry-after":"120"}', 120, id="a header"),
        pytest.param("Retry-After: 2", 2, id="a header in words"),
        pytest.param('"resets_in_seconds":3600', 3600, id="seconds by name"),
        pytest.param('"resets_at":1795278000', 4800, id="a moment by name"),
        pytest.param('"resetsAt" reset at 2026-11-21T16:00:00Z', 3600, id="a moment written out"),
        pytest.param("resets_at: 2026-11-21T18:00:00+02:00", 3600, id="with its zone"),
    ],
)  # fmt: skip
def test_a_time_is_read(line, seconds):
    assert reset_of(line, AT) == AT + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("API Error: Request rejected (429) · slow down", id="none"),
        pytest.param("Claude AI usage limit reached|1795200000", id="a moment that is over"),
        pytest.param("5-hour limit reached ∙ resets 2am", id="a clock nobody knows where"),
        pytest.param("resets 5pm (Middle/Earth)", id="a place nobody knows"),
        pytest.param("resets 5pm (../../etc/passwd)", id="a file"),
        pytest.param("resets 5:99pm (UTC)", id="no time of a clock"),
        pytest.param("reset at 2026-13-41T16:00:00Z", id="no day"),
        pytest.param("try again in 0 seconds", id="now"),
        pytest.param("try again in a moment", id="words"),
        pytest.param("try again in " + "9" * 9 + " days", id="no calendar has it"),
        pytest.param("try again later; 30s", id="elsewhere in the line"),
    ],
)
def test_what_says_no_time_gives_none(line):
    assert reset_of(line, AT) is None


def test_a_long_line_made_to_be_slow_is_not():
    for text in ("try again in " + "1 d, and " * 5000, "1 " * 10_000, "resets " * 5000):
        reset_of(text, AT)

"""Figures: sums of tallies are tallies, percentiles are durations somebody had, windows end with
the newest closing."""

import pytest

from policy.documents.tally import Tally, summed
from policy.pages.book import Book
from policy.pages.metrics import figures, metrics_of, rows
from policy.rules.failures import FailureClass
from policy.rules.outcomes import Reason


def landed(seconds, **more):
    return Tally(
        closed=1,
        endings={"PASS": {Reason.LANDED: 1}},
        landed=1,
        unaided=1,
        attempts=2,
        landing_s={seconds: 1},
        **more,
    )


def failed():
    return Tally(
        closed=1,
        endings={"BLOCKED": {Reason.TESTS_FAILED: 1}},
        failures={"gate": {FailureClass.TEST_FAILURE: 2}},
        gates={"tests": {"failed": 2}, "scope": {"passed": 2}},
        flaky=1,
        escalated=1,
    )


def test_a_sum_adds_what_is_nested_too():
    both = summed([landed(5), failed(), failed()])
    assert both.closed == 3
    assert both.endings == {"PASS": {"landed": 1}, "BLOCKED": {"tests_failed": 2}}
    assert both.failures == {"gate": {"test_failure": 4}}
    assert both.gates == {"tests": {"failed": 4}, "scope": {"passed": 4}}


def test_a_tally_comes_back_from_json_as_it_was():
    book = Book(span=3).with_closed([("2026-01-15", landed(5)), ("2026-01-16", failed())])
    assert Book.model_validate_json(book.model_dump_json()) == book


@pytest.mark.parametrize(
    ("durations", "median", "p90"),
    [
        ([], None, None),
        ([7], 7, 7),
        ([1, 2], 1, 2),
        ([3, 1, 2], 2, 3),
        (range(1, 11), 5, 9),
        (range(1, 12), 6, 10),
        ([1] * 9 + [100], 1, 1),
        ([1] * 8 + [100] * 2, 1, 100),
    ],
)
def test_percentiles_are_nearest_ranks(durations, median, p90):
    spread = metrics_of(summed(map(landed, durations))).opening_to_landing_s
    assert (spread.median, spread.p90) == (median, p90)


def test_a_share_of_nothing_is_none():
    metrics = metrics_of(Tally())
    assert metrics.unaided.share is metrics.escalated.share is metrics.flaky.share is None
    assert metrics_of(summed([landed(1), failed()])).flaky.share == 0.5


def days(*closed, span=3):
    return Book(span=span).with_closed([(f"2026-01-{day:02}", landed(day)) for day in closed])


def test_the_window_ends_with_the_newest_closing():
    book = days(1, 13, 14, 15)
    assert (book.since, book.newest) == ("2026-01-13", "2026-01-15")
    assert (book.total.closed, book.window.closed) == (4, 3)


def test_however_it_was_counted_the_book_is_the_same():
    whole = days(1, 14, 15, 14)
    assert days(14, 15).with_closed([("2026-01-01", landed(1))]) == days(1, 14, 15)
    assert (
        days(1, 14).with_closed([("2026-01-14", landed(14)), ("2026-01-15", landed(15))]) == whole
    )


def test_a_window_goes_back_no_further_than_there_are_days():
    assert days(15, span=10**9).since == "0001-01-01"


def test_an_empty_book_says_so():
    told = figures(Book(span=30))
    assert told["all"]["closed"] == 0
    assert told["window"]["newest"] is None
    assert ("landed without people", "none yet", "none yet") in rows(Book(span=30))


def test_what_only_one_side_has_is_told_on_both():
    book = Book(span=1).with_closed([("2026-01-01", failed()), ("2026-01-15", landed(5))])
    told = {name: (every, window) for name, every, window in rows(book)}
    assert told["BLOCKED tests_failed"] == ("1", "0")
    assert told["gate tests"] == ("2 failed", "0")
    assert told["landed without people"] == ("100.0 % (1 of 1)", "100.0 % (1 of 1)")

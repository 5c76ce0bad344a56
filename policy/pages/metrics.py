"""Metrics: what tallies come to, as shares, rates and percentiles. Defined in `docs/metrics.md`.

Percentiles are nearest ranks: each is a duration that some mission had, so that whoever counts
again finds the very same number.
"""

from collections.abc import Iterator, Mapping
from typing import TypeVar

from policy.documents.tally import Tally
from policy.pages.book import Book
from policy.value import Value

_DIGITS = 4
Outer = TypeVar("Outer", bound=str)
Inner = TypeVar("Inner", bound=str)


class Share(Value):
    count: int
    of: int
    share: float | None
    """None of nothing."""


class Spread(Value):
    """Of durations, in seconds; None where there is none."""

    missions: int
    median: int | None
    p90: int | None


class Metrics(Value):
    closed: int
    endings: dict[str, dict[str, int]]
    landed: int
    unaided: Share
    """Landed without people, of those that landed."""
    escalated: Share
    """Of those that are closed."""
    asked: dict[str, int]
    opening_to_landing_s: Spread
    attempts_per_landing: Share
    failures: dict[str, dict[str, int]]
    gates: dict[str, dict[str, int]]
    target: dict[str, int]
    flaky: Share
    """Of those that are closed."""
    waived: Share
    """Of those that landed."""
    waivers: int
    answered: dict[str, int]


def metrics_of(tally: Tally) -> Metrics:
    return Metrics(
        closed=tally.closed,
        endings=_nested(tally.endings),
        landed=tally.landed,
        unaided=_share(tally.unaided, tally.landed),
        escalated=_share(tally.escalated, tally.closed),
        asked=_plain(tally.asked),
        opening_to_landing_s=_spread(tally.landing_s),
        attempts_per_landing=_share(tally.attempts, tally.landed),
        failures=_nested(tally.failures),
        gates=_nested(tally.gates),
        target=_plain(tally.target),
        flaky=_share(tally.flaky, tally.closed),
        waived=_share(tally.waived, tally.landed),
        waivers=tally.waivers,
        answered=_plain(tally.answered),
    )


def figures(book: Book) -> dict[str, object]:
    """Return what `pawl metrics --json` prints: of all missions, and of the window."""
    return {
        "schema": 1,
        "all": metrics_of(book.total).model_dump(mode="json"),
        "window": {
            "days": book.span,
            "since": book.since,
            "newest": book.newest,
            **metrics_of(book.window).model_dump(mode="json"),
        },
    }


Row = tuple[str, str, str]
"""What is counted, over all missions, in the window."""


def rows(book: Book) -> Iterator[Row]:
    """Yield the figures as people read them, the same words on each side."""
    both = metrics_of(book.total), metrics_of(book.window)
    sides = [dict(_told(one)) for one in both]
    for name in dict.fromkeys((*sides[0], *sides[1])):
        yield name, sides[0].get(name, "0"), sides[1].get(name, "0")


def _told(metrics: Metrics) -> Iterator[tuple[str, str]]:
    yield "missions closed", str(metrics.closed)
    for outcome, reasons in metrics.endings.items():
        for reason, count in reasons.items():
            yield f"{outcome} {reason}", str(count)
    yield "landed", str(metrics.landed)
    yield "landed without people", _said(metrics.unaided)
    yield "escalation rate", _said(metrics.escalated)
    for outcome, count in metrics.asked.items():
        yield f"asked: {outcome}", str(count)
    for answer, count in metrics.answered.items():
        yield f"answered: {answer}", str(count)
    spread = metrics.opening_to_landing_s
    yield "opening to landing, median", _seconds(spread.median)
    yield "opening to landing, p90", _seconds(spread.p90)
    yield "attempts per landing", _ratio(metrics.attempts_per_landing)
    for stage, classes in metrics.failures.items():
        for failure, count in classes.items():
            yield f"rejected by {stage}: {failure}", str(count)
    for gate, verdicts in metrics.gates.items():
        told = ", ".join(f"{count} {kind}" for kind, count in verdicts.items())
        yield f"gate {gate}", told
    for verdict, count in metrics.target.items():
        yield f"target after landing: {verdict}", str(count)
    yield "flake frequency", _said(metrics.flaky)
    yield "landed with a waiver", _said(metrics.waived)
    yield "waivers used", str(metrics.waivers)


def _said(share: Share) -> str:
    if share.share is None:
        return "none yet"
    return f"{100 * share.share:.1f} % ({share.count} of {share.of})"


def _ratio(share: Share) -> str:
    return "none yet" if share.share is None else f"{share.share:.2f}"


def _seconds(seconds: int | None) -> str:
    return "none yet" if seconds is None else f"{seconds} s"


def _share(count: int, of: int) -> Share:
    return Share(count=count, of=of, share=round(count / of, _DIGITS) if of else None)


def _spread(durations: Mapping[int, int]) -> Spread:
    total = sum(durations.values())
    return Spread(
        missions=total,
        median=_percentile(durations, total, 50),
        p90=_percentile(durations, total, 90),
    )


def _percentile(durations: Mapping[int, int], total: int, percent: int) -> int | None:
    """Return the smallest duration that at least so many percent do not exceed."""
    left = -(-total * percent // 100)
    for seconds in sorted(durations):
        left -= durations[seconds]
        if left <= 0:
            return seconds
    return None


def _nested(counts: Mapping[Outer, Mapping[Inner, int]]) -> dict[str, dict[str, int]]:
    return {str(name): _plain(counts[name]) for name in sorted(counts)}


def _plain(counts: Mapping[Inner, int]) -> dict[str, int]:
    return {str(name): counts[name] for name in sorted(counts)}

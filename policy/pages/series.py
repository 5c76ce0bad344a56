"""The figures as series of numbers, for whoever draws curves of them: Prometheus' words for them.

Counts are of the whole ledger, and only grow; what is so at this moment is a gauge.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeVar

from policy.documents.tally import Tally
from policy.pages.metrics import metrics_of

Labels = Mapping[str, str]
Outer = TypeVar("Outer", bound=str)
Inner = TypeVar("Inner", bound=str)


class Sample(NamedTuple):
    suffix: str
    labels: Labels
    value: float


@dataclass(frozen=True)
class Series:
    name: str
    """Without the ending that its kind has."""
    kind: Literal["counter", "gauge", "summary"]
    help: str
    samples: tuple[Sample, ...]


@dataclass(frozen=True)
class Snapshot:
    """What the main loop saw last. *reconciled* is in seconds since 1970."""

    reconciled: float
    total: Tally | None = None
    """None before it was counted once."""
    open: int = 0
    waiting: int = 0
    """Of those, for a person."""
    frozen: bool = False
    under_way: int = 0
    items: Mapping[str, int] = field(default_factory=dict)
    """How many are skipped, by the reason; `next`: those to be opened now."""


def series(now: Snapshot) -> Iterator[Series]:
    yield _gauge("reconcile_timestamp_seconds", "When the loop last looked.", now.reconciled)
    yield _gauge("missions_open", "Missions that are open.", now.open)
    yield _gauge("missions_waiting", "Open missions that wait for a person.", now.waiting)
    yield _gauge("frozen", "1 while nothing is opened or landed out of doubt.", float(now.frozen))
    yield _gauge("under_way", "Deeds in workers.", now.under_way)
    items = tuple(Sample("", {"state": state}, count) for state, count in now.items.items())
    yield Series("pawl_items", "gauge", "Items of the backlog by why they are not opened.", items)
    if now.total is not None:
        yield from _counts(now.total)


def _counts(total: Tally) -> Iterator[Series]:
    yield _counter("missions_closed", "Missions that are closed.", _nested(
        total.endings, "outcome", "reason"
    ))  # fmt: skip
    yield _counter("missions_landed", "Missions that landed.", _one(total.landed))
    yield _counter("missions_unaided", "Landed, no person asked.", _one(total.unaided))
    yield _counter("missions_waived", "Landed with a waiver.", _one(total.waived))
    yield _counter("missions_escalated", "Missions a person had to take over.", _one(
        total.escalated
    ))  # fmt: skip
    yield _counter("missions_flaky", "Missions that met with a flake.", _one(total.flaky))
    yield _counter("waivers_used", "Waivers landings used.", _one(total.waivers))
    yield _counter("attempts", "Attempts of missions that landed.", _one(total.attempts))
    yield _counter("requests", "Requests to people.", _flat(total.asked, "outcome"))
    yield _counter("answers", "What people answered.", _flat(total.answered, "answer"))
    yield _counter("failures", "Attempts that failed.", _nested(total.failures, "stage", "class"))
    yield _counter("gate_verdicts", "What gates said.", _nested(total.gates, "gate", "verdict"))
    yield _counter("target_verdicts", "What gates that ran after landings said.", _flat(
        total.target, "verdict"
    ))  # fmt: skip
    yield _durations(total)


def _durations(total: Tally) -> Series:
    spread = metrics_of(total).opening_to_landing_s
    ranks = (("0.5", spread.median), ("0.9", spread.p90))
    samples = [
        Sample("", {"quantile": at}, seconds) for at, seconds in ranks if seconds is not None
    ]
    samples.append(Sample("_count", {}, spread.missions))
    samples.append(Sample("_sum", {}, sum(s * count for s, count in total.landing_s.items())))
    return Series(
        "pawl_opening_to_landing_seconds", "summary", "From opening to landing.", tuple(samples)
    )


def _gauge(name: str, text: str, value: float) -> Series:
    return Series(f"pawl_{name}", "gauge", text, (Sample("", {}, value),))


def _counter(name: str, text: str, samples: Iterator[tuple[Labels, int]]) -> Series:
    told = tuple(Sample("_total", labels, count) for labels, count in samples)
    return Series(f"pawl_{name}", "counter", text, told)


def _one(count: int) -> Iterator[tuple[Labels, int]]:
    yield {}, count


def _flat(counts: Mapping[Inner, int], label: str) -> Iterator[tuple[Labels, int]]:
    for name, count in sorted(counts.items()):
        yield {label: str(name)}, count


def _nested(
    counts: Mapping[Outer, Mapping[Inner, int]], outer: str, inner: str
) -> Iterator[tuple[Labels, int]]:
    for name, below in sorted(counts.items()):
        for other, count in sorted(below.items()):
            yield {outer: str(name), inner: str(other)}, count

"""Two sides run in turn, and the ratio of their medians.

Neighbours on the machine move absolute numbers three- to fivefold within minutes; the two halves
of a pair run within moments of each other, so that both meet the same weather. Which half goes
first alternates: what the one leaves behind (dirty pages, a warm cache) must not favour the other.
"""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

Side = Callable[[], float]
"""Does it once; returns what it took, in seconds."""


@dataclass(frozen=True)
class Pairs:
    """Seconds of each round, ours and theirs."""

    ours: tuple[float, ...]
    theirs: tuple[float, ...]

    @property
    def faster(self) -> float:
        """How many times faster ours is, by the medians."""
        return statistics.median(self.theirs) / statistics.median(self.ours)

    @property
    def growth(self) -> float:
        """How many times longer ours takes than theirs, by the medians."""
        return 1 / self.faster

    def told(self, ours: str, theirs: str, *, per: float = 1.0) -> str:
        """Return both medians in ms (divided by *per*) and the quartiles of the pairs' ratios."""
        low, high = quartiles([b / a for a, b in zip(self.ours, self.theirs, strict=True)])
        mine, other = (statistics.median(s) * 1000 / per for s in (self.ours, self.theirs))
        return (
            f"{ours} {mine:.3g} ms, {theirs} {other:.3g} ms; "
            f"{len(self.ours)} pairs, quartiles of their ratios {low:.3g} to {high:.3g}"
        )


def interleave(ours: Side, theirs: Side, rounds: int, *, warm: int = 1) -> Pairs:
    """Run both sides *rounds* times in turn, after *warm* rounds that do not count."""
    mine: list[float] = []
    other: list[float] = []
    for number in range(warm + rounds):
        if number % 2:
            second, first = theirs(), ours()
        else:
            first, second = ours(), theirs()
        if number >= warm:
            mine.append(first)
            other.append(second)
    return Pairs(tuple(mine), tuple(other))


def timed(act: Callable[[], object]) -> Side:
    """Return *act* as a side that takes what the call takes."""

    def side() -> float:
        start = time.perf_counter()
        act()
        return time.perf_counter() - start

    return side


def quartiles(values: Sequence[float]) -> tuple[float, float]:
    """Return the first and the third quartile; of one value, that value twice."""
    if len(values) == 1:
        return values[0], values[0]
    cut = statistics.quantiles(values, n=4, method="inclusive")
    return cut[0], cut[2]


def p95(values: Sequence[float]) -> float:
    """Return the value that 95 of 100 do not exceed: the nearest rank, no value in between."""
    ranked = sorted(values)
    return ranked[max(0, -(-95 * len(ranked) // 100) - 1)]

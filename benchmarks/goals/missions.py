"""G1 and G2: a no-op mission from its opening to its closing, against a bash loop.

One process makes a file, one tests for it, on both sides; the landing brings the checkout of `main`
along. Ours runs both in sandboxes, keeps a signed ledger and, in `full`, syncs; the loop does none
of that. The second line runs our processes plain, to show what the daemon costs without them.
"""

import time
from contextlib import AbstractContextManager
from itertools import count
from pathlib import Path

from benchmarks.frame.bench import Bench
from benchmarks.frame.goal import AtLeast, Goal, Line, Measured
from benchmarks.frame.pairs import Pairs, Side, interleave
from benchmarks.peers.bash import bash_loop
from benchmarks.scenes.house import House, founded, item
from benchmarks.scenes.plain import unsandboxed
from daemon.serve import Serving, once
from gitops.git import Durability


def _ours(house: House, it: Serving) -> Side:
    names = count(1)

    def mission() -> float:
        name = f"H-{next(names)}"
        house.commits(item(name))
        start = time.perf_counter()
        standing = once(it)
        took = time.perf_counter() - start
        if standing.rests or standing.doubts:
            raise RuntimeError(f"{name} did not land: {standing}")
        return took

    return mission


def _pairs(bench: Bench, durability: Durability, *, plain: bool) -> Pairs:
    rounds = bench.pick(full=40, quick=10, smallest=1)
    with bench.place("missions") as place, founded(place) as house:
        with (
            bash_loop(place, house.path, house.env) as theirs,
            _serving(house, durability, plain=plain) as it,
        ):
            pairs = interleave(_ours(house, it), theirs, rounds, warm=min(rounds, 4))
        _landed(house, rounds)
    return pairs


def _serving(
    house: House, durability: Durability, *, plain: bool
) -> AbstractContextManager[Serving]:
    return unsandboxed(house, durability) if plain else house.serves(durability)


def _landed(house: House, rounds: int) -> None:
    made = list(Path(house.path).glob("made-H-*.txt"))
    if len(made) < rounds:
        raise RuntimeError(f"{len(made)} of at least {rounds} missions landed in {house.path}")


def _measure(bench: Bench, durability: Durability, boxed: float, plain: float) -> Measured:
    lines = []
    for words, bound, is_plain in (
        ("builder and gate in sandboxes", boxed, False),
        ("both as plain processes (benchmark only)", plain, True),
    ):
        pairs = _pairs(bench, durability, plain=is_plain)
        told = pairs.told("a mission", "the bash loop")
        lines.append(Line(words, pairs.faster, AtLeast(bound), told))
    return Measured(tuple(lines))


def in_process(bench: Bench) -> Measured:
    return _measure(bench, "process", 1.2, 3.0)


def in_full(bench: Bench) -> Measured:
    return _measure(bench, "full", 0.8, 1.0)


GOALS = (
    Goal("G1", "no-op mission end to end against a bash loop, durability `process`", in_process),
    Goal("G2", "no-op mission end to end against a bash loop, durability `full`", in_full),
)

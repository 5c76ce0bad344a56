"""G3 and G4: facts a second in the ledger, against steps a second of DBOS on SQLite.

The facts are those of a real no-op mission, as many to a commit as the daemon put there, and as
many commits to a move of the ref, written again and again under other names. Both sides write to
the same disk; DBOS is durable as it comes (SQLite with its rollback journal, synchronous), so
`full` compares durable with durable.
"""

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pygit2

from benchmarks.frame.bench import Bench
from benchmarks.frame.goal import AtLeast, Goal, Line, Measured
from benchmarks.frame.pairs import interleave, timed
from benchmarks.peers.dbos import dbos
from benchmarks.scenes.house import House, founded, item
from daemon.serve import once
from gitops import ledger, refs
from gitops.git import Durability
from gitops.ledger import Keep
from gitops.objects import Batch
from gitops.repository import Store
from gitops.signing import DaemonKey
from policy.ids import CommitId, MissionId
from policy.mission.record import Recorded

_MISSION = MissionId("H-1")
_SEALED = "gates-judged"
"""Ends the step that the daemon records together with the next (docs/decisions/0031)."""


def steps_of_a_mission(house: House) -> list[tuple[Recorded, ...]]:
    """Run one no-op mission; return its facts as its commits hold them, oldest first."""
    house.commits(item(_MISSION))
    with house.serves("process") as it:
        once(it)
    store = house.store()
    page = ledger.read_closed(store, _MISSION, trusted=None)
    if page is None:
        raise RuntimeError(f"{_MISSION} did not end in {house.path}")
    sizes = list(_sizes(store))
    if sum(sizes) != len(page.records):
        raise RuntimeError(f"{sizes} facts in commits, {len(page.records)} in the dossier")
    rest = iter(page.records)
    return [tuple(next(rest) for _ in range(size)) for size in sizes]


def _sizes(store: Store) -> Iterator[int]:
    """Yield how many facts each of the mission's commits added, oldest first."""
    tip = store.repo.references[refs.LEDGER].peel(pygit2.Commit)
    commit: pygit2.Commit | None = tip.parents[1]
    found = []
    while commit is not None and "Pawl-Fact" in commit.message:
        found.append(commit.message.count("\nPawl-Fact:"))
        commit = commit.parents[0] if commit.parents else None
    yield from reversed(found)


class Writer:
    """Appends the same steps to one new mission after another."""

    def __init__(
        self, place: Path, durability: Durability, steps: list[tuple[Recorded, ...]]
    ) -> None:
        pygit2.init_repository(str(place), bare=True)
        self._store = Store.open(place.resolve(), durability=durability)
        self._key = DaemonKey.generate(place.with_suffix(".key"))
        self._keep = Keep(65536, 524288, place.with_suffix(".spill"))
        self._steps = steps
        self._numbers = count(1)

    def __call__(self, missions: int) -> None:
        for _ in range(missions):
            self._mission(MissionId(f"W-{next(self._numbers)}"))

    def _mission(self, mission: MissionId) -> None:
        tip: CommitId | None = None
        sealed: list[CommitId] = []
        batch = Batch(self._store)
        for step in self._steps:
            seals = step[-1].fact.kind == _SEALED
            made = ledger.append(
                self._store,
                self._key,
                mission,
                after=tip,
                records=[one.model_copy(update={"mission": mission}) for one in step],
                evidence={},
                code=(),
                sentence=f"{mission} went on",
                at=1_700_000_000 + step[0].seq,
                keep=self._keep,
                batch=batch,
                sealed=sealed,
                end="sealed" if seals else "moved",
            )
            if made is None:
                raise RuntimeError(f"{mission} was written by somebody else")
            if seals:
                sealed.append(made)
            else:
                tip, sealed, batch = made, [], Batch(self._store)


def _measure(bench: Bench, durability: Durability, bound: float) -> Measured:
    rounds = bench.pick(full=12, quick=5, smallest=1)
    missions = bench.pick(full=20, quick=10, smallest=1)
    with bench.place("ledger") as place, founded(place) as house, dbos(bench, place) as peer:
        steps = steps_of_a_mission(house)
        facts = missions * sum(map(len, steps))
        write = Writer(place / "written", durability, steps)
        pairs = interleave(
            timed(lambda: write(missions)), lambda: float(peer.ask(f"steps {facts}")), rounds
        )
    told = pairs.told("a fact", "a DBOS step", per=facts)
    shape = f"{sum(map(len, steps))} facts in {len(steps)} commits a mission"
    line = Line(f"facts a second, {shape}", pairs.faster, AtLeast(bound), told)
    return Measured((line,))


def in_full(bench: Bench) -> Measured:
    return _measure(bench, "full", 1.5)


def in_process(bench: Bench) -> Measured:
    return _measure(bench, "process", 4.0)


GOALS = (
    Goal("G3", "ledger facts/s against DBOS on SQLite steps/s, durability `full`", in_full),
    Goal("G4", "ledger facts/s against DBOS on SQLite steps/s, durability `process`", in_process),
)

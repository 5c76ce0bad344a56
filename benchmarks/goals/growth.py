"""G5, G9, G15: what many closed missions and many items cost.

Both halves of a pair are ours: the same deed in a large scene and in a small one.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from itertools import count

from benchmarks.frame.bench import Bench
from benchmarks.frame.goal import AtLeast, AtMost, Goal, Line, Measured
from benchmarks.frame.pairs import Pairs, Side, interleave, timed
from benchmarks.scenes.crowd import Dossier, backlog, closed, items, run_template
from benchmarks.scenes.house import House, founded
from daemon.builders.command import crew_of
from gitops import ledger
from gitops.intake import Intake
from gitops.ledger import Keep
from gitops.repository import Store
from gitops.signing import DaemonKey
from policy.backlog.crew import Crew
from policy.ids import CommitId, MissionId
from policy.mission.record import Recorded, from_json
from policy.rules.load import shipped_policy

Scene = Callable[[Bench, int], AbstractContextManager[Side]]


def _growth(bench: Bench, scene: Scene, rounds: int, many: int, few: int) -> Pairs:
    """Measure the deed of *scene* with *many* of something against *few*."""
    with ExitStack() as stack:
        large, small = (stack.enter_context(scene(bench, size)) for size in (many, few))
        return interleave(large, small, rounds, warm=3)


def steps(bench: Bench) -> Measured:
    many = bench.pick(full=100_000, quick=10_000, smallest=20)
    few = bench.pick(full=1_000, quick=100, smallest=2)
    pairs = _growth(bench, _ledger_of, bench.pick(full=40, quick=15, smallest=1), many, few)
    told = pairs.told(f"with {many:,} closed", f"with {few:,} closed")
    words = "a mission's facts appended one by one, then its closing, durability `process`"
    return Measured((Line(words, pairs.growth, AtMost(1.5), told),))


@contextmanager
def _ledger_of(bench: Bench, size: int) -> Iterator[Side]:
    """Yield a side that writes one mission from its first fact to its closing."""
    with bench.place("closed") as place, founded(place) as house:
        like = run_template(house)
        closed(house, like, size, facts=False)
        yield timed(_Closing(house, like))


class _Closing:
    def __init__(self, house: House, like: Dossier) -> None:
        self._store = house.store("process")
        self._key = DaemonKey.load(house.outside.key)
        self._keep = Keep(65536, 524288, house.path.with_suffix(".spill"))
        self._records = _records(like)
        self._names = count(1)

    def __call__(self) -> None:
        mission = MissionId(f"S-{next(self._names)}")
        tip: CommitId | None = None
        for record in self._records:
            tip = ledger.append(
                self._store,
                self._key,
                mission,
                after=tip,
                records=[record.model_copy(update={"mission": mission})],
                evidence={},
                code=(),
                sentence=f"{mission} went on",
                at=1_700_000_000,
                keep=self._keep,
            )
        if tip is None or not ledger.close(
            self._store, self._key, mission, tip, sentence="closed", at=1_700_000_000
        ):
            raise RuntimeError(f"{mission} was not closed")


def _records(like: Dossier) -> list[Recorded]:
    return [from_json(like[path]) for path in sorted(like) if path.startswith("facts/")]


def one_changed(bench: Bench) -> Measured:
    rounds = bench.pick(full=7, quick=3, smallest=1)
    many = bench.pick(full=10_000, quick=2_000, smallest=20)
    with bench.place("backlog") as place, founded(place) as house:
        backlog(house, items((f"B-{n}" for n in range(many)), status="done"))
        change, load = _Changes(house), _Reads(house)
        pairs = interleave(change, load, rounds)
    told = pairs.told("1 changed", f"all {many:,}")
    words = "the items of a commit that changes one, against reading them all"
    return Measured((Line(words, pairs.faster, AtLeast(200), told),))


def _crew() -> Crew:
    return crew_of(shipped_policy().policy)


class _Reads:
    """A side: the tip is asked for, untimed; then all of its items are read."""

    def __init__(self, house: House) -> None:
        self._house, self._store, self._crew = house, house.store(), _crew()

    def __call__(self) -> float:
        tip = CommitId(self._house.git("rev-parse", "main"))
        return timed(lambda: read(Intake(), self._store, tip, self._crew))()


class _Changes:
    """A side: another item is changed and committed, untimed; then the change is read.

    What asks for the tip is a process of the scene, and not timed on either side.
    """

    def __init__(self, house: House) -> None:
        self._house, self._store, self._crew = house, house.store(), _crew()
        self._intake, self._numbers = Intake(), count()
        tip = CommitId(house.git("rev-parse", "main"))
        read(self._intake, self._store, tip, self._crew)

    def __call__(self) -> float:
        number = next(self._numbers)
        changed = items((f"B-{number}",), status="done", title=f"changed {number}")
        tip = CommitId(self._house.commits(changed))
        return timed(lambda: read(self._intake, self._store, tip, self._crew))()


def read(intake: Intake, store: Store, at: CommitId, crew: Crew) -> None:
    found = intake.read(store, at, shipped_policy().policy.backlog, crew=crew)
    if found.bad or not found.items:
        raise RuntimeError(f"{len(found.items)} items and {len(found.bad)} bad ones")


def ticks(bench: Bench) -> Measured:
    many = bench.pick(full=100_000, quick=10_000, smallest=20)
    few = bench.pick(full=100, quick=100, smallest=10)
    pairs = _growth(bench, _tick_of, bench.pick(full=60, quick=20, smallest=1), many, few)
    told = pairs.told(f"with {many:,} items", f"with {few:,} items")
    words = "a reconcile in which nothing changed; half the items done, half not eligible"
    return Measured((Line(words, pairs.growth, AtMost(1.2), told),))


@contextmanager
def _tick_of(bench: Bench, size: int) -> Iterator[Side]:
    with bench.place("ticks") as place, founded(place) as house:
        half = size // 2
        done = items((f"D-{n}" for n in range(half)), status="done")
        later = items((f"L-{n}" for n in range(half)), phase=9)
        moved = {path.replace("backlog/", "backlog/later/"): text for path, text in later.items()}
        backlog(house, {**done, **moved})
        with house.serves("full") as it:
            it.daemon.reconcile()
            yield timed(it.daemon.reconcile)


GOALS = (
    Goal("G5", "a step with 100,000 closed missions against one with 1,000", steps),
    Goal("G9", "1 changed item of 10,000 against loading them all", one_changed),
    Goal("G15", "per-tick time when nothing changed, backlog of 100 -> 100,000 items", ticks),
)

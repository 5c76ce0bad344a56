"""G10 and G11: a workspace and its snapshot, for a repository of 10,000 files.

G10 is a whole sandbox over a base tree that is there already, as it is for the next mission on the
same base; git writes the files out. G11 reads what a builder changed; git looks at every file.
"""

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Literal

from benchmarks.frame.bench import Bench
from benchmarks.frame.goal import AtLeast, CannotRun, Goal, Line, Measured
from benchmarks.frame.pairs import Pairs, Side, interleave
from benchmarks.scenes.house import House, founded
from daemon.bus.door import Door
from daemon.bus.engines import OverlayEngine, Work
from daemon.sandbox.box import Job, Overlay, Plain
from daemon.sandbox.probes import Unavailable
from policy.bus.operation import Operation
from policy.bus.result import Exited, Ran, Taken
from policy.ids import MissionId, StepId, TreeId
from policy.rules.load import shipped_policy

_A_FOLDER = 100
_CHANGED = 100
"""One file in so many is changed."""


def _files(bench: Bench) -> dict[str, str]:
    size = bench.pick(full=10_000, quick=10_000, smallest=200)
    text = "a line of a file that is like others\n" * 25
    return {f"src/{n // _A_FOLDER:03d}/file{n:05d}.txt": f"{n}\n{text}" for n in range(size)}


def _operation(house: House, argv: tuple[str, ...], number: int, *, kept: bool) -> Operation:
    return Operation(
        mission=MissionId("H-1"),
        step=StepId(f"{number:064x}"),
        role="builder",
        argv=argv,
        tree=TreeId(house.git("rev-parse", "main^{tree}")),
        changes="kept" if kept else "dropped",
        limits=shipped_policy().policy.sandbox.builder.asked(),
    )


class _Worktree:
    """git's side: one work tree at a time, made and removed."""

    def __init__(self, house: House) -> None:
        self._house, self._names = house, count()

    def add(self) -> tuple[Path, float]:
        place = self._house.path.with_name(f"wt{next(self._names)}")
        start = time.perf_counter()
        self._house.git("worktree", "add", "--quiet", "--detach", str(place), "main")
        return place, time.perf_counter() - start

    def remove(self, place: Path) -> None:
        self._house.git("worktree", "remove", "--force", str(place))


def workspaces(bench: Bench) -> Measured | CannotRun:
    rounds = bench.pick(full=20, quick=7, smallest=1)
    files = _files(bench)
    with bench.place("workspace") as place, founded(place, files) as house, house.serves() as it:
        if isinstance(why := it.site.door.isolation(), Unavailable):
            return CannotRun(str(why))
        worktree, numbers = _Worktree(house), count()

        def ours() -> float:
            operation = _operation(house, ("true",), next(numbers), kept=False)
            start = time.perf_counter()
            result = it.site.door.launch(operation)
            took = time.perf_counter() - start
            if not isinstance(result, Ran) or result.ending != Exited(code=0):
                raise RuntimeError(f"the sandbox did not run: {result}")
            return took

        def theirs() -> float:
            made, took = worktree.add()
            worktree.remove(made)
            return took

        pairs = interleave(ours, theirs, rounds, warm=2)
    told = pairs.told("a whole sandbox run of `true`", "git worktree add")
    words = f"{len(files):,} files, the base tree laid out before"
    return Measured((Line(words, pairs.faster, AtLeast(20), told),))


def snapshots(bench: Bench) -> Measured | CannotRun:
    files = _files(bench)
    changed = sorted(files)[::_CHANGED]
    with bench.place("snapshot") as place, founded(place, files) as house, house.serves() as it:
        door = it.site.door
        if not isinstance(door._engines[_OVERLAY], OverlayEngine):
            return CannotRun("this host has no overlay engine")
        if isinstance(why := door.isolation(), Unavailable):
            return CannotRun(str(why))
        ours = _snapshots(house, door, changed)
        with _index(house, changed) as (warm, fresh):
            lines = tuple(
                _line(bench, ours, theirs, words, bound)
                for theirs, words, bound in (
                    (warm, "against git with a warm index", 2.0),
                    (fresh, "against git with a fresh index", 6.0),
                )
            )
    return Measured(lines)


_OVERLAY: Literal["bwrap-overlay"] = "bwrap-overlay"


def _line(bench: Bench, ours: Side, theirs: Side, words: str, bound: float) -> Line:
    rounds = bench.pick(full=25, quick=10, smallest=1)
    pairs: Pairs = interleave(ours, theirs, rounds, warm=2)
    told = pairs.told("our snapshot, saved", "git add -A && git write-tree")
    return Line(words, pairs.faster, AtLeast(bound), told)


def _snapshots(house: House, door: Door, changed: list[str]) -> Side:
    """Return a side: a builder changes the files, untimed; then the snapshot is taken, timed."""
    numbers = count()
    engine = door._engines[_OVERLAY]

    def side() -> float:
        number = next(numbers)
        listed = " ".join(changed)
        script = f"for f in {listed}; do echo {number} >> $f; done"
        operation = _operation(house, ("sh", "-c", script), number, kept=True)
        own, layers = door._of_this_thread()
        limits = shipped_policy().policy.sandbox.tree
        work = Work(operation=operation, store=own, layers=layers, tree_limits=limits, stop=None)

        def job(tree: Overlay | Plain) -> Job:
            return Job(command=operation.argv, tree=tree, limits=operation.limits)

        with engine.run(work, job) as left:
            start = time.perf_counter()
            taken = left.snapshot()
            took = time.perf_counter() - start
        if not isinstance(taken, Taken) or taken.tree == operation.tree:
            raise RuntimeError(f"nothing was taken: {taken}, {left.ended}")
        return took

    return side


@contextmanager
def _index(house: House, changed: list[str]) -> Iterator[tuple[Side, Side]]:
    """Yield git's two sides, on one work tree whose files are changed anew before each."""
    worktree = _Worktree(house)
    place, _ = worktree.add()
    index = Path(
        subprocess.run(
            ["git", "rev-parse", "--git-path", "index"],
            cwd=place, env=house.env, capture_output=True, text=True, check=True,
        ).stdout.strip()
    )  # fmt: skip
    _git(house, place, "update-index", "--refresh", "-q")
    kept = place.with_suffix(".index")
    shutil.copy2(index, kept)
    numbers = count()

    def side(*, warm: bool) -> float:
        number = next(numbers)
        for name in changed:
            (place / name).write_text(f"{number}\n")
        if warm:
            shutil.copy2(kept, index)
        else:
            index.unlink()
            _git(house, place, "read-tree", "HEAD")
        start = time.perf_counter()
        _git(house, place, "add", "-A")
        _git(house, place, "write-tree")
        return time.perf_counter() - start

    yield lambda: side(warm=True), lambda: side(warm=False)


def _git(house: House, place: Path, *argv: str) -> None:
    subprocess.run(["git", *argv], cwd=place, env=house.env, check=True, capture_output=True)


GOALS = (
    Goal("G10", "workspace for 10,000 files, next mission on the same base", workspaces),
    Goal("G11", "snapshot of a workspace with 1 % of 10,000 files changed", snapshots),
)

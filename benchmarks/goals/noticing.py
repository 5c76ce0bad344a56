"""G6, G7, G8: how soon a commit is noticed, worked on, and landed.

The daemon runs in a process of its own. A moved ref's time is its file's change time, as the
kernel wrote it; what the daemon's processes do is timed by themselves, on the same clock.
"""

import multiprocessing
import statistics
import time
from collections.abc import Mapping
from itertools import count
from multiprocessing.connection import Connection
from pathlib import Path

import pygit2
from pygit2.enums import FileMode

from benchmarks.frame.bench import Bench
from benchmarks.frame.goal import AtLeast, AtMost, Goal, Line, Measured
from benchmarks.frame.pairs import Side, interleave, p95
from benchmarks.frame.waiting import until
from benchmarks.peers.buildbot import buildbot
from benchmarks.scenes.house import House, founded, item
from daemon.timers import Hints
from daemon.wake import Wake

_PATIENCE_S = 60


def _watch(gitdir: Path, said: Connection) -> None:
    """Be the waiting half of the daemon's loop: say when each hint woke it."""
    wake = Wake()
    with Hints(gitdir, wake):
        said.send("watching")
        while True:
            wake.wait(_PATIENCE_S)
            said.send(time.monotonic_ns())


def noticed(bench: Bench) -> Measured:
    rounds = bench.pick(full=400, quick=100, smallest=3)
    with bench.place("noticed") as place, founded(place) as house:
        took = _noticing(house, rounds)
    mid = statistics.median(took)
    told = f"p50 {mid:.3g} ms of {rounds}; from just before the ref is moved to the loop awake"
    return Measured((Line("p95", p95(took), AtMost(5, "ms"), told),))


def _noticing(house: House, rounds: int) -> list[float]:
    """Move `main` to and fro; return the ms until the loop in another process is awake."""
    repo = _as_people_write(house)
    first_commit = repo.references["refs/heads/main"].peel(pygit2.Commit)
    first = first_commit.id
    ada = pygit2.Signature("Ada", "ada@example.org")
    second = repo.create_commit(None, ada, ada, "next", first_commit.tree_id, [first])
    ours, theirs = multiprocessing.Pipe()
    watching = multiprocessing.get_context("spawn").Process(
        target=_watch, args=(house.gitdir, theirs), daemon=True
    )
    watching.start()
    took = []
    try:
        ours.recv()
        for number in range(rounds):
            start = time.monotonic_ns()
            repo.references["refs/heads/main"].set_target(first if number % 2 else second)
            took.append((ours.recv() - start) / 1e6)
            while ours.poll(_QUIET_S):
                ours.recv()  # the lock file's own events
    finally:
        watching.kill()
        watching.join()
    return took


_QUIET_S = 0.02


def _as_people_write(house: House) -> pygit2.Repository:
    """Return the repository to move refs in: git syncs none of people's, and none is timed here.

    For this process alone, in which the house was founded; the daemon runs in one of its own.
    """
    pygit2.settings.enable_fsync_gitdir(value=False)
    return pygit2.Repository(str(house.gitdir))


def started(bench: Bench) -> Measured:
    rounds = bench.pick(full=60, quick=15, smallest=1)
    clock = {"command": ["sh", "-c", "date +%s%N > made-$PAWL_MISSION.txt"]}
    with bench.place("started") as place, founded(place) as house, house.runs():
        land = _Landing(house)
        took = []
        for _ in range(rounds + 2):
            name = land(clock)
            began = int(house.git("show", f"main:made-{name}.txt"))
            took.append((began - land.moved_at) / 1e6)
    took = took[2:]
    told = f"p50 {statistics.median(took):.3g} ms of {rounds}; durability `full`"
    return Measured((Line("p95", p95(took), AtMost(50, "ms"), told),))


class _Landing:
    """Commits an item and waits until its mission is closed; times are of the system's clock.

    `main` is checked out nowhere, as in a repository that people push to.
    """

    def __init__(self, house: House) -> None:
        house.git("checkout", "--quiet", "--detach")
        self._house, self._names = house, count(1)
        self._repo = _as_people_write(house)
        self._main = house.gitdir / "refs/heads/main"
        self.moved_at = 0
        self.landed_at = 0

    def __call__(self, keys: Mapping[str, object] | None = None) -> str:
        name = f"H-{next(self._names)}"
        ref = self._repo.references["refs/heads/main"]
        wished = wish(self._repo, ref.peel(pygit2.Commit), item(name, **(keys or {})))
        self.moved_at = time.time_ns()
        ref.set_target(wished)
        until(lambda: self._main.read_text().strip() != str(wished), _PATIENCE_S, f"{name} lands")
        self.landed_at = self._main.stat().st_ctime_ns
        mission = self._house.gitdir / f"refs/pawl/missions/{name}"
        until(lambda: not mission.exists(), _PATIENCE_S, f"{name} is closed")
        time.sleep(_QUIET_S)
        return name


def wish(repo: pygit2.Repository, on: pygit2.Commit, files: Mapping[str, str]) -> pygit2.Oid:
    """Return a commit of *files* in `backlog/` on top of *on*; no ref moves."""
    root = repo.TreeBuilder(on.tree)
    before = [one for one in on.tree if one.name == "backlog" and isinstance(one, pygit2.Tree)]
    folder = repo.TreeBuilder(*before)
    for path, text in files.items():
        blob = repo.create_blob(text.encode())
        folder.insert(path.removeprefix("backlog/"), blob, FileMode.BLOB)
    root.insert("backlog", folder.write(), FileMode.TREE)
    ada = pygit2.Signature("Ada", "ada@example.org")
    return repo.create_commit(None, ada, ada, "a wish", root.write(), [on.id])


def landed(bench: Bench) -> Measured:
    rounds = bench.pick(full=25, quick=8, smallest=1)
    with (
        bench.place("landed") as place,
        founded(place) as house,
        buildbot(bench, place) as theirs,
        house.runs(),
    ):
        pairs = interleave(_commit_to_landed(_Landing(house)), theirs, rounds, warm=2)
    told = pairs.told("commit to landed", "Buildbot's hook to build done")
    line = Line("durability `full`, two sandboxes", pairs.faster, AtLeast(20), told)
    return Measured((line,))


def _commit_to_landed(land: _Landing) -> Side:
    def side() -> float:
        land()
        return (land.landed_at - land.moved_at) / 1e9

    return side


GOALS = (
    Goal("G6", "ref moved -> noticed", noticed),
    Goal("G7", "ref moved -> builder process started, in its sandbox", started),
    Goal("G8", "commit -> no-op mission landed, against Buildbot's hook -> one-step build", landed),
)

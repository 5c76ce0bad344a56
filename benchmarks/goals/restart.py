"""G12: from the start of the process after a kill -9 to the first step it resumes.

Both sides have 1,000 finished runs and 100 that were killed amid a step, start a new process, and
are killed again at once, so each round finds nearly the same scene. Interpreter start included.
"""

import signal
import subprocess
import time
from pathlib import Path

from benchmarks.frame.bench import Bench
from benchmarks.frame.goal import AtLeast, Goal, Line, Measured
from benchmarks.frame.pairs import interleave
from benchmarks.frame.waiting import until
from benchmarks.peers.dbos import interrupted, recovery
from benchmarks.scenes.crowd import closed, opened, run_template
from benchmarks.scenes.house import House, founded

_PATIENCE_S = 120


def _states(folder: Path) -> dict[str, tuple[int, int]]:
    """Return inode and change time of each mission's ref."""
    return {
        path.name: (path.stat().st_ino, path.stat().st_ctime_ns)
        for path in folder.iterdir()
        if path.suffix != ".lock"
    }


def _resumed(house: House) -> float:
    """Start the daemon, return the seconds until a mission's ref is written, kill it."""
    missions = house.gitdir / "refs/pawl/missions"
    before = _states(missions)
    with house.path.with_suffix(".log").open("wb") as said:
        start = time.time_ns()
        process = house.starts(said)
    try:
        until(lambda: bool(_later(missions, before)), _PATIENCE_S, "the first resumed step")
        return (min(_later(missions, before)) - start) / 1e9
    finally:
        _kill(process)


def _later(missions: Path, before: dict[str, tuple[int, int]]) -> list[int]:
    try:
        now = _states(missions)
    except FileNotFoundError:
        return []  # a lock file came and went; look again
    return [state[1] for name, state in now.items() if before.get(name) != state]


def _kill(process: "subprocess.Popen[bytes]") -> None:
    process.send_signal(signal.SIGKILL)
    process.wait()


def restart(bench: Bench) -> Measured:
    rounds = bench.pick(full=10, quick=4, smallest=1)
    finished = bench.pick(full=1_000, quick=1_000, smallest=5)
    pending = bench.pick(full=100, quick=100, smallest=3)
    with bench.place("restart") as place, founded(place) as house:
        like = run_template(house)
        closed(house, like, finished)
        opened(house, like, pending)
        database = interrupted(bench, place, finished=finished, pending=pending)
        pairs = interleave(lambda: _resumed(house), lambda: recovery(bench, database), rounds)
    told = pairs.told("process start to first resumed step", "DBOS")
    words = f"{finished:,} closed and {pending} open missions; durability `full`"
    return Measured((Line(words, pairs.faster, AtLeast(3), told),))


GOALS = (Goal("G12", "restart after kill -9 -> first resumed step, against DBOS", restart),)

"""G14: `pawl status` with 1,000 missions, as a person runs it: a new process each time."""

import statistics
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.frame.bench import Bench
from benchmarks.frame.goal import AtMost, Goal, Line, Measured
from benchmarks.scenes.crowd import backlog, closed, items, opened, run_template
from benchmarks.scenes.house import House, founded
from daemon.serve import once


def _status(house: House) -> float:
    program = Path(sys.executable).with_name("pawl")
    argv = [program] if program.exists() else [sys.executable, "-m", "daemon"]
    start = time.perf_counter()
    done = subprocess.run(
        [*argv, "-C", house.path, "status"], env=house.env, capture_output=True, check=False
    )
    took = time.perf_counter() - start
    if done.returncode != 0 or b"closed" not in done.stdout:
        raise RuntimeError(f"pawl status: {done.returncode} {done.stdout!r} {done.stderr!r}")
    return took


def status(bench: Bench) -> Measured:
    rounds = bench.pick(full=20, quick=5, smallest=1)
    many = bench.pick(full=990, quick=990, smallest=8)
    few = bench.pick(full=10, quick=10, smallest=2)
    with bench.place("status") as place, founded(place) as house:
        like = run_template(house)
        closed(house, like, many)
        backlog(house, items((f"C-{n}" for n in range(1, many + 1)), status="done"))
        with house.serves("process") as it:
            once(it)  # a daemon has read the backlog, as in any repository that is served
        opened(house, like, few)
        took = [_status(house) for _ in range(rounds + 1)][1:]
    words = f"{many} closed and {few} open missions, their items in a backlog the daemon has read"
    told = f"median of {rounds}, fastest {min(took) * 1000:.0f} ms; a new process each time"
    return Measured((Line(words, statistics.median(took) * 1000, AtMost(200, "ms"), told),))


GOALS = (Goal("G14", "`pawl status` wall time with 1,000 missions", status),)

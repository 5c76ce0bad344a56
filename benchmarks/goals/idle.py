"""G13: what a daemon costs that has nothing to do: the processor's time and memory.

Both of its processes count, daemon and sandbox launcher. Memory is judged by USS, what would be
free if they ended; RSS, which counts shared libraries in full for each of them, is told beside it.
"""

import time
from pathlib import Path

from benchmarks.frame.bench import Bench
from benchmarks.frame.goal import AtMost, Goal, Line, Measured
from benchmarks.frame.waiting import until
from benchmarks.scenes.house import House, founded, item

_PATIENCE_S = 60
_MIB = 1024


def _family(pid: int) -> list[int]:
    """Return *pid* and its descendants."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            found += _family(int(child))
    return found


def _cpu_ns(pids: list[int]) -> int:
    """Return the processor time of all threads, in ns."""
    files = (each for pid in pids for each in Path(f"/proc/{pid}/task").glob("*/schedstat"))
    return sum(int(file.read_text().split()[0]) for file in files)


def _memory_kib(pid: int) -> tuple[int, int]:
    """Return RSS and USS."""
    rows = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    sizes = {name: int(rest.split()[0]) for name, _, rest in (row.partition(":") for row in rows)}
    return sizes["Rss"], sizes["Private_Clean"] + sizes["Private_Dirty"]


def _is_idle(house: House) -> bool:
    missions = house.gitdir / "refs/pawl/missions"
    landed = "made-H-1.txt" in house.git("ls-tree", "--name-only", "main")
    return landed and not any(missions.glob("*"))


def idle(bench: Bench) -> Measured:
    seconds = bench.pick(full=90, quick=20, smallest=1)
    with bench.place("idle") as place, founded(place) as house, house.runs() as process:
        house.commits(item("H-1"))
        until(lambda: _is_idle(house), _PATIENCE_S, "the first mission ends")
        time.sleep(bench.pick(full=5, quick=2, smallest=0))
        family = _family(process.pid)
        before, start = _cpu_ns(family), time.monotonic()
        time.sleep(seconds)
        share = (_cpu_ns(family) - before) / 1e9 / (time.monotonic() - start) * 100
        memory = [_memory_kib(pid) for pid in family]
    each = ", ".join(f"RSS {rss / _MIB:.1f} USS {uss / _MIB:.1f} MiB" for rss, uss in memory)
    lines = (
        Line("CPU of daemon and launcher", share, AtMost(0.1, "%"), f"over {seconds} s"),
        Line(
            "USS of daemon and launcher together",
            sum(uss for _, uss in memory) / _MIB,
            AtMost(60, "MiB"),
            f"daemon, launcher: {each}",
        ),
    )
    return Measured(lines)


GOALS = (Goal("G13", "idle daemon, after it has landed a mission", idle),)

"""What a reconcile costs does not grow with what has been: counted in calls, not in seconds.

Scenes as `make bench` measures them (benchmarks/scenes), small here and at their real size in
`make faults`: a repository with a long history, many files, refs, items and closed missions.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from benchmarks.scenes.crowd import backlog, closed, items, run_template
from benchmarks.scenes.house import founded, item, plant
from daemon.serve import once


@dataclass(frozen=True)
class Shape:
    items: int
    closed: int
    refs: int
    files: int
    commits: int


SMALL = Shape(items=20, closed=20, refs=20, files=20, commits=20)
LARGER = Shape(items=600, closed=600, refs=600, files=600, commits=600)
REAL = Shape(items=100_000, closed=100_000, refs=20_000, files=50_000, commits=200_000)


@contextmanager
def repository(place, shape: Shape) -> Iterator:
    place.mkdir()
    with founded(place) as house:
        _history(house, shape)
        plant(house, {f"lib/{n // 100}/{n}.txt": f"{n}\n" for n in range(shape.files)})
        closed(house, run_template(house), shape.closed, facts=False)
        names = [f"D-{n}" for n in range(shape.items // 2)]
        later = items((f"L-{n}" for n in range(shape.items // 2)), phase=9)
        wishes = {path.replace("backlog/", "backlog/later/"): text for path, text in later.items()}
        backlog(house, {**items(names, status="done"), **wishes})
        rows = "".join(f"create refs/people/{n} main\n" for n in range(shape.refs))
        house.git("update-ref", "--stdin", stdin=rows.encode())
        house.git("pack-refs", "--all")
        yield house


def _history(house, shape: Shape) -> None:
    who = "committer Ada <ada@example.org> 1700000000 +0000"
    first = f"commit refs/heads/main\n{who}\ndata 1\nx\nfrom refs/heads/main^0\n"
    rest = f"commit refs/heads/main\n{who}\ndata 1\nx\n" * (shape.commits - 1)
    house.git("fast-import", "--quiet", stdin=(first + rest).encode())


def calls_of(act) -> int:
    """Return how many calls of any function *act* makes."""
    count = 0

    def counted(_frame, event, _arg):
        nonlocal count
        count += event in {"call", "c_call"}

    sys.setprofile(counted)
    try:
        act()
    finally:
        sys.setprofile(None)
    return count


def costs(place, shape: Shape) -> dict[str, int]:
    with repository(place, shape) as house, house.serves("process") as it:
        once(it)
        found = {"nothing changed": calls_of(it.daemon.reconcile)}
        house.commits({"README": "another house\n"})
        found["the target moved"] = calls_of(it.daemon.reconcile)
        house.commits(item("NEW-1"))
        once(it)
        assert house.git("log", "-1", "--format=%s", "main") == "make made-NEW-1.txt"
        found["after a landing"] = calls_of(it.daemon.reconcile)
    return found


@pytest.mark.unaudited("closings of a crowd hold many missions to a commit, made for measuring")
@pytest.mark.parametrize("shape", [LARGER, pytest.param(REAL, marks=pytest.mark.faults)])
def test_a_reconcile_costs_the_same_whatever_there_is(tmp_path, shape):
    few, many = costs(tmp_path / "few", SMALL), costs(tmp_path / "many", shape)
    assert few.keys() == many.keys()
    for what in few:
        assert many[what] <= 1.2 * few[what], f"{what}: {few[what]} calls became {many[what]}"

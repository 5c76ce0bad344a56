"""A snapshot is the tree `git add -A` makes, whatever was done: random work in a real overlay.

The work runs inside a user namespace, as an unprivileged user, never on the host's tree. Work that
git cannot store (a FIFO) is in test_snapshot_refused.
"""

import runpy
from pathlib import Path

import pytest

from gitops.tree.diff import entries_between
from policy.bus.result import Taken
from policy.rules.sandbox import TreeLimits

WIDE = TreeLimits(
    max_files=10_000,
    max_bytes=10_000_000,
    max_file_bytes=1_000_000,
    max_depth=100,
    max_name_bytes=255,
    max_path_bytes=4000,
)
BASE = {
    ".gitignore": b"*.o\n!keep.o\nbuild/\n",
    "a": b"1\n",
    "b/a": b"2\n",
    "b/b/a": b"3\n",
    "b/b/c.o": b"tracked\n",
    "b/.gitignore": b"/a\n",
    "d/run": (0o100755, b"#!\n"),
    "d/link": (0o120000, b"../a"),
    "d/build/a": b"tracked below an ignored folder\n",
    "e/f/g/h": b"4\n",
    b"e/\xff": b"5\n",
}
WORK = runpy.run_path(str(Path(__file__).with_name("operations.py")))["work"]
OPERATIONS = 60
QUICK = list(range(8))
LONG = [pytest.param(seed, marks=pytest.mark.faults) for seed in range(100, 300)]


@pytest.fixture
def wide(upper):
    upper.limits = WIDE
    return upper


@pytest.mark.parametrize("seed", QUICK + LONG)
def test_a_snapshot_is_what_git_would_add(laid, overlaid, git_inside, wide, seed):
    base, layers = laid(BASE)
    inside, wide.top = overlaid.over(layers.ensure(base))
    oracle = inside(lambda: WORK(git_inside, seed, OPERATIONS))
    taken, batch = wide.taken(base)
    assert isinstance(taken, Taken), taken
    batch.save()
    if taken.tree != oracle:
        wide.store.repo.odb.add_disk_alternate(str(wide.top / ".git" / "objects"))
        wrong = entries_between(wide.store, oracle, taken.tree)
        pytest.fail(f"seed {seed}: git {oracle}, snapshot {taken.tree}: {wrong}")


@pytest.mark.parametrize("seed", QUICK[:4] + LONG)
def test_a_snapshot_of_a_copy_is_what_git_would_add(laid, overlaid, git_inside, wide, seed):
    base, layers = laid(BASE)
    layers.copy(base, wide.top)
    oracle = overlaid.plain(wide.top)(lambda: WORK(git_inside, seed, OPERATIONS))
    taken, _ = wide.copied(base)
    assert isinstance(taken, Taken), taken
    assert taken.tree == oracle

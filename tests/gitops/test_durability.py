"""Kill at every system call of the two commit points; count the syncs of a step (DESIGN 4.6)."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gitops.signing import DaemonKey

HERE = Path(__file__).parent


@pytest.fixture
def runs(tmp_path):
    DaemonKey.generate(tmp_path / "key")

    def run(act, durability, *mode):
        done = subprocess.run(
            [sys.executable, HERE / "killed.py", act, durability, tmp_path, *mode],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PYTHONPATH": str(HERE.parents[1])},
        )
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    return run


def syncs(whole):
    return sum(whole["calls"].get(call, 0) for call in ("fsync", "fdatasync"))


@pytest.mark.parametrize(
    ("act", "durability", "count"),
    [
        pytest.param("next", "full", 5, id="a fact survives power loss for five syncs"),
        pytest.param("first", "full", 7, id="the whole of evidence that is cut costs two more"),
        pytest.param("next", "process", 0, id="a fact survives a kill without any"),
        pytest.param("first", "process", 0, id="and the first fact too"),
    ],
)
def test_the_syncs_of_a_step_are_counted(runs, act, durability, count):
    (whole,) = runs(act, durability, "count")
    assert whole["status"] == 0
    assert whole["before"] != whole["after"]
    assert syncs(whole) == count, whole["calls"]


def killed_anywhere(runs, act, *, step=1):
    whole, *kills = runs(act, "full", "every", str(step))
    assert sum(kill["status"] == 9 for kill in kills) * step >= 15
    for kill in kills:
        # libgit2 opens packs in an order of its own: the last calls may not come, then all is done
        assert kill["status"] == 9 or kill["left"] == whole["after"], kill
        assert kill["fsck"] == "0", kill
        assert kill["empty"] == [], kill
        assert kill["then"] == whole["after"], kill
    return whole, kills


@pytest.mark.parametrize("act", ["first", "next", "land"])
def test_killed_anywhere_the_ref_is_old_or_new_and_the_retry_converges(runs, act):
    whole, kills = killed_anywhere(runs, act)
    for kill in kills:
        assert kill["left"] in (whole["before"], whole["after"]), kill
    assert any(kill["left"] == whole["before"] for kill in kills)


@pytest.mark.faults
@pytest.mark.parametrize(("act", "step"), [("close", 1), ("join", 7)])
def test_killed_while_closing_or_joining_packs_nothing_is_lost(runs, act, step):
    whole, kills = killed_anywhere(runs, act, step=step)
    merged = whole["before"] | whole["after"]
    for kill in kills:
        assert kill["left"] in (whole["before"], merged, whole["after"]), kill

"""The daemon is killed before each system call of its commit points, by strace (reliability 9.3).

What `gitops` does there is tested call by call in tests/gitops/test_durability.py. Here it is the
whole daemon that dies, the whole daemon that starts again, and the oracles of a whole life.
"""

import ctypes
import os
import re
import shutil
import signal
import subprocess
from collections import Counter

import pytest

from tests.daemon.faults.conftest import Points
from tests.daemon.faults.lives import ALONE, Place

CALLS = (
    "openat,write,pwrite64,writev,fsync,fdatasync,rename,renameat,renameat2,link,linkat,unlink,"
    "unlinkat,rmdir,mkdir,mkdirat,fchmod,ftruncate"
)
MOVES = re.compile("rename.*|link.*|unlink.*|fsync|fdatasync|mkdir.*")
WINDOWS = {
    "append": ("append:gates-judged+landing-started", "appended:gates-judged+landing-started"),
    "land": ("land", "landed"),
    "close": ("archive", "archived"),
}
PR_SET_PTRACER, ANY = 0x59616D61, ctypes.c_ulong(-1)


class Window:
    """From one point to another: stops at the first for strace to come, ends the child at both."""

    def __init__(self, house, opens, shuts, *, survives):
        self.points = Points(house)
        self.opens, self.shuts, self.survives = opens, shuts, survives

    def __call__(self, name):
        self.points(name)
        if name == self.opens:
            ctypes.CDLL(None).prctl(PR_SET_PTRACER, ANY, 0, 0, 0)
            os.kill(os.getpid(), signal.SIGSTOP)
        elif name == self.shuts:
            os._exit(0 if self.survives else 71)


def traced(house, window, log, *options):
    """Run *house* under strace within *window*; return its exit and how often it made each call."""
    pid = house.forks(window)
    os.waitpid(pid, os.WUNTRACED)
    command = ["strace", "-p", str(pid), "-o", log, "-e", f"trace={CALLS}", *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as strace:
        said = strace.stderr.readline()
        if "attached" not in said:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            pytest.skip(f"strace may not attach here: {said}")
        os.kill(pid, signal.SIGCONT)
        status = os.waitpid(pid, 0)[1]
        strace.stderr.read()
    names = [line.partition("(")[0] for line in log.read_text().splitlines() if "(" in line]
    return os.waitstatus_to_exitcode(status), Counter(names)


def killings(house_of, name, tmp_path, *, quick):
    """Yield each kill: its name, and the house it happened to; *quick*: every third that moves."""
    opens, shuts = WINDOWS[name]
    log = tmp_path / "trace"
    counted = house_of("counted")
    code, calls = traced(counted, Window(counted, opens, shuts, survives=True), log)
    assert code == 0
    assert calls
    kills = [(call, k) for call in sorted(calls) for k in range(1, calls[call] + 1)]
    if quick:
        kills = [kill for kill in kills if MOVES.fullmatch(kill[0])][::3]
    for call, k in kills:
        house = house_of(f"{call}-{k}")
        window = Window(house, opens, shuts, survives=False)
        code, _ = traced(house, window, log, "-e", f"inject={call}:signal=KILL:when={k}")
        assert code == -signal.SIGKILL, f"{call} {k}: ended with {code}"
        yield f"{call} {k}", house


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
@pytest.mark.parametrize("name", WINDOWS)
@pytest.mark.parametrize(
    "quick", [True, pytest.param(False, marks=pytest.mark.faults)], ids=["some", "all"]
)
def test_a_kill_at_a_system_call_of_a_commit_point_is_made_good(alive, tmp_path, name, quick):
    def house_of(where):
        return alive(ALONE.name, where)

    for where, house in killings(house_of, name, tmp_path, quick=quick):
        house.lives()
        try:
            house.is_whole()
        except AssertionError as error:
            error.add_note(f"killed before {where}")
            raise
        shutil.rmtree(house.path.parent)


def test_the_windows_are_between_points_of_the_life():
    names = {place.name for place in ALONE.places}
    for opens, shuts in WINDOWS.values():
        assert {opens, shuts} <= names
    assert Place("land:before-cas", 1) in ALONE.places

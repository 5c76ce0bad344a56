"""Generated: a landing, and a recovery, killed before each single effect on the file system."""

import os
import shutil
import signal
import sys

import pytest

from gitops import recovery
from gitops.finding import Healed
from gitops.landing.checkout import observe
from policy.mission.world import Free

MAIN = "refs/heads/main"
EFFECTS = {"os.rename", "os.link", "os.remove", "os.utime", "os.mkdir", "subprocess.Popen"}


def killed_before(nth, deed):
    """Do *deed* in a child that is killed before its *nth* effect; return whether it was."""
    child = os.fork()
    if child == 0:
        left = nth

        def hook(event, args):
            nonlocal left
            writes = event == "open" and isinstance(args[2], int) and args[2] & os.O_CREAT
            if event in EFFECTS or writes:
                left -= 1
                if left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        code = 1
        try:
            sys.addaudithook(hook)
            deed()
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return True
    assert os.WEXITSTATUS(status) == 0, "the child failed of itself"
    return False


def every_kill(house, tmp_path, deed, step):
    """Yield a copy of *house* for each effect of *deed*, killed just before it."""
    for nth in range(1, 1000, step):
        copy = type(house)(tmp_path / f"copy-{nth}")
        shutil.copytree(house.root, copy.root, symlinks=True)
        if not killed_before(nth, lambda copy=copy: deed(copy)):
            return
        yield copy
        shutil.rmtree(copy.root)


def recovers(house):
    return recovery.after_open(house.store, patience_s=30)


@pytest.mark.parametrize("step", [4, pytest.param(1, marks=pytest.mark.faults)])
def test_a_landing_killed_before_any_effect_is_old_or_new(house, landed, tmp_path, step):
    tips = []
    for copy in every_kill(house, tmp_path, lambda copy: copy.lands(landed, paths=PATHS), step):
        assert all(isinstance(finding, Healed) for finding in recovers(copy))
        tips.append(copy.tip())
        assert copy.status() == ""
        assert copy.leftovers() == []
        assert observe(copy.store, MAIN) == Free()
        copy.lands(landed)
        assert copy.tip() == landed.commit
        assert copy.status() == ""
    assert tips == sorted(tips, key=[landed.base, landed.commit].index)
    assert {landed.base, landed.commit} == set(tips)


PATHS = {"a.txt", "new.txt", "dir/more.txt", "gone.txt"}


@pytest.mark.parametrize("step", [4, pytest.param(1, marks=pytest.mark.faults)])
def test_a_recovery_killed_before_any_effect_is_finished_by_the_next(house, landed, tmp_path, step):
    house.dies(landed, "after-cas", before=lambda: house.write({"new.txt": "new\n", "a.txt": "t"}))

    copies = 0
    for copy in every_kill(house, tmp_path, recovers, step):
        copies += 1
        assert all(isinstance(finding, Healed) for finding in recovers(copy))
        assert copy.tip() == landed.commit
        assert copy.status() == ""
        assert copy.leftovers() == []
    assert copies

"""One daemon per repository, whoever starts it and however the last one ended."""

import os
import subprocess
import sys

import pytest

from daemon.lock import LockedError, single_instance

HOLDER = """
import sys
from pathlib import Path
from daemon.lock import single_instance
with single_instance(Path(sys.argv[1])) as instance:
    print(instance.epoch, flush=True)
    sys.stdin.read()
"""


def holder(state):
    return subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(state)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_a_second_daemon_is_told_who_holds_the_lock(tmp_path):
    with holder(tmp_path) as first:
        assert first.stdout.readline() == "1\n"
        with pytest.raises(LockedError, match=f'"pid": {first.pid}'), single_instance(tmp_path):
            pass
        first.stdin.close()
        first.wait()
    with single_instance(tmp_path) as instance:
        assert instance.epoch == 2


def test_a_killed_daemon_leaves_no_lock(tmp_path):
    with holder(tmp_path) as first:
        first.stdout.readline()
        first.kill()
        first.wait()
    with single_instance(tmp_path) as instance:
        assert instance.epoch == 2


def test_a_child_does_not_inherit_the_lock(tmp_path):
    with single_instance(tmp_path):
        child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    with single_instance(tmp_path):
        pass
    child.communicate(b"\n")


def test_garbage_in_the_lock_file_is_no_epoch_and_no_crash(tmp_path):
    (tmp_path / "lock").write_bytes(b"\xff{]")
    with single_instance(tmp_path) as instance:
        assert instance.epoch == 1


def test_opening_the_lock_file_again_does_not_drop_the_lock(tmp_path):
    with single_instance(tmp_path):
        os.close(os.open(tmp_path / "lock", os.O_RDONLY))
        with pytest.raises(LockedError), single_instance(tmp_path):
            pass

"""The attacks once more, on the daemon of an ordinary user: each file of them that is here."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest


@pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user's daemon is what is tested already")
def test_all_of_this_holds_for_the_daemon_of_an_ordinary_user():
    """The same tests again, as another user, with a Python that this user can read."""
    user = 60603
    site = Path(pytest.__file__).parents[1]
    python = sys.executable if _is_readable(sys.executable, user) else "/usr/bin/python3"
    attacks = sorted(str(path) for path in Path(__file__).parent.glob("test_attacks_*.py"))
    with tempfile.TemporaryDirectory() as home:
        os.chown(home, user, user)
        options = ["-q", "-x", "-p", "no:cacheprovider", f"--basetemp={home}/t"]
        done = subprocess.run(
            [python, "-m", "pytest", *options, *attacks],
            user=user,
            group=user,
            extra_groups=[],
            cwd=Path(__file__).parents[3],
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": str(site),
                "PYTHONDONTWRITEBYTECODE": "1",
            },
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed, 1 skipped" in done.stdout


def _is_readable(path, user):
    command = [path, "-c", ""]
    try:
        done = subprocess.run(command, user=user, group=user, extra_groups=[], check=False)
    except PermissionError:
        return False
    return done.returncode == 0

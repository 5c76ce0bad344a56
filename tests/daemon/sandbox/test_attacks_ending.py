"""How a builder ends: nobody survives it, a kill is a kill, and no ending poses as another."""

import contextlib
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from policy.bus.result import Exited, Killed, NotStarted


def test_killing_everything_kills_only_itself(sandbox):
    ended = sandbox.sh(f"kill -9 {os.getpid()} {sandbox.launcher.pid}; kill -9 1; kill -9 -1")
    assert isinstance(ended.ending, Killed | Exited)
    assert sandbox.sh("echo next").output.text == "next\n"


def test_nobody_survives_the_command(sandbox, token, alive):
    ended = sandbox.sh(f"(setsid sh -c '(sleep {token} &)' &); (trap '' TERM HUP; sleep {token}) &")
    assert ended.ending == Exited(code=0)
    assert not alive(token)


def test_signals_are_as_a_program_expects_them(sandbox):
    ended = sandbox.sh("yes | head -1; grep SigIgn /proc/self/status")
    said, _, ignored = ended.output.text.split()
    assert said == "y"
    # The C library keeps 32 and 33 for itself and lets nobody set them: what started us decides.
    settable = sum(1 << number - 1 for number in signal.valid_signals())
    assert int(ignored, 16) & settable == 0


def test_input_is_empty_and_there_is_no_terminal(sandbox):
    said = sandbox.sh("cat; tty; (exec < /dev/tty) 2>&1; ps -o tty= -p $$")
    assert "not a tty" in said.output.text


def test_a_command_cannot_pose_as_one_that_never_ran(sandbox):
    ended = sandbox.sh("echo 'bwrap: execvp x: No such file or directory'; exit 1")
    assert ended.ending == Exited(code=1)


def test_a_file_that_is_no_program_is_a_missing_tool(sandbox):
    with sandbox.running("./seen") as ended:
        assert isinstance(ended.ending, NotStarted)
        assert ended.ending.cause == "tool_missing"


def test_a_killed_command_is_killed(sandbox, token, pids):
    def kill(_said):
        (pid,) = set(pids(token)) - set(_bwraps(pids(token)))
        os.kill(pid, signal.SIGKILL)

    with sandbox.running("sh", "-c", "echo go; exec sleep $0", token, tap=kill) as ended:
        assert ended.ending == Killed(signal=signal.SIGKILL)


@pytest.mark.parametrize("who", ["bwrap", "launcher"])
def test_a_killed_sandbox_is_killed_and_empty(sandbox, token, pids, alive, who):
    def kill(_said):
        victims = {"launcher": [sandbox.launcher.pid], "bwrap": _bwraps(pids(token))}
        for pid in victims[who]:
            with contextlib.suppress(ProcessLookupError):  # the one before took it along
                os.kill(pid, signal.SIGKILL)

    script = f"(setsid sleep {token} &); echo half > half; echo go; sleep {token}"
    with sandbox.running("sh", "-c", script, token, tap=kill) as ended:
        assert ended.ending == Killed(signal=signal.SIGKILL)
        assert not alive(token)
        assert [entry.name for entry in os.scandir(ended.upper)] == ["half"]
    assert sandbox.sh("echo next").output.text == "next\n"


def _bwraps(pids):
    return [pid for pid in pids if b"bwrap" in Path(f"/proc/{pid}/cmdline").read_bytes()[:20]]


DAEMON = """
import sys
sys.path[:0] = {path}
from pathlib import Path
from daemon.sandbox.box import Box, Job, Overlay
from daemon.sandbox.launching import Launcher
from daemon.sandbox.settings import Builder, SandboxHost
from policy.bus.operation import Limits
from policy.host import EgressLimits
host = {host}
box = Box(host, Path({state!r}), Launcher())
box.prepare()
tree = Overlay((Path({base!r}),))
with box.run(Job(command=("sleep", {token!r}), tree=tree, limits=host.ceilings)):
    pass
"""


def test_sandboxes_die_with_a_killed_daemon(sandbox, token, alive, pids, tmp_path):
    program = DAEMON.format(
        path=sys.path,
        host=repr(sandbox.host).replace("PosixPath", "Path"),
        state=str(tmp_path),
        base=str(sandbox.base),
        token=token,
    )
    with subprocess.Popen([sys.executable, "-c", program]) as daemon:
        try:
            while not (asleep := set(pids(token)) - set(_bwraps(pids(token)))):
                assert daemon.poll() is None
            pidfd = os.pidfd_open(asleep.pop())
        finally:
            daemon.kill()
    dead, _, _ = select.select([pidfd], [], [], 30)
    os.close(pidfd)
    assert dead
    deadline = time.monotonic() + 30  # bwrap itself, outside the sandbox, may end a little later
    while alive(token) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not alive(token)

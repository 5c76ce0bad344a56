"""Runs and what is left of them: directories, descriptors, cgroups, and honest endings."""

import operator
import os
import signal
import threading
import time
from pathlib import Path

import pytest

from daemon.sandbox.box import Box, Job, Overlay
from daemon.sandbox.launching import Launcher, SandboxUnavailableError
from policy.bus.result import Exited, Killed, NotStarted, Stopped

MIB = 1024 * 1024


def test_a_layer_that_is_missing_is_a_sandbox_that_did_not_start(sandbox, tmp_path):
    job = Job(command=("true",), tree=Overlay((tmp_path / "gone",)), limits=sandbox.limits())
    with sandbox.box.run(job) as ended:
        assert isinstance(ended.ending, NotStarted)
        assert ended.ending.cause == "sandbox"
        assert str(tmp_path / "gone") in ended.ending.why
        assert ended.upper is None


def test_many_layers_with_any_name_are_one_tree(sandbox):
    lowers = []
    for n in range(16):
        layer = sandbox.root / f"a,b:c\\d {n}"
        layer.mkdir()
        (layer / f"f{n}").write_text(str(n))
        (layer / "top").write_text(str(n))
        for path in (layer, *layer.iterdir()):
            if sandbox.host.builder:
                os.chown(path, sandbox.host.builder.uid, sandbox.host.builder.gid)
        lowers.append(layer)
    command = ("sh", "-c", "cat top; ls | wc -l")
    job = Job(command=command, tree=Overlay(tuple(lowers)), limits=sandbox.limits())
    with sandbox.box.run(job) as ended:
        assert ended.output.text == "017\n"


def test_stop_before_the_start_starts_nothing_that_lives(sandbox, token, alive):
    stop = threading.Event()
    stop.set()
    assert sandbox.sh(f"sleep {token}", stop=stop).ending == Stopped()
    assert not alive(token)


def test_a_stop_at_any_moment_of_the_start_ends_the_run(sandbox, token, alive):
    for moment in range(150):
        stop = threading.Event()
        timer = threading.Timer(moment / 10_000, stop.set)
        timer.start()
        assert sandbox.sh(f"sleep {token}", stop=stop).ending == Stopped()
        timer.join()
    assert not alive(token)


def test_runs_leak_no_descriptor_and_no_process(sandbox):
    def count():
        launcher = Path("/proc", str(sandbox.launcher.pid))
        fds = [len(list((each / "fd").iterdir())) for each in (launcher, Path("/proc/self"))]
        return *fds, (launcher / "task" / launcher.name / "children").read_text()

    sandbox.sh("true")
    before = count()
    for script in ("true", "exit 3", "(setsid sleep 1000 &)", "kill -9 $$") * 4:
        sandbox.sh(script)
    with sandbox.running("no-such-tool"):
        pass
    # The launcher answers first and tidies up then, before as after, so it may end with fewer.
    deadline = time.monotonic() + 60
    while any(map(operator.gt, count(), before)) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not any(map(operator.gt, count(), before))


def test_a_run_nobody_waits_for_is_killed(sandbox, token, alive):
    def fail(_said):
        raise KeyError("the worker broke")

    with (
        pytest.raises(KeyError),
        sandbox.running("sh", "-c", "echo go; sleep 1000", token, tap=fail),
    ):
        pass
    while alive(token):
        assert sandbox.sh("true").ending == Exited(code=0)


def test_a_launcher_that_cannot_start_is_said_so(tmp_path, sandbox):
    box = Box(sandbox.host, tmp_path, Launcher("/bin/false"))
    box.prepare()
    job = Job(command=("true",), tree=Overlay((sandbox.base,)), limits=sandbox.limits())
    with pytest.raises(SandboxUnavailableError, match="did not start"), box.run(job):
        pass


def test_a_killed_launcher_is_replaced_while_others_wait(sandbox):
    first = sandbox.launcher.pid
    assert sandbox.sh("true").ending == Exited(code=0)
    os.kill(sandbox.launcher.pid, signal.SIGKILL)
    endings = []
    threads = [
        threading.Thread(target=lambda: endings.append(sandbox.sh("true").ending)) for _ in range(5)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(isinstance(each, Exited | NotStarted | Killed) for each in endings)
    assert sandbox.sh("true").ending == Exited(code=0)
    assert sandbox.launcher.pid != first


@pytest.mark.parametrize("scratch", ["memory", "disk"])
def test_what_changed_is_in_the_upper_layer(make_sandbox, scratch):
    made = make_sandbox(scratch=scratch)
    with made.running("sh", "-c", "rm seen; echo x > new; mkdir d; chmod 0 d") as ended:
        assert ended.ending == Exited(code=0)
        names = {entry.name for entry in os.scandir(ended.upper)}
        assert names == {"seen", "new", "d"}
        assert os.stat("seen", dir_fd=ended.upper).st_rdev == 0
    assert list((made.state / "runs").iterdir()) == []


def test_scratch_on_disk_stops_at_the_floor(make_sandbox):
    room = os.statvfs("/tmp")
    made = make_sandbox(scratch="disk", free_bytes=room.f_bavail * room.f_frsize * 2)
    ended = made.sh("sleep 1000")
    assert ended.ending == Killed(signal=signal.SIGKILL)
    assert "bytes are free" in ended.output.text


def _delegated():
    """cgroups this process may make groups in, of either version."""
    places = [Path("/sys/fs/cgroup", each) for each in ("memory", "pids")]
    return tuple(
        each
        for each in places
        if os.access(each, os.W_OK)
        and ((each / "memory.limit_in_bytes").exists() or (each / "cgroup.procs").exists())
    )


@pytest.mark.skipif(not _delegated(), reason="no cgroup is delegated to this user here")
def test_a_cgroup_limits_the_whole_run(make_sandbox):
    made = make_sandbox(cgroups=_delegated())
    little = made.limits(memory_bytes=64 * MIB)
    assert made.sh("head -c 50M /dev/zero | tail -c 40M | wc -c", limits=little).ending == Exited(
        code=0
    )
    ended = made.sh("head -c 400M /dev/zero | tail -c 390M | wc -c; exit 5", limits=little)
    assert ended.ending != Exited(code=0)
    assert ended.output.text.strip() != str(390 * MIB)
    assert not [left for parent in _delegated() for left in parent.glob("pawl-*")]


def test_a_cgroup_that_is_not_ours_makes_no_sandbox(make_sandbox, tmp_path):
    made = make_sandbox(cgroups=(tmp_path / "none",))
    with pytest.raises(SandboxUnavailableError, match="none"):
        made.sh("true")

"""Processes that are killed or told to stop from outside, in the middle of what they do."""

import os
import signal
import socket
import threading
from pathlib import Path

import pytest

from daemon.health import read_health
from tests.daemon.faults.lives import Life, waits_for, wishes_patient


def found(word, program):
    """Return the process of *program* with *word* in its arguments, as soon as there is one."""
    while True:
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                argv = (folder / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if Path(os.fsdecode(argv[0])).name.startswith(program) and any(
                word.encode() in one for one in argv
            ):
                return int(folder.name)


def wishes_patient_gate(house):
    """Its test does not end before the file `go` is there."""
    gate = [
        "python3",
        "-c",
        waits_for(house, "go") + "raise SystemExit(not os.path.exists('Z-1.txt'))",
    ]
    house.wishes("Z-1", tests=[{"run": gate}])


class Assassin:
    """Kills a process when it is there, and lets whatever comes after it go on."""

    def __init__(self, house, point, program):
        self.house, self.point, self.program = house, point, program
        self.thread = None

    def __call__(self, name):
        if name == self.point and self.thread is None:
            self.thread = threading.Thread(target=self._kill)
            self.thread.start()

    def _kill(self):
        os.kill(found(str(self.house.signs / "go"), self.program), signal.SIGKILL)
        (self.house.signs / "go").touch()


@pytest.mark.parametrize("program", ["python3", "bwrap"])
def test_a_killed_builder_is_an_interruption_and_not_charged(copied, program):
    house = copied(Life("builder-killed", wishes_patient))
    assassin = Assassin(house, "builder-start", program)
    house.runs(point=assassin)
    assassin.thread.join()
    assert house.kinds("Z-1").count("attempt-interrupted") == 1
    assert house.ended("Z-1") == ("PASS", "landed")
    assert house.facts("Z-1")[-1].counts.attempts == 1
    house.is_sound()


@pytest.mark.parametrize("program", ["python3", "bwrap"])
def test_a_killed_gate_never_passes_and_is_run_again(copied, program):
    house = copied(Life("gate-killed", wishes_patient_gate))
    assassin = Assassin(house, "gates-start", program)
    house.runs(point=assassin)
    assassin.thread.join()
    assert house.ended("Z-1") == ("PASS", "landed")
    judged = [fact for fact in house.facts("Z-1") if fact.kind == "gates-judged"]
    verdicts = [{one.verdict.kind for one in fact.records} for fact in judged]
    assert verdicts[-1] == {"passed"}
    assert all("broken" in one for one in verdicts[:-1])
    house.is_sound()


class Serving:
    """`pawl run` in a process of its own, and what it tells its supervisor."""

    def __init__(self, house, tmp_path):
        self.house = house
        self.link = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.link.bind(str(tmp_path / "notify"))
        env = {**os.environ, "NOTIFY_SOCKET": str(tmp_path / "notify")}
        self.process = house.starts("run", env=env)

    def hears(self, word):
        while word not in self.link.recv(4096).decode():
            pass

    def has_reloaded(self):
        while read_health(self.house.outside.state)["reloads"] < 1:
            self.link.recv(4096)  # it tells of each time it has looked

    def builds(self):
        return found(str(self.house.signs / "go"), "python3")

    def close(self):
        self.link.close()
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


@pytest.fixture
def served(copied, tmp_path):
    house = copied(Life("served", wishes_patient))
    serving = Serving(house, tmp_path)
    yield serving
    serving.close()


def test_a_stop_in_the_middle_of_a_build_is_recorded_and_ends_with_0(served):
    house = served.house
    builder = served.builds()
    served.process.send_signal(signal.SIGTERM)
    assert served.process.wait(timeout=house.outside.host.stop_s) == 0
    assert not Path("/proc", str(builder)).exists()
    interrupted = house.facts("Z-1")[-1]
    assert (interrupted.kind, interrupted.cause) == ("attempt-interrupted", "daemon_stopped")
    house.is_sound()
    (house.signs / "go").touch()
    house.runs()
    assert house.ended("Z-1") == ("PASS", "landed")
    house.is_sound()


def test_a_second_instance_leaves_at_once_and_a_reload_disturbs_nothing(served):
    house = served.house
    builder = served.builds()
    second = house.starts("once")
    assert second.wait() == 75
    served.process.send_signal(signal.SIGHUP)
    served.has_reloaded()
    assert Path("/proc", str(builder)).exists()
    (house.signs / "go").touch()
    served.hears("STATUS=idle")
    served.process.send_signal(signal.SIGTERM)
    assert served.process.wait(timeout=house.outside.host.stop_s) == 0
    assert house.ended("Z-1") == ("PASS", "landed")
    house.is_sound()


def test_a_builder_that_never_ends_runs_into_its_limit_and_is_the_items_fault(copied):
    house = copied(Life("hangs", wishes_patient))
    text = house.shows(".pawl/policy.yaml") + "\nsandbox: {builder: {wall_s: 1}}\n"
    house.commits({".pawl/policy.yaml": text})
    house.runs()
    assert house.summary("Z-1")["failure"] == "timeout"
    assert house.ended("Z-1")[0] == "BLOCKED"
    house.is_sound()

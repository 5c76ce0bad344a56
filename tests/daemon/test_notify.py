"""What systemd is told."""

import os
import socket

import pytest

from daemon.notify import Notify, beat_s


@pytest.mark.parametrize("form", ["path", "abstract"])
def test_lines_arrive_at_the_supervisors_socket(tmp_path, form):
    address = str(tmp_path / "notify") if form == "path" else f"@pawl-test-{tmp_path.name}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as supervisor:
        supervisor.bind(address.replace("@", "\0", 1))
        Notify(address).tell("READY=1", "STATUS=idle")
        assert supervisor.recv(4096) == b"READY=1\nSTATUS=idle"


def test_no_supervisor_and_a_dead_one_are_no_reason_to_stop(tmp_path):
    Notify("").tell("READY=1")
    Notify(str(tmp_path / "nobody")).tell("READY=1")


def test_the_watchdogs_time_is_heeded_if_it_is_ours():
    own = str(os.getpid())
    assert beat_s({"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": own}) == 1.5
    assert beat_s({"WATCHDOG_USEC": "3000000"}) == 1.5
    assert beat_s({"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "1"}) is None
    assert beat_s({"WATCHDOG_USEC": "0"}) is None
    assert beat_s({"WATCHDOG_USEC": "soon"}) is None
    assert beat_s({}) is None

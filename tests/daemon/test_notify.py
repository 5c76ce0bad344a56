"""What systemd is told, and that nobody has to listen."""

import os
import socket

from daemon.notify import Notify, beat_s


def test_each_line_is_told(tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as link:
        link.bind(str(tmp_path / "notify"))
        Notify(str(tmp_path / "notify")).tell("READY=1", "STATUS=idle")
        assert link.recv(100) == b"READY=1\nSTATUS=idle"


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


def test_a_supervisor_that_does_not_read_stops_nothing(tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as deaf:
        deaf.bind(str(tmp_path / "notify"))
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as link:
            try:
                while link.sendto(b"x", str(tmp_path / "notify")):
                    pass
            except BlockingIOError:
                Notify(str(tmp_path / "notify")).tell("WATCHDOG=1")

"""Prometheus text on loopback: what the loop saw last; a port that is taken stops nothing."""

import socket
import subprocess
import sys
import urllib.error
import urllib.request

import pytest

from daemon.serve import once


@pytest.fixture
def port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def exposed(house, port):
    host = house.outside.config / "host.yaml"
    host.write_text(host.read_text() + f'metrics: {{listen: "127.0.0.1:{port}"}}\n')
    return house


def shown(port):
    """Return sample -> value."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    rows = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    return {name: float(value) for name, value in rows}


def test_what_the_loop_saw_last_is_served(exposed, port):
    exposed.wishes("H-1")
    exposed.wishes("H-2", command=["true"])
    exposed.wishes("H-3", requires_approval=True)
    with exposed.serves() as it:
        once(it)
        found = shown(port)
        assert found['pawl_missions_closed_total{outcome="PASS",reason="landed"}'] == 1
        assert found['pawl_missions_closed_total{outcome="BLOCKED",reason="no_changes"}'] == 1
        assert found["pawl_missions_unaided_total"] == 1
        assert found["pawl_opening_to_landing_seconds_count"] == 1
        assert found['pawl_gate_verdicts_total{gate="tests",verdict="passed"}'] >= 1
        assert (found["pawl_missions_open"], found["pawl_missions_waiting"]) == (1, 1)
        assert found['pawl_items{state="closed_unresolved"}'] == 1
        assert found["pawl_frozen"] == 0
    with pytest.raises(urllib.error.URLError):
        shown(port)


def test_a_freeze_is_seen_there_too(exposed, port):
    with exposed.serves() as it:
        once(it)
        assert shown(port)["pawl_frozen"] == 0
        was = exposed.tip()
        exposed.git("update-ref", "-d", "refs/heads/main")
        it.daemon.reconcile()
        assert shown(port)["pawl_frozen"] == 1
        exposed.git("update-ref", "refs/heads/main", was)
        it.daemon.reconcile()
        assert shown(port)["pawl_frozen"] == 0


def test_a_port_that_is_taken_stops_nothing_and_is_tried_again(exposed, port):
    exposed.wishes("H-1")
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", port))
        other.listen()
        with exposed.serves() as it:
            standing = once(it)
            assert exposed.ended("H-1") == ("PASS", "landed")
            assert f"cannot serve metrics at 127.0.0.1:{port}" in standing.unserved
            other.close()
            assert it.daemon.reconcile().unserved is None
            assert shown(port)["pawl_missions_landed_total"] == 1


def test_who_asks_is_told_whether_they_are_served(exposed, port):
    def says(command):
        done = subprocess.run(
            [sys.executable, "-m", "daemon", "-C", exposed.path, command],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        return done.stdout

    taken = f"cannot serve metrics at 127.0.0.1:{port}"
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        with exposed.serves() as it:
            once(it)
            assert taken in says("doctor")
            assert taken in says("status")
            other.close()
            once(it)
            assert f"served at http://127.0.0.1:{port}/metrics" in says("doctor")
            assert taken not in says("status")


def test_nothing_is_served_unless_the_host_file_says_so(house, port):
    with house.serves() as it:
        once(it)
        with pytest.raises(urllib.error.URLError):
            shown(port)

"""A host that does not isolate: missions wait, health is red, nobody is charged, nothing runs."""

from dataclasses import replace
from pathlib import Path

from daemon import hosting
from daemon.bus import door
from daemon.health import is_red


def test_a_mission_waits_for_the_sandbox_and_then_lands(house, monkeypatch):
    def bare(host):
        return replace(hosting.sandbox_host(host), bwrap=Path("/nowhere/bwrap"))

    house.wishes("H-1")
    with monkeypatch.context() as patched:
        patched.setattr(door, "sandbox_host", bare)
        standing = house.runs()
    assert standing.rests["H-1"].reason == "no_sandbox"
    assert "bubblewrap" in standing.rests["H-1"].why
    assert is_red(standing)
    assert house.kinds("H-1") == ["mission-opened"]
    house.runs()
    assert house.ended("H-1") == ("PASS", "landed")

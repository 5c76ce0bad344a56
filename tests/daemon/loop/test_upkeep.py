"""Upkeep while the daemon serves: in its own time, in repositories that are its own."""

import os
import signal
import time

import pytest
import yaml

from daemon.outside import HOST_FILE

DAY = 24 * 3600


@pytest.fixture
def kept(house):
    """`kept(owned=...)` lets a daemon run until *done()* and stops it."""

    def serve(done, **host):
        file = house.outside.config / HOST_FILE
        keys = {**yaml.safe_load(file.read_text()), **host, "durability": "process"}
        file.write_text(yaml.safe_dump(keys))
        process = house.starts("run")
        try:
            ends = time.monotonic() + 60
            while not done() and time.monotonic() < ends and process.poll() is None:
                time.sleep(0.05)
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
        assert done()

    return serve


def test_in_its_own_repository_history_is_indexed_and_missions_land_meanwhile(house, kept):
    house.wishes("H-1")
    graph = house.gitdir / "objects/info/commit-graphs/commit-graph-chain"

    def done():
        return graph.exists() and house.subjects()[-1] == "make H-1.txt"

    kept(done, owned=True, upkeep={"every_s": 1, "loose_refs": 1, "loose_objects": 1})
    house.runs()
    assert house.ended("H-1") == ("PASS", "landed")


def test_a_persons_repository_is_left_as_it_is(house, kept):
    spill = old_spill(house)
    kept(lambda: not spill.exists(), upkeep={"every_s": 1, "loose_refs": 1, "loose_objects": 1})
    assert not (house.gitdir / "objects/info/commit-graphs").exists()
    assert not (house.gitdir / "packed-refs").exists()


def old_spill(house, days=31):
    folder = house.outside.state / "evidence"
    folder.mkdir(exist_ok=True)
    spill = folder / "whole"
    spill.write_text("much")
    then = time.time() - days * DAY
    os.utime(spill, (then, then))
    return spill


def test_what_policy_keeps_longer_is_kept(house, kept):
    spill, other = old_spill(house, days=29), house.outside.state / "base-records" / "x.json"
    other.parent.mkdir(exist_ok=True)
    other.write_text("{}")
    os.utime(other, (0, 0))
    kept(lambda: not other.exists(), upkeep={"every_s": 1})
    assert spill.exists()


def test_once_keeps_no_house(house):
    spill = old_spill(house)
    house.runs()
    assert spill.exists()

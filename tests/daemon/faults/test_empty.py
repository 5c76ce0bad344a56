"""A power loss emptied a mission's ref after the last step the high-water mark knows of (F04)."""

import signal

import pytest

from tests.daemon.faults.lives import ALONE, Place


@pytest.mark.parametrize("name", ["land", "land:after-cas", "archive", "archive:merged"])
def test_an_empty_mission_ref_is_given_back_its_last_step(alive, name):
    house = alive(ALONE.name)
    assert house.dies(Place(name, 1)) == -signal.SIGKILL
    tip = house.tip("refs/pawl/missions/Z-1")
    assert tip not in house.outside.mark.read_text()  # or there would be nothing to find
    (house.gitdir / "refs/pawl/missions/Z-1").write_text("")
    house.lives()
    house.is_whole()

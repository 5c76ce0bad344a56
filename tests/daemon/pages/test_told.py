"""A mission that waits: whoever asks is told which request it is, and what to type."""

import json
import subprocess
import sys

import pytest


@pytest.fixture
def told(house):
    house.wishes("H-1", requires_approval=True)
    house.runs()

    def tell(*argv):
        done = subprocess.run(
            [sys.executable, "-m", "daemon", "-C", house.path, *argv],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        return done.stdout

    return tell


@pytest.mark.parametrize("argv", [["status"], ["explain"], ["explain", "H-1"], ["show", "H-1"]])
def test_the_request_and_the_commands_are_named(told, argv):
    text = told(*argv)
    assert "request 1 (approval requested)" in text
    for command in ("approve", "reject", "abort"):
        assert f"`pawl {command} H-1`" in text


def test_machines_are_told_the_same(told):
    asks = json.loads(told("explain", "--json"))["items"]["H-1"]["asks"]
    assert asks["request"] == "requests/1.yaml"
    assert asks["commands"] == ["pawl approve H-1", "pawl reject H-1", "pawl abort H-1"]

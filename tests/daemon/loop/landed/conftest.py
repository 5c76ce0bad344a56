"""A house whose gates see the signs of the world outside."""

import subprocess
import sys

import pytest


@pytest.fixture
def house(house, signs):
    host = house.outside.config / "host.yaml"
    host.write_text(host.read_text() + f"mounts: [{signs}]\n")
    return house


@pytest.fixture
def pawl():
    def run(house, *argv):
        done = subprocess.run(
            [sys.executable, "-m", "daemon", "-C", house.path, *argv],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        return " ".join((done.stdout + done.stderr).split())

    return run

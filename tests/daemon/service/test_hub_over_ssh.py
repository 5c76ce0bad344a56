"""The service in a clone of a hub that is reached over ssh, set up as docs/operations.md says.

A person pushes to the hub over ssh; what is wished lands there, also when the service is killed.
"""

import os
import random
import re
import time

import pytest

from tests.daemon.service.checkout import ROOT, SEEN
from tests.daemon.service.conftest import CLONE, HUB, UNIT, Host
from tests.eventually import eventually

PAGE = (ROOT / "docs" / "operations.md").read_text()
SERVED = "/srv/pawl/house.git"
URL = f"ssh://git@hub{HUB}"


def section(host: str) -> list[str]:
    """Return the blocks of the page that are run as root on *host*, where pawl is in /opt/pawl."""
    blocks = re.findall(rf"^```sh {host}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return [f"set -eu; PATH=/opt/pawl/bin:$PATH\n{block}" for block in blocks]


@pytest.fixture
def host(machine):
    """The hub and the build host, as the page has them made; one machine is both."""
    host = Host(machine, served=SERVED)
    host.root("ln", "-s", f"{SEEN}/.venv", "/opt/pawl")
    host.root("sh", "-c", "echo 127.0.0.1 hub >> /etc/hosts")
    host.named()
    host.runs_sshd(22)
    for block in section("hub"):
        host.root("bash", "-c", block)
    lets_in(host, host.has_a_key())
    host.trusts("hub")
    host.begins()
    host.ada("git", "remote", "add", "origin", URL)
    host.ada("git", "push", "-q", "origin", "main")
    key, clone, start = section("host")
    host.root("bash", "-c", key)
    lets_in(host, host.root("cat", "/etc/pawl/hub_ed25519.pub"))
    host.root("bash", "-c", clone)
    host.hurries()
    host.root("bash", "-c", start.replace("remote:\n", "remote:\n  fetch_s: 1\n"))
    return host


def lets_in(host: Host, key: str) -> None:
    """Have the hub believe *key*."""
    line = 'echo "restrict $1" >> /srv/git/.ssh/authorized_keys'
    host.root("runuser", "-u", "git", "--", "sh", "-c", line, "sh", key)


def is_killed(host: Host, after_s: float) -> None:
    """Every process of the service is killed *after_s* from now; returns when it is back."""
    time.sleep(after_s)  # a moment by chance is what is tested: there is nothing to wait for
    was = host.restarts
    host.root("systemctl", "kill", "--signal=KILL", "--kill-whom=all", UNIT)
    eventually(lambda: host.restarts > was and host.state == "active", f"back: {host.tail()}")


@pytest.mark.timeout(600)
def test_what_is_pushed_over_ssh_lands_and_killed_at_random_the_next_lands_too(host):
    seed = int(os.environ.get("PAWL_SEED", time.time_ns() % 2**32))
    print(f"PAWL_SEED={seed}")
    chance = random.Random(seed)
    host.wishes("R-1")
    host.lands("R-1")
    host.wishes("R-2", builder="sleep 2")
    eventually(lambda: host.is_building("R-2"), f"R-2 is built: {host.tail()}")
    for _ in range(2):
        is_killed(host, chance.uniform(0, 2))
    host.lands("R-2")
    assert host.subjects()[:2] == ["make R-2.txt", "wish R-2"]
    assert "attempt-interrupted" in host.kinds("R-2")
    host.audits()
    host.ada("git", "pull", "-q", "--rebase", "origin", "main")
    assert host.ada("cat", "R-1.txt", "R-2.txt", at=CLONE).split() == ["begun", "made"] * 2
    tips = f"git --git-dir={HUB} for-each-ref refs/heads"
    mine = f"git --git-dir={SERVED} for-each-ref refs/heads"
    assert host.root("sh", "-c", tips) == host.root("sh", "-c", mine)
    assert host.root("git", f"--git-dir={HUB}", "for-each-ref", "refs/pawl/missions") == ""

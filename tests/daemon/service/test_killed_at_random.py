"""The service serves a hub that Ada pushes to over ssh, and is killed at random meanwhile."""

import os
import random
import time

import pytest

from tests.daemon.service.conftest import CLONE, HUB, UNIT
from tests.daemon.service.machine import eventually

SSHD = """Port 2222
ListenAddress 127.0.0.1
HostKey /srv/ssh/host
PidFile none
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
"""


def opens_ssh(host) -> None:
    """Run sshd on the machine, and have Ada's clone push through it."""
    host.root("install", "-d", "/srv/ssh", "/run/sshd")
    host.root("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "/srv/ssh/host")
    host.writes("/srv/ssh/config", SSHD)
    host.root("sh", "-c", "getent passwd sshd || useradd --system --shell /bin/false sshd")
    host.root("usermod", "--password", "*", "ada")  # not locked: keys alone are asked for
    ssh = "mkdir -m 700 ~/.ssh; ssh-keygen -q -t ed25519 -N '' -f ~/.ssh/id_ed25519; "
    host.ada("sh", "-c", ssh + "cp ~/.ssh/id_ed25519.pub ~/.ssh/authorized_keys")
    known = host.root("cat", "/srv/ssh/host.pub")
    host.ada("sh", "-c", 'echo "[127.0.0.1]:2222 $1" > ~/.ssh/known_hosts', "sh", known)
    host.root(
        "systemd-run",
        "--unit=test-sshd",
        "--quiet",
        "/usr/sbin/sshd",
        "-D",
        "-f",
        "/srv/ssh/config",
    )
    url = f"ssh://ada@127.0.0.1:2222{HUB}"
    eventually(
        lambda: not host.machine.tries("ssh-keyscan", "-p2222", "127.0.0.1").returncode, "up"
    )
    host.ada("git", "remote", "set-url", "origin", url)
    assert host.ada("git", "ls-remote", url, "main", at=CLONE)


@pytest.mark.faults
@pytest.mark.timeout(900)
def test_what_is_pushed_over_ssh_lands_once_however_often_it_is_killed(host):
    opens_ssh(host)
    seed = int(os.environ.get("PAWL_SEED", time.time_ns() % 2**32))
    chance = random.Random(seed)
    print(f"PAWL_SEED={seed}")
    host.wishes("R-0")
    host.lands("R-0")
    items = [f"R-{n}" for n in range(1, 7)]
    for item in items:
        host.wishes(item, builder=f"sleep {chance.choice(['0', '0.3', '1'])}")
        time.sleep(chance.uniform(0, 3))
        victim = chance.choice(["main", "all", "main", "launcher"])
        if victim == "launcher":
            host.machine.tries("pkill", "-KILL", "-P", str(host.pid))
        else:
            host.machine.tries("systemctl", "kill", "--signal=KILL", f"--kill-whom={victim}", UNIT)
    for item in items:
        host.lands(item)
    assert len([one for one in host.subjects() if one.startswith("make R-")]) == len(items) + 1
    host.root("git", f"--git-dir={HUB}", "fsck", "--no-progress", "--no-dangling")

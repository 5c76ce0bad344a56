"""The service serves a hub that Ada pushes to over ssh, and is killed at random meanwhile."""

import os
import random
import time

import pytest

from tests.daemon.service.conftest import HUB, UNIT


def opens_ssh(host) -> None:
    """Have Ada's clone push through an sshd on the machine, as herself."""
    host.root("usermod", "--password", "*", "ada")  # not locked: keys alone are asked for
    key = host.has_a_key()
    host.ada("sh", "-c", 'echo "$1" > ~/.ssh/authorized_keys', "sh", key)
    host.runs_sshd(2222)
    host.trusts("[127.0.0.1]:2222")
    host.ada("git", "remote", "set-url", "origin", f"ssh://ada@127.0.0.1:2222{HUB}")
    assert host.ada("git", "ls-remote", "origin", "main")


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

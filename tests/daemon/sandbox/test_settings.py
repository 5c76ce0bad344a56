"""The host's word: what it may say, and that a repository gets no more than it."""

import dataclasses
from pathlib import Path

import pytest

from daemon.sandbox.settings import Builder


def test_a_policy_asks_for_less_and_never_for_more(sandbox):
    host, mine = sandbox.host, sandbox.limits(processes=3, open_files=10**6, idle_s=None)
    cut = host.within(mine)
    assert cut.processes == 3
    assert cut.open_files == host.ceilings.open_files
    idle = dataclasses.replace(host, ceilings=sandbox.limits(idle_s=5.0))
    assert idle.within(mine).idle_s == 5.0
    assert idle.within(sandbox.limits(idle_s=2.0)).idle_s == 2.0


@pytest.mark.parametrize("mount", ["/", "/proc", "/tmp", "/mission", "relative", "/opt/../etc"])
def test_no_mount_covers_the_sandbox_itself(sandbox, mount):
    with pytest.raises(ValueError, match="cannot mount"):
        dataclasses.replace(sandbox.host, mounts=(Path(mount),))


@pytest.mark.parametrize(("uid", "gid"), [(0, 1), (1, 0), (-1, 5)])
def test_the_builder_is_never_root(uid, gid):
    with pytest.raises(ValueError, match="above 0"):
        Builder(uid=uid, gid=gid)


def test_what_changes_a_sandbox_changes_the_digest(sandbox):
    host = sandbox.host
    others = [
        dataclasses.replace(host, mounts=(Path("/opt"),)),
        dataclasses.replace(host, engine="copy"),
        dataclasses.replace(host, shm_bytes=1),
        dataclasses.replace(host, env=(("A", "b"),)),
    ]
    assert len({each.digest() for each in (host, *others)}) == 5

"""Two daemons share the items of one hub; one of them is killed and cut off, again and again."""

import signal
import subprocess
import threading
import time

import pytest

from tests.independent.audit import audit

POLICY = b"""schema: 1
extends: default-1
repo_name: house
selection: {max_agents: 4, interruptions: 50, on_escalation: continue}
"""
DEADLINE_S = 20
"""For each item, on a machine that does other things as well."""


class Troubled:
    """A daemon that is killed and started again; its gate to the hub is shut and opened."""

    def __init__(self, host, gate, log):
        self.host, self.gate, self.log = host, gate, log
        self.process = None
        self.starts()

    def starts(self):
        self.process = self.host.starts("run", stderr=self.log, stdout=subprocess.DEVNULL)

    def is_killed(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def ends(self):
        self.gate.opens()
        self.process.terminate()
        assert self.process.wait(60) == 0


def waits(until, deadline):
    """Wait for *until*, looking again and again."""
    while not until():
        assert time.monotonic() < deadline, "it did not come to that"
        threading.Event().wait(0.2)


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("size", [(8, 2), pytest.param((200, 8), marks=pytest.mark.faults)])
def test_items_are_shared_and_none_lands_twice_or_is_stuck(hub, hosts, sshd, gates, size):
    (items, every), folder = size, hub.bare.parent
    doors = [gates(sshd.port), gates(sshd.port)]
    for door in doors:
        sshd.known(door.port)
    near, far = (
        hosts(name, policy=POLICY, how=sshd.keys(hub.bare, door.port), lease_s=8)
        for name, door in zip(("near", "far"), doors, strict=True)
    )
    names = [f"H-{n}" for n in range(1, items + 1)]
    early, late = names[: items // 2], names[items // 2 :]
    for name in early:
        hub.wishes(name)
    deadline = time.monotonic() + DEADLINE_S * items + 60
    with (folder / "log").open("wb") as log:
        troubled = Troubled(far, doors[1], log)
        waits(lambda: hub.refs("refs/pawl/missions") or hub.closed(), deadline)
        calm = Troubled(near, doors[0], log)
        try:
            # What is wished while one is cut off is the other's: both have taken something.
            troubled.gate.shuts()
            for name in late:
                hub.wishes(name)
            waits(lambda: set(hub.closed()) & set(late), deadline)
            troubled.gate.opens()
            _trouble(hub, names, troubled, every, deadline)
            waits(lambda: hub.closed() == sorted(names), deadline)
            waits(lambda: _agree(hub, (near, far)), deadline)
        finally:
            troubled.ends()
            calm.ends()
    assert sorted(hub.landings()) == sorted(names)
    assert hub.refs("refs/pawl/missions") == []
    fresh = folder / "fresh.git"
    subprocess.run(["git", "clone", "-q", "--mirror", hub.bare, fresh], check=True)
    assert audit(fresh, near.outside.config / "trust.yaml") == []
    hosts_of = {record.host for name in names for record in near.page(name).records}
    assert len(hosts_of) == 2


def _trouble(hub, names, troubled, every, deadline):
    """Kill it, and cut it off, by turns, each time a few more items are closed."""
    for turn, done in enumerate(range(1, len(names), every)):
        waits(lambda done=done: len(hub.closed()) >= done, deadline)
        if turn % 2:
            troubled.gate.shuts()
            waits(lambda done=done: len(hub.closed()) >= min(done + 1, len(names)), deadline)
            troubled.gate.opens()
        else:
            troubled.is_killed()
            troubled.starts()


def _agree(hub, hosts):
    tips = {one.tip(ref) for one in (*hosts, hub) for ref in ("main",)}
    open_ = [host.git("for-each-ref", "refs/pawl/missions") for host in hosts]
    return len(tips) == 1 and not any(open_)

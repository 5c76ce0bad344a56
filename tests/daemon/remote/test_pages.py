"""Generated pages at a hub: what is written there is the hub's, and two hosts write it once."""

import pytest

from daemon.serve import once
from tests.daemon.remote.conftest import POLICY

PAGED = POLICY.replace(b"pages: {written: false}", b"pages: {every_s: 1}")
LEDGER = "refs/heads/pawl/ledger"


def turns(hub):
    rows = hub.at(
        "log", "--first-parent", "--format=%(trailers:key=Pawl-Pages,valueonly,separator=)", LEDGER
    )
    return [row for row in rows.splitlines() if row]


def test_the_hub_has_the_pages_and_the_clone_follows(hub, hosts):
    host = hosts("one", policy=PAGED)
    hub.wishes("H-1", requires_approval=True)
    host.runs()
    assert "H-1" in hub.at("show", f"{LEDGER}:INBOX.md")
    assert hub.tip(LEDGER) == host.tip(LEDGER)
    tip = hub.tip(LEDGER)
    host.runs()
    assert hub.tip(LEDGER) == tip


def test_two_hosts_write_the_same_and_so_only_one_of_them_does(hub, hosts):
    one, two = hosts("one", policy=PAGED), hosts("two")
    hub.wishes("H-1")
    hub.wishes("H-2", requires_approval=True)
    hub.wishes("H-3", ready_when=[{"check": ["false"]}])
    one.runs()
    assert "opens if: check: false" in hub.at("show", f"{LEDGER}:QUEUE.md")
    tip = hub.tip(LEDGER)
    for host in (two, one, two, one):
        host.runs()
        assert hub.tip(LEDGER) == tip == host.tip(LEDGER)


def test_hosts_that_work_at_once_do_not_fight(hub, hosts):
    one, two = hosts("one", policy=PAGED), hosts("two")
    hub.wishes("H-1")
    before = len(turns(hub))
    with one.serves() as here, two.serves() as there:
        for it in (here, there, here, there, here, there):
            once(it)
    assert len(turns(hub)) - before <= 2
    assert hub.tip(LEDGER) == one.tip(LEDGER) == two.tip(LEDGER)
    assert "1 done" in hub.at("show", f"{LEDGER}:QUEUE.md")


def test_a_hub_that_takes_no_pages_takes_everything_else(hub, hosts):
    host = hosts("one", policy=PAGED)
    hub.wishes("H-1")
    before = turns(hub)
    hub.hooks(
        "update",
        f'[ "$1" != {LEDGER} ] || ! git log -1 --format=%B "$3" | grep -q Pawl-Pages: '
        '|| { echo "no pages here" >&2; exit 1; }',
    )
    standing = host.runs()
    assert (hub.landings(), hub.closed()) == (["H-1"], ["H-1"])
    assert (standing.doubts, turns(hub)) == ([], before)
    assert "no pages here" in str(standing.hub["refused"])


@pytest.mark.parametrize("point", ["pages", "hub:pages"])
def test_a_daemon_that_dies_while_it_writes_them_loses_nothing(hub, hosts, point):
    class DeadError(BaseException):
        pass

    def dies(name):
        if name == point:
            raise DeadError

    host = hosts("one", policy=PAGED)
    hub.wishes("H-1")
    with pytest.raises(DeadError):
        host.runs(point=dies)
    host.runs()
    assert hub.landings() == ["H-1"]
    assert "1 done" in hub.at("show", f"{LEDGER}:QUEUE.md")
